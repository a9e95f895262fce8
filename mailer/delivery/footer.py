"""The words with the way out that stand under a letter whose author has not placed the link."""

import itertools

# What an author writes where each reader's own link shall stand.
PLACEHOLDER = "{unsubscribe_url}"

# A letter is in the language of its readers and not in that of the interface, and these are the only words that
# Mailer itself puts into one; so they stand here in each language.
_WORDS = {
    "en": "If you want no more of these letters, open this link:",
    "ru": "Если вы не хотите больше получать эти письма, откройте ссылку:",
}

_LETTERS_LOOKED_AT = 2_000


def language_of(text: str) -> str:
    """The language of a letter: Russian where more of its letters are Cyrillic than not, else English."""
    letters = list(itertools.islice(filter(str.isalpha, text), _LETTERS_LOOKED_AT))
    cyrillic = sum("\u0400" <= letter <= "\u04ff" for letter in letters)
    return "ru" if 2 * cyrillic > len(letters) else "en"


def with_way_out(body: str, subject: str) -> str:
    """The text with at least one place for the link: the author's own, or one in a footer."""
    if PLACEHOLDER in body:
        return body
    words = _WORDS[language_of(f"{subject}\n{body}")]
    return f"{body.rstrip()}\n\n{words}\n{PLACEHOLDER}\n"
