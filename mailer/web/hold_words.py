"""What a hold says to people: what stands still and until when, why, and what to do."""

from dataclasses import dataclass

from flask_babel import gettext as _
from flask_login import current_user

from mailer.models.lanes import Hold, HoldKind
from mailer.web.formats import day_and_time


@dataclass(frozen=True)
class HoldWords:
    """`line` is all that a list has room for; `reply` are the mail server's own words."""

    title: str
    line: str
    why: str
    steps: tuple[str, ...]
    reply: str = ""


def hold_words(hold: Hold) -> HoldWords:
    """The words for a hold of a mailing or of the account."""
    if hold.kind is HoldKind.PAUSED:
        return _paused(hold)
    if hold.kind is HoldKind.DISABLED:
        return _disabled(hold)
    if hold.kind is HoldKind.UNREACHABLE:
        return _unreachable(hold)
    return _refused_login(hold) if hold.kind is HoldKind.LOGIN_REFUSED else _refused_sender(hold)


def _paused(hold: Hold) -> HoldWords:
    since = day_and_time(hold.placed_at)
    if hold.placed_by_id == current_user.id:
        title = _("Paused by you since %(time)s", time=since)
    else:
        title = _("Paused since %(time)s", time=since)
    return HoldWords(
        title=title,
        line=title,
        why=_(
            "No letter begins. Nobody is lost: whoever is pending gets the letter after you resume. "
            "The window stays as it is, and whoever is still pending at its end becomes expired."
        ),
        steps=(_("Resume it when it may go on."),),
    )


def _disabled(hold: Hold) -> HoldWords:
    since = day_and_time(hold.placed_at)
    return HoldWords(
        title=_("Disabled by a manager since %(time)s", time=since),
        line=_("Disabled: %(reason)s", reason=hold.reason) if hold.reason else _("Disabled since %(time)s", time=since),
        why=_("The manager wrote: %(reason)s", reason=hold.reason) if hold.reason else _("No reason was given."),
        steps=(_("Ask the people who run this installation. Only a manager can enable it again."),),
    )


def _unreachable(hold: Hold) -> HoldWords:
    until = day_and_time(hold.until) if hold.until else ""
    return HoldWords(
        title=_("The mail server cannot be reached; the next try is at %(time)s", time=until),
        line=_("The mail server cannot be reached"),
        why=_("No letter leaves, of no mailing. Nobody is lost, and no recipient is blamed: all of them stay pending."),
        steps=(
            _("Wait: Mailer tries again by itself, and goes on when the server is back."),
            _("If it takes long, check that the mail server runs, and that its address and port are right."),
        ),
        reply=_reply(hold),
    )


def _refused_login(hold: Hold) -> HoldWords:
    return HoldWords(
        title=_("The account is held since %(time)s: the login was refused", time=day_and_time(hold.placed_at)),
        line=_("The account is held: the login was refused"),
        why=_("The mail server does not take the user name or the password. No letter leaves, and nobody is lost."),
        steps=(
            _("An admin puts the user name and password of the account right (MAIL_USERNAME, MAIL_PASSWORD)."),
            _("Then Mailer is restarted, and the hold is lifted here."),
        ),
        reply=_reply(hold),
    )


def _refused_sender(hold: Hold) -> HoldWords:
    return HoldWords(
        title=_("The account is held since %(time)s: the sender was refused", time=day_and_time(hold.placed_at)),
        line=_("The account is held: the sender was refused"),
        why=_("The mail server does not let us send from our address. No letter leaves, and nobody is lost."),
        steps=(
            _("An admin sets a sender that the account may use (MAIL_DEFAULT_SENDER)."),
            _("Then Mailer is restarted, and the hold is lifted here."),
        ),
        reply=_reply(hold),
    )


def _reply(hold: Hold) -> str:
    return f"{hold.code} {hold.reason}" if hold.code else hold.reason
