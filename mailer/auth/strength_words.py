"""What a weak password is told."""

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from mailer.domain.passwords import Weakness

_WORDS = {
    Weakness.COMMON: _l("This is close to a password that is tried first, because many people have it."),
    Weakness.PERSONAL: _l("This is made of your own address or name, which is tried first."),
    Weakness.WORD: _l("A common word or a name is guessed soon, also with a few characters around it."),
    Weakness.KEYS: _l("Keys that lie side by side are guessed soon."),
    Weakness.REPEATED: _l("Saying the same twice makes a password longer, and no harder to guess."),
    Weakness.SEQUENCE: _l("Characters that follow one another, such as abcd or 4321, are guessed soon."),
    Weakness.DATE: _l("Dates and years are guessed soon."),
    Weakness.SHORT: _l("This would be guessed soon."),
}


def weakness_words(weakness: Weakness) -> str:
    """Why the password will not do, and what would."""
    advice = _("Take four words or more that do not belong together, or let a password manager make one.")
    return f"{_WORDS[weakness]} {advice}"
