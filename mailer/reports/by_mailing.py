"""Mailing by mailing: what became of the recipients, or what was tried at one domain or answered in one way."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from flask import request, url_for
from flask_babel import gettext as _
from sqlalchemy import Subquery
from werkzeug.wrappers import Response

from mailer.domain.addresses import domain_key
from mailer.domain.attempts import NO_CODE
from mailer.domain.books import COUNTS, books_of_each, sum_of
from mailer.domain.report_lines import mailing_lines
from mailer.domain.reports import total_books, with_recipients
from mailer.domain.sums import Answer, Tried, attempts_by_answer, attempts_by_domain
from mailer.domain.unsubscribing import count_unsubscribed, unsubscribed_of_each
from mailer.extensions import db
from mailer.models.mailings import AttemptStatus, Mailing, Verdict
from mailer.reports.asking import NO_CODE_WORD, Asked, asked_report, refused_report, report_page
from mailer.reports.by_domain import as_written
from mailer.reports.numbered_pages import asked_page, numbered_page, offset_of
from mailer.web.marks import mark_of
from mailer.web.pagination import PAGE_SIZE, Sorting, paginate
from mailer.web.verdict_words import verdict_name

NEWEST_FIRST = Sorting(Mailing.id, Mailing.id, is_descending=True)


@dataclass(frozen=True)
class Narrowed:
    """Attempts of a kind, for the way from a total to the mailings that it comes from."""

    domain: str
    answer: Answer

    @property
    def log_query(self) -> dict[str, str | int | None]:
        """The same for the log of attempts."""
        answer = self.answer
        code = NO_CODE_WORD if answer.code == NO_CODE else answer.code
        return {"domain": self.domain, "verdict": answer.verdict, "status": answer.status, "code": code}

    def counted(self, asked: Asked) -> Subquery:
        if self.domain:
            return attempts_by_domain(asked.mailings, self.domain, self.answer.status)
        return attempts_by_answer(asked.mailings, self.answer)


@dataclass(frozen=True)
class MailingLine:
    """One mailing's attempts of the kind, with the way to each of them."""

    mailing: Mailing
    tried: Tried
    urls: dict[str, str]


def index() -> Response:
    asked, narrowed = asked_report(), asked_kind()
    if not asked.form.validate():
        return refused_report(asked, "mailings")
    if narrowed.domain or narrowed.answer != Answer():
        return _attempts_of_kind(asked, narrowed)
    state = asked_state()
    mailings = asked.mailings if state is None else with_recipients(asked.mailings, state)
    page = paginate(mailings, NEWEST_FIRST, location=url_for(".index"))
    books = books_of_each(db.session, page.items)
    unsubscribed = unsubscribed_of_each(db.session, [mailing.id for mailing in page.items])
    return report_page(
        asked,
        "mailings",
        "reports/_mailings.html",
        page=page,
        books=books,
        page_totals=sum_of(books.values()),
        totals=total_books(db.session, mailings),
        state=state,
        state_urls=state_urls(asked),
        recipient_urls={mailing.id: recipient_urls(mailing) for mailing in page.items},
        unsubscribed=unsubscribed,
        all_unsubscribed=count_unsubscribed(db.session, mailings),
        csv_url=asked.url("reports.mailings_csv"),
    )


def asked_state() -> str | None:
    """The state of which the listed mailings must have recipients, for the way from a total to these mailings."""
    state = request.args.get("state")
    return state if state in COUNTS else None


def state_urls(asked: Asked, **changes: str) -> dict[str, str]:
    """The mailings behind a total of each state."""
    return {state: asked.url("reports.index", **changes, state=state) for state in COUNTS}


def recipient_urls(mailing: Mailing) -> dict[str, str]:
    """The recipients behind a mailing's count of each state."""
    location = url_for("mailings.show", mailing_id=mailing.id)
    return {state: f"{location}?state={state}#recipients" for state in COUNTS}


def asked_kind() -> Narrowed:
    """The kind of attempts that the address asks for; what cannot be meant is passed over."""
    query = request.args
    verdict, status, code = query.get("verdict", ""), query.get("status", ""), query.get("code", "")
    answer = Answer(
        verdict=Verdict(verdict) if verdict in list(Verdict) else None,
        status=AttemptStatus(status) if status in list(AttemptStatus) else None,
        code=NO_CODE if code == NO_CODE_WORD else int(code) if re.fullmatch("[0-9]{3}", code) else None,
    )
    return Narrowed(domain_key(query.get("domain", "").replace("\0", "")), answer)


def _attempts_of_kind(asked: Asked, narrowed: Narrowed) -> Response:
    number = asked_page()
    found = mailing_lines(db.session, narrowed.counted(asked), PAGE_SIZE, offset_of(number))
    mailings = _mailings(asked, [line.key for line in found.lines])
    lines = [
        MailingLine(mailings[line.key], line.tried, _log_urls(asked, narrowed, line.key))
        for line in found.lines
        if line.key in mailings
    ]
    return report_page(
        asked,
        "mailings",
        "reports/_attempts_by_mailing.html",
        page=numbered_page(lines, found.count, number, url_for(".index")),
        total=found.total,
        total_urls=_total_urls(asked, narrowed),
        narrowed=narrowed,
        kind_words=_kind_words(narrowed),
    )


def _mailings(asked: Asked, ids: Sequence[int]) -> dict[int, Mailing]:
    return {mailing.id: mailing for mailing in db.session.scalars(asked.mailings.where(Mailing.id.in_(ids)))}


def _log_urls(asked: Asked, narrowed: Narrowed, mailing_id: int) -> dict[str, str]:
    query = narrowed.log_query | {"mailing": mailing_id}
    return {status.value: asked.log_url(**(query | {"status": status})) for status in AttemptStatus}


def _total_urls(asked: Asked, narrowed: Narrowed) -> dict[str, str]:
    """The log has no days on which mailings started: with a period the lines of the table lead on."""
    if not asked.is_log_enough:
        return {}
    return {status.value: asked.log_url(**(narrowed.log_query | {"status": status})) for status in AttemptStatus}


def _kind_words(narrowed: Narrowed) -> str:
    if narrowed.domain:
        return str(_("Only attempts at %(domain)s.", domain=as_written(narrowed.domain)))
    verdict, status = narrowed.answer.verdict, narrowed.answer.status
    code = _("no reply") if narrowed.answer.code == NO_CODE else narrowed.answer.code
    parts = (verdict and verdict_name(verdict), status and mark_of(status).word, code)
    return str(_("Only attempts with this answer: %(answer)s.", answer=", ".join(str(part) for part in parts if part)))
