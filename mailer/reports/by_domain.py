"""By receiving domain: whose mail server takes the letters, and whose does not."""

from dataclasses import dataclass
from typing import Any

from flask import url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from mailer.domain.erased import ERASED_DOMAIN
from mailer.domain.report_lines import TriedLine, TriedLines, domain_lines
from mailer.domain.summed import version_of_sums
from mailer.domain.sums import Tried
from mailer.extensions import db
from mailer.reports.asking import Asked, asked_report, refused_report, report_page
from mailer.reports.numbered_pages import asked_page, numbered_page, offset_of
from mailer.web.caching import remembered_under
from mailer.web.pagination import PAGE_SIZE


@dataclass(frozen=True)
class DomainLine:
    """The attempts at one domain, with the way to each of them; the domain as people write it."""

    title: str
    words: str
    tried: Tried
    urls: dict[str, str]


def by_domain() -> Response:
    # There may be thousands of domains in each of thousands of mailings.
    asked = asked_report(is_latest_by_default=True)
    if not asked.form.validate():
        return refused_report(asked, "domains")
    number = asked_page()
    found = remembered_lines(asked, offset_of(number))
    lines = [domain_line(asked, line) for line in found.lines]
    return report_page(
        asked,
        "domains",
        "reports/_domains.html",
        page=numbered_page(lines, found.count, number, url_for(".by_domain")),
        total=found.total,
        total_urls=asked.urls_behind(),
        csv_url=asked.url("reports.domains_csv"),
    )


def remembered_lines(asked: Asked, offset: int) -> TriedLines[str]:
    """The lines of one page: sums of hundreds of thousands of rows, which change only with their version."""
    period = asked.form.period
    about = (asked.is_everybodys, asked.owner_id, asked.mailing_id, period.begins_at, period.ends_at, offset)

    def sums() -> dict[str, Any]:
        found = domain_lines(db.session, asked.mailings, PAGE_SIZE, offset)
        lines = [(line.key, *line.tried.counts) for line in found.lines]
        return {"lines": lines, "count": found.count, "total": found.total.counts}

    # Read first: what changes while it is summed is summed anew the next time.
    version = version_of_sums(db.session, asked.mailings)
    known = remembered_under(version, "domains", tuple(map(str, about)), sums)
    lines = [TriedLine(str(domain), Tried(*counts)) for domain, *counts in known["lines"]]
    return TriedLines(lines, known["count"], Tried(*known["total"]))


def domain_line(asked: Asked, line: TriedLine[str]) -> DomainLine:
    """A domain as it is shown."""
    return DomainLine(line.key, as_written(line.key), line.tried, _urls(asked, line.key))


def as_written(domain: str) -> str:
    """A domain in its own letters: it is kept in ASCII."""
    if domain == ERASED_DOMAIN:
        return str(_("erased addresses"))
    try:
        return domain.encode("ascii").decode("idna")
    except UnicodeError:
        return domain


def _urls(asked: Asked, domain: str) -> dict[str, str]:
    """The attempts behind each count, or first their mailings, where the log cannot tell which ones are meant."""
    if not domain:
        return {}
    return asked.urls_behind(domain=domain)
