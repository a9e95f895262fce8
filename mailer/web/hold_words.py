"""What a hold says to people: what stands still and until when, why, and what to do."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext as _
from flask_login import current_user

from mailer.delivery.known_replies import cause_of
from mailer.domain.breaker import Results
from mailer.domain.moderation import MODERATORS
from mailer.models.lanes import Hold, HoldKind
from mailer.web.cause_words import CAUSE_WORDS
from mailer.web.formats import day_and_time, number


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
    return _OF_KIND[hold.kind](hold)


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
    if is_moderator():
        step = _("Enable it when it may go on. Its owner cannot.")
    else:
        step = _("Ask the people who run this installation. Only a manager can enable it again.")
    return HoldWords(
        title=_("Disabled by %(name)s since %(time)s", name=_placed_by(hold), time=since),
        line=_("Disabled: %(reason)s", reason=hold.reason) if hold.reason else _("Disabled since %(time)s", time=since),
        why=_told(hold),
        steps=(step,),
    )


def _owner_blocked(hold: Hold) -> HoldWords:
    since = day_and_time(hold.placed_at)
    if is_moderator():
        title = _("Held since %(time)s, when its owner was blocked by %(name)s", name=_placed_by(hold), time=since)
        step = _("It goes on when its owner is unblocked and resumes it.")
    else:
        title = _("Held since %(time)s, when your account was blocked by %(name)s", name=_placed_by(hold), time=since)
        step = _("Resume it if it shall still go out. Nothing of yours starts again by itself.")
    return HoldWords(
        title=title,
        line=_("Owner blocked: %(reason)s", reason=hold.reason),
        why=_told(hold),
        steps=(step,),
    )


def is_moderator() -> bool:
    return current_user.role in MODERATORS


def _placed_by(hold: Hold) -> str:
    """Who placed the hold; the account may be gone."""
    return hold.placed_by.name if hold.placed_by else str(_("a manager"))


def _told(hold: Hold) -> str:
    if not hold.reason:
        return str(_("No reason was given."))
    return str(_("%(name)s wrote: %(reason)s", name=_placed_by(hold), reason=hold.reason))


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


def _of_account(hold: Hold, since: str, until: str, line: str, why: str, *steps: str) -> HoldWords:
    """The words for the account's own trouble; where its reply is known, that says best what is behind it."""
    cause = cause_of(hold.code, hold.reason) if hold.code else None
    if cause is not None:
        meaning, to_do = CAUSE_WORDS[cause]
        why, steps = f"{meaning} {why}", (str(to_do), *steps[1:])
    title = until if hold.until else since
    return HoldWords(title=title, line=line, why=why, steps=steps, reply=_reply(hold))


def _refused_login(hold: Hold) -> HoldWords:
    return _of_account(
        hold,
        _("The account is held since %(time)s: the login was refused", time=day_and_time(hold.placed_at)),
        "",
        _("The account is held: the login was refused"),
        _("No letter leaves, of no mailing, and nobody is lost."),
        _("An admin puts the user name and password of the account right (MAIL_USERNAME, MAIL_PASSWORD)."),
        _("Then Mailer is restarted, and an admin presses “Try now”: one letter shows whether all is well."),
    )


def _refused_sender(hold: Hold) -> HoldWords:
    return _of_account(
        hold,
        _("The account is held since %(time)s: the sender was refused", time=day_and_time(hold.placed_at)),
        "",
        _("The account is held: the sender was refused"),
        _("No letter leaves, of no mailing, and nobody is lost."),
        _("An admin sets a sender that the account may use (MAIL_DEFAULT_SENDER)."),
        _("Then Mailer is restarted, and an admin presses “Try now”: one letter shows whether all is well."),
    )


