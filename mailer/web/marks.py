"""The mark of each state: icon, word, colour and meaning. A state is always shown as icon and word."""

from dataclasses import dataclass

from flask_babel import lazy_gettext as _l


@dataclass(frozen=True)
class Mark:
    """`shade` names the colour class of theme.css."""

    icon: str
    word: str
    shade: str
    meaning: str = ""


_SENDING = Mark("send", _l("sending"), "sending", _l("Being handed over now."))

# Of recipients, attempts, mailings and their holds; the names of all these are one family of words.
MARKS = {
    "accepted": Mark("check-circle-fill", _l("accepted"), "accepted", _l("The server took the letter.")),
    "failed": Mark("x-octagon-fill", _l("failed"), "failed", _l("Refused for good.")),
    "unknown": Mark(
        "question-square-fill", _l("unknown"), "unknown", _l("The reply never came. Not sent again by itself.")
    ),
    "suppressed": Mark(
        "slash-circle", _l("suppressed"), "suppressed", _l("Must not be written to. Nothing was sent.")
    ),
    "expired": Mark("hourglass-bottom", _l("expired"), "expired", _l("The window closed first.")),
    "sending": _SENDING,
    "claimed": _SENDING,
    "begun": _SENDING,
    "pending": Mark("circle", _l("pending"), "pending", _l("Not begun yet.")),
    "success": Mark("check-circle-fill", _l("success"), "success"),
    "deferred": Mark("arrow-repeat", _l("deferred"), "deferred"),
    "created": Mark("clock", _l("created"), "pending"),
    "started": Mark("send", _l("started"), "sending"),
    "completed": Mark("check-lg", _l("completed"), "accepted"),
    "paused": Mark("pause-circle-fill", _l("paused"), "paused"),
    "disabled": Mark("lock-fill", _l("disabled"), "disabled"),
    "owner_blocked": Mark("lock-fill", _l("owner blocked"), "disabled"),
    "login_refused": Mark("exclamation-octagon-fill", _l("login refused"), "failed"),
    "sender_refused": Mark("exclamation-octagon-fill", _l("sender refused"), "failed"),
    "blocked": Mark("exclamation-octagon-fill", _l("blocked by the mail server"), "failed"),
    "quota": Mark("exclamation-octagon-fill", _l("quota used up"), "failed"),
    "certificate": Mark("exclamation-octagon-fill", _l("certificate wrong"), "failed"),
    "bad_results": Mark("exclamation-octagon-fill", _l("too many failures"), "failed"),
    "restored": Mark("clock-history", _l("restored from a backup"), "paused"),
    "unreachable": Mark("exclamation-octagon-fill", _l("mail server unreachable"), "failed"),
}


def mark_words(*names: str) -> dict[str, str]:
    """The words of some marks: for a table that says them in each of its rows, and asks for them once."""
    return {name: str(MARKS[name].word) for name in names}


def mark_of(name: str) -> Mark:
    """The mark of a state, a status or a kind of hold, by its value."""
    return MARKS[str(name)]
