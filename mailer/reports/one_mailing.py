"""The report of one mailing on a page that can be printed: the books, the domains, and what went wrong."""

from flask import render_template, url_for
from flask_login import current_user
from sqlalchemy import select
from werkzeug.datastructures import MultiDict

from mailer.domain.books import books_of
from mailer.domain.moderation import MODERATORS, visible_mailings
from mailer.domain.progress import rounds_of
from mailer.domain.report_lines import domain_lines
from mailer.domain.sums import Tried, replies_counted
from mailer.domain.unsubscribing import with_unsubscribed
from mailer.extensions import db
from mailer.models.mailings import Mailing, MailingStatus, Verdict
from mailer.reports.asking import Asked
from mailer.reports.by_domain import domain_line
from mailer.reports.by_reply import verdict_lines
from mailer.web.pagination import list_url
from mailer.web.periods import PeriodForm

DOMAINS_SHOWN = 15


def mailing_report(mailing_id: int) -> str:
    """Of one's own mailing, or for a moderator of anybody's; 404 before it has started, as there is nothing to tell."""
    visible = visible_mailings(current_user).where(Mailing.id == mailing_id, Mailing.status != MailingStatus.CREATED)
    mailing = db.first_or_404(with_unsubscribed(visible))
    is_own = mailing.owner_id == current_user.id
    asked = Asked(PeriodForm(MultiDict()), not is_own and current_user.role in MODERATORS, mailing_id, None)
    this_one = select(Mailing).where(Mailing.id == mailing_id)
    verdicts = verdict_lines(asked, replies_counted(db.session, this_one))
    domains = domain_lines(db.session, this_one, DOMAINS_SHOWN, 0)
    shown = sum((line.tried for line in domains.lines), Tried())
    location = url_for("mailings.show", mailing_id=mailing_id)
    books = books_of(db.session, mailing)
    return render_template(
        "reports/mailing.html",
        mailing=mailing,
        is_own=is_own,
        books=books,
        state_urls={state: list_url(location, {"state": state}) + "#recipients" for state in vars(books)},
        rounds=rounds_of(db.session, mailing),
        domains=[domain_line(asked, line) for line in domains.lines],
        other_domains=domains.count - len(domains.lines),
        other_tried=domains.total.minus(shown),
        total=domains.total,
        total_urls=asked.urls_behind(),
        verdicts=[of_verdict for of_verdict in verdicts if of_verdict.verdict is not Verdict.ACCEPTED],
        domains_url=asked.url("reports.by_domain", mailing=str(mailing_id)),
    )