def _blocked(hold: Hold) -> HoldWords:
    return _of_account(
        hold,
        _("The account is held since %(time)s: it is blocked", time=day_and_time(hold.placed_at)),
        _("The account is held until %(time)s: it is blocked", time=_end(hold)),
        _("The account is held: the mail server has blocked it"),
        _("No letter leaves, of no mailing, and nobody is lost."),
        _("Ask the provider what is behind it, and have the block taken back."),
        _("When the hold ends, Mailer tries with a single letter, and goes on if it is taken."),
    )


def _out_of_quota(hold: Hold) -> HoldWords:
    return _of_account(
        hold,
        _("The account is held since %(time)s: its quota is used up", time=day_and_time(hold.placed_at)),
        _("The account is held until %(time)s: its quota is used up", time=_end(hold)),
        _("The account is held: its quota is used up"),
        _("No letter leaves, of no mailing, and nobody is lost."),
        _("Wait: Mailer goes on by itself when there is room again."),
        _("An admin can tell Mailer the limit of the account (MAIL_LIMITS), so that it never runs into it."),
    )


def _wrong_certificate(hold: Hold) -> HoldWords:
    return _of_account(
        hold,
        _("The account is held since %(time)s: the server’s certificate is wrong", time=day_and_time(hold.placed_at)),
        "",
        _("The account is held: the server’s certificate is wrong"),
        _("Nobody can tell whether this is our mail server, so the password is not given to it. Nobody is lost."),
        _("An admin checks MAIL_SERVER: it must be the name that the certificate is made out to."),
        _("If the name is right, its owner renews the certificate. Then an admin presses “Try now”."),
    )


def _bad_results(hold: Hold) -> HoldWords:
    since, results = day_and_time(hold.placed_at), Results.unpacked(hold.reason)
    figures = _(
        "Of the last %(letters)s letters %(failed)s failed: %(recipients)s for the address, %(content)s for the text.",
        letters=number(results.letters),
        failed=number(results.failed),
        recipients=number(results.recipients),
        content=number(results.content),
    )
    return HoldWords(
        title=_("Held since %(time)s: too many of its letters fail", time=since),
        line=_("Held: too many of its letters fail"),
        why=_("%(figures)s Mail providers close accounts that go on like this.", figures=figures),
        steps=(
            _("Look at what went wrong below: the addresses, or the text."),
            _("If the list is bad, finish the mailing, and send to addresses that you know."),
            _("If you are sure, resume it. It is held again should it go on like this."),
        ),
    )


def _restored(hold: Hold) -> HoldWords:
    if hold.reason:
        line = _("Held: restored from a backup of %(time)s", time=day_and_time(datetime.fromisoformat(hold.reason)))
    else:
        line = _("Held: restored from a backup")
    return HoldWords(
        title=line,
        line=line,
        why=_(
            "What has gone out since the backup was made is not known here: whoever is shown as pending may have "
            "the letter already, and would get it twice."
        ),
        steps=(
            _("Look in the mail server’s log, or in the database of before, which of these letters have gone out."),
            _("If they have, finish the mailing, or delete it if it has not started."),
            _("If you are sure that they have not, resume it."),
        ),
    )


def _end(hold: Hold) -> str:
    return day_and_time(hold.until) if hold.until else ""


def _reply(hold: Hold) -> str:
    return f"{hold.code} {hold.reason}" if hold.code else hold.reason


_OF_KIND: dict[HoldKind, Callable[[Hold], HoldWords]] = {
    HoldKind.PAUSED: _paused,
    HoldKind.DISABLED: _disabled,
    HoldKind.OWNER_BLOCKED: _owner_blocked,
    HoldKind.UNREACHABLE: _unreachable,
    HoldKind.LOGIN_REFUSED: _refused_login,
    HoldKind.SENDER_REFUSED: _refused_sender,
    HoldKind.BLOCKED: _blocked,
    HoldKind.QUOTA: _out_of_quota,
    HoldKind.CERTIFICATE: _wrong_certificate,
    HoldKind.BAD_RESULTS: _bad_results,
    HoldKind.RESTORED: _restored,
}
