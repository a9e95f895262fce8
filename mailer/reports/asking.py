"""What a report is asked for: whose mailings, which of them, from when; all of it stands in its address."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

from flask import request, url_for
from flask_babel import get_timezone
from flask_babel import gettext as _
from flask_login import current_user
from sqlalchemy import Row, Select, select
from werkzeug.wrappers import Response

from mailer.domain.moderation import MODERATORS
from mailer.domain.reports import started_within
from mailer.extensions import db
from mailer.models.mailings import AttemptStatus, Mailing, MailingStatus
from mailer.models.users import User
from mailer.web.htmx import invalid, page_or_fragment
from mailer.web.ids import ids_among
from mailer.web.pagination import list_url
from mailer.web.periods import PeriodForm
from mailer.web.scope import EVERYBODY, is_everybody_asked, mailings_in_scope

# How the log is asked for attempts to which no server replied.
NO_CODE_WORD = "none"
# The filters that lead from one report to another.
FILTERS = ("from", "to", "whole", "mailing", "owner", "scope")
# How many days a report is about that would have very much to add up otherwise.
DAYS_BY_DEFAULT = 30
# One looks for a mailing among the latest; the report of an older one is opened from its own page.
MAILINGS_OFFERED = 200


@dataclass(frozen=True)
class Asked:
    """The filters of a report; `form` has the period, and may be invalid."""

    form: PeriodForm
    is_everybodys: bool
    mailing_id: int | None
    owner_id: int | None
    # Whether nobody asked for the period, which is the latest one then.
    is_by_default: bool = False

    @property
    def visible(self) -> Select[Mailing]:
        """The mailings of the scope, the owner and the mailing that are asked for, whenever they started."""
        mailings = mailings_in_scope(self.is_everybodys)
        if self.owner_id is not None:
            mailings = mailings.where(Mailing.owner_id == self.owner_id)
        if self.mailing_id is not None:
            mailings = mailings.where(Mailing.id == self.mailing_id)
        return mailings

    @property
    def mailings(self) -> Select[Mailing]:
        """Those of the visible mailings that started within the period."""
        return started_within(self.visible, self.form.period)

    @property
    def query(self) -> dict[str, str]:
        """The filters as they stand in the address, those only that are of use to any report."""
        asked = {name: request.args.get(name, "") for name in FILTERS}
        if self.is_by_default:
            asked |= {"from": str(self.form.first.data)}
        return {name: value for name, value in asked.items() if value}

    def url(self, endpoint: str, **changes: str) -> str:
        """Another report with the same filters, or with some of them changed; an empty one is left out."""
        return list_url(url_for(endpoint), {name: value for name, value in (self.query | changes).items() if value})

    @property
    def has_period(self) -> bool:
        return bool(self.form.first.data or self.form.last.data)

    @property
    def is_log_enough(self) -> bool:
        """Whether the log can show the very attempts that are counted: its period is that of the attempts."""
        return self.mailing_id is not None or not self.has_period

    def log_url(self, **wanted: str | int | None) -> str:
        """The attempts behind a count of these mailings."""
        scope = EVERYBODY if self.is_everybodys else None
        query = {"mailing": self.mailing_id, "scope": scope, "owner": self.owner_id} | wanted
        return list_url(url_for("attempts.index"), {name: str(value) for name, value in query.items() if value})

    def urls_behind(self, **wanted: str) -> dict[str, str]:
        """The attempts behind a count by status, or first their mailings, where the log cannot tell which are meant."""
        if self.is_log_enough:
            return {status.value: self.log_url(**wanted, status=status) for status in AttemptStatus}
        return {status.value: self.url("reports.index", **wanted, status=status) for status in AttemptStatus}

    @cached_property
    def mailing_choices(self) -> list[Row[Any]]:
        """Ids and subjects of the latest mailings that have started, and of the one that is chosen."""
        started = mailings_in_scope(self.is_everybodys).where(Mailing.status != MailingStatus.CREATED)
        latest = started.with_only_columns(Mailing.id).order_by(Mailing.id.desc()).limit(MAILINGS_OFFERED).subquery()
        offered = started.where(Mailing.id.in_(select(latest.c.id)) | (Mailing.id == self.mailing_id))
        offered = offered.order_by(Mailing.id.desc())
        return list(db.session.execute(offered.with_only_columns(Mailing.id, Mailing.subject)))

    @cached_property
    def owner(self) -> User | None:
        """The owner whose mailings are asked for."""
        return db.session.get(User, self.owner_id) if self.owner_id is not None else None


def asked_report(*, is_latest_by_default: bool = False) -> Asked:
    """What the address asks for; what cannot be meant is passed over, and everybody's is 404 to those who may not.

    With `is_latest_by_default` no period at all is the latest one; `whole=1` asks for the whole time.
    """
    is_everybodys = is_everybody_asked()
    mailing_ids = ids_among([request.args.get("mailing", "")])
    owner_ids = ids_among([request.args.get("owner", "")]) if is_everybodys else []
    is_by_default = is_latest_by_default and not any(map(request.args.get, ("from", "to", "whole", "mailing")))
    form = PeriodForm(request.args)
    if is_by_default:
        today = datetime.now(UTC).astimezone(get_timezone()).date()
        form = PeriodForm(first=today - timedelta(days=DAYS_BY_DEFAULT - 1))
    return Asked(
        form=form,
        is_everybodys=is_everybodys,
        mailing_id=mailing_ids[0] if mailing_ids else None,
        owner_id=owner_ids[0] if owner_ids else None,
        is_by_default=is_by_default,
    )


def report_page(asked: Asked, kind: str, body: str, **context: Any) -> Response:
    """A report of this kind, whole or its live region; `body` is the template of what is below the filters."""
    common = {"asked": asked, "form": asked.form, "kind": kind, "body": body, "tabs": _tabs(asked)}
    return page_or_fragment("reports/index.html", "reports/_report.html", **common, **context)


def refused_report(asked: Asked, kind: str) -> Response:
    """The filters again, with what is wrong with them (422)."""
    common = {"asked": asked, "form": asked.form, "kind": kind, "body": None, "tabs": _tabs(asked)}
    return invalid("reports/index.html", "reports/_report.html", **common)


def _tabs(asked: Asked) -> list[tuple[str, str, str]]:
    """The kinds of reports: name, words and address, each with the filters that are set."""
    tabs = [
        ("mailings", _("By mailing"), asked.url("reports.index")),
        ("periods", _("By period"), asked.url("reports.by_period")),
        ("domains", _("By domain"), asked.url("reports.by_domain")),
        ("replies", _("By reply"), asked.url("reports.by_reply")),
    ]
    if current_user.role in MODERATORS:
        tabs.append(("owners", _("By owner"), asked.url("reports.by_owner", scope=EVERYBODY, owner="", mailing="")))
    return tabs
