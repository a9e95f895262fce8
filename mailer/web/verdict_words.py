"""What an answer of the mail server says to people: whose side it is on, what it means, what to do."""

from dataclasses import dataclass, replace

from flask_babel import lazy_gettext as _l

from mailer.delivery.known_replies import cause_of
from mailer.delivery.outcomes import OUTCOMES
from mailer.models.mailings import Attempt, AttemptStatus, Verdict
from mailer.web.cause_words import CAUSE_WORDS


@dataclass(frozen=True)
class VerdictWords:
    """`side` is empty where nothing went wrong.

    `is_known` unless the reply matches nothing that Mailer knows, and was judged by its class.
    """

    side: str
    meaning: str
    to_do: str
    is_known: bool = False


_OF_CLASS = {
    Verdict.ACCEPTED: VerdictWords(
        "",
        _l("The server took the letter and answers for it from now on."),
        _l("Nothing."),
        is_known=True,
    ),
    Verdict.RECIPIENT: VerdictWords(
        _l("the recipient’s side"),
        _l("The server does not take letters for this address. This letter will never arrive there."),
        _l("Correct the address if you know a better one, and send again when the mailing is completed."),
    ),
    Verdict.CONTENT: VerdictWords(
        _l("the letter’s side"),
        _l("The server looked at the letter and refused it, as one refuses spam or what is too large."),
        _l("Change the message before you send it to anybody else."),
    ),
    Verdict.ACCOUNT: VerdictWords(
        _l("our account’s side"),
        _l("The server refused our account. No recipient is to blame, and nobody is lost."),
        _l("An admin puts the account right; until then it is held."),
    ),
    Verdict.TEMPORARY: VerdictWords(
        _l("nobody’s fault"),
        _l("The server asks for another try later."),
        _l("Nothing: Mailer tries again by itself, inside the window."),
    ),
    Verdict.UNKNOWN: VerdictWords(
        _l("nobody’s fault"),
        _l("The whole letter was handed over, and the reply never came. It may have arrived or not."),
        _l(
            "Ask the recipient, or send again when the mailing is completed. "
            "Mailer does not repeat it by itself, so that nobody gets two copies."
        ),
        is_known=True,
    ),
}

# What an answer is called where only its side is asked for, as in a filter.
VERDICT_NAMES = {
    Verdict.ACCEPTED: _l("taken by the server"),
    Verdict.RECIPIENT: _l("the recipient’s side"),
    Verdict.CONTENT: _l("the letter’s side"),
    Verdict.ACCOUNT: _l("our account’s side"),
    Verdict.TEMPORARY: _l("to be tried again"),
    Verdict.UNKNOWN: _l("no answer came"),
}

_NO_REPLY = _l("There was no connection, or it broke before the server had the whole letter. It has not arrived.")
_GIVEN_UP = _l("Mailer tried as often as is reasonable, and gave up. Send again when the mailing is completed.")


def verdict_name(verdict: Verdict) -> str:
    """Whose side such answers are on, in two or three words."""
    return str(VERDICT_NAMES[verdict])


def verdict_words(attempt: Attempt) -> VerdictWords:
    """The words for an attempt's answer; see answer_words."""
    return answer_words(attempt.status, attempt.verdict, attempt.code, attempt.reply)


def answer_words(status: AttemptStatus, verdict: Verdict, code: int | None, reply: str) -> VerdictWords:
    """The words for an answer: those for its reply where Mailer knows it, else those for its class.

    An attempt keeps the verdict that it got. Words of a line that was added to the table since then are shown only
    where they agree with it.
    """
    words = _OF_CLASS[verdict]
    if code is None:
        # The words are Mailer's own, because the server said nothing.
        meaning = _NO_REPLY if verdict is Verdict.TEMPORARY else words.meaning
        words = replace(words, meaning=meaning, is_known=True)
    cause = cause_of(code, reply) if code and code >= 400 else None
    if cause is not None and OUTCOMES[cause].verdict is verdict:
        meaning, to_do = CAUSE_WORDS[cause]
        words = VerdictWords(words.side, meaning, to_do, is_known=True)
    is_given_up = status is AttemptStatus.FAILED and verdict is Verdict.TEMPORARY
    return replace(words, to_do=_GIVEN_UP) if is_given_up else words
