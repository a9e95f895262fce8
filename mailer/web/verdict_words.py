"""What an answer of the mail server says to people: whose side it is on, what it means, what to do."""

from dataclasses import dataclass

from flask_babel import lazy_gettext as _l

from mailer.models.mailings import Verdict


@dataclass(frozen=True)
class VerdictWords:
    side: str
    meaning: str
    to_do: str


_WORDS = {
    Verdict.ACCEPTED: VerdictWords(
        _l("nobody’s fault"),
        _l("The server took the letter and answers for it from now on."),
        _l("Nothing."),
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
    ),
}


def verdict_words(verdict: Verdict) -> VerdictWords:
    """The words for a verdict."""
    return _WORDS[verdict]
