"""What the log is asked for by its address; what cannot be meant is passed over, and a period is told about."""

from collections.abc import Mapping
from dataclasses import dataclass

from flask_login import current_user
from sqlalchemy import ColumnElement
from werkzeug.datastructures import MultiDict

from mailer.domain.attempt_log import Place
from mailer.domain.attempts import NO_CODE, AttemptFilter
from mailer.models.mailings import AttemptStatus, Mailing, Verdict
from mailer.web.ids import ids_among
from mailer.web.periods import PeriodForm
from mailer.web.scope import is_everybody_asked

# How an address asks for attempts to which no server replied.
NO_CODE_WORD = "none"
NARROWING = ("q", "mailing", "status", "verdict", "domain", "code", "from", "to", "owner")


@dataclass(frozen=True)
class Asked:
    """`form` has the period as it was typed; `is_everybodys` where a moderator looks at all mailings."""

    wanted: AttemptFilter
    form: PeriodForm
    is_valid: bool
    is_everybodys: bool
    owner_id: int | None
    is_narrowed: bool

    @property
    def scope(self) -> list[ColumnElement[bool]]:
        """The mailings that are looked at: one's own or, for a moderator who asks for it, everybody's or another's."""
        if not self.is_everybodys:
            return [Mailing.owner_id == current_user.id]
        return [] if self.owner_id is None else [Mailing.owner_id == self.owner_id]


def asked_log(query: Mapping[str, str]) -> Asked:
    form = PeriodForm(MultiDict(query))
    is_valid = bool(form.validate())
    is_everybodys = is_everybody_asked()
    status, verdict = query.get("status", ""), query.get("verdict", "")
    wanted = AttemptFilter(
        mailing_id=_id(query, "mailing"),
        status=AttemptStatus(status) if status in list(AttemptStatus) else None,
        verdict=Verdict(verdict) if verdict in list(Verdict) else None,
        code=_code(query.get("code", "").strip()),
        domain=query.get("domain", "").strip(),
        address=query.get("q", ""),
        period=form.period,
    )
    return Asked(
        wanted=wanted,
        form=form,
        is_valid=is_valid,
        is_everybodys=is_everybodys,
        owner_id=_id(query, "owner") if is_everybodys else None,
        is_narrowed=any(query.get(name) for name in NARROWING),
    )


def asked_place(query: Mapping[str, str]) -> Place:
    """Where the page begins that the links of another one lead to."""
    older, newer = _id(query, "after"), _id(query, "before")
    return Place(older) if newer is None else Place(newer, is_upwards=True)


def _id(query: Mapping[str, str], name: str) -> int | None:
    return next(iter(ids_among([query.get(name, "")])), None)


def _code(text: str) -> int | None:
    """A reply has three digits (RFC 5321, 4.2)."""
    if text == NO_CODE_WORD:
        return NO_CODE
    return int(text) if len(text) == 3 and text.isascii() and text.isdecimal() else None
