"""Passwords: how they are kept, compared, and how soon one would be guessed.

Hashing takes 64 MB and a good part of a tenth of a second, on purpose. So none of this happens inside a
transaction that writes: on SQLite everybody else, the lanes included, would wait.
"""

import enum
from collections.abc import Collection

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from zxcvbn import zxcvbn

LEAST_LENGTH = 10
# Hashing takes time that grows with the password; nobody types as much.
MOST_LENGTH = 1000

_hasher = PasswordHasher()

# Compared with when the address is unknown, so that the answer takes as long as for a known one. Of a random
# password that nobody has kept, with the hasher's own parameters; a test looks after that.
NOBODYS_HASH = "$argon2id$v=19$m=65536,t=3,p=4$cc74c3V8YZw8GiG+pdJJ2g$VOkNk94Laxfh7whUURKNQZRHxzUeg3U2x4cxdAkaTYg"

# zxcvbn's scale goes from 0 to 4; 3 is out of reach for whoever has stolen the hashes (10^8 guesses and more).
LEAST_SCORE = 3
# The estimate takes seconds for what looks like many words in disguise; a beginning that is strong is enough.
ESTIMATED_LENGTH = 30


class Weakness(enum.Enum):
    """Why a password would be guessed soon."""

    COMMON = "it is one of the passwords that are tried first"
    PERSONAL = "it is made of what is known of its owner"
    WORD = "it is a common word or a name"
    KEYS = "its keys lie side by side"
    REPEATED = "it says the same again and again"
    SEQUENCE = "its characters follow one another"
    DATE = "it is a date or a year"
    SHORT = "it has too few surprises"


_OF_PATTERN = {
    "spatial": Weakness.KEYS,
    "repeat": Weakness.REPEATED,
    "sequence": Weakness.SEQUENCE,
    "regex": Weakness.DATE,
    "date": Weakness.DATE,
    "bruteforce": Weakness.SHORT,
}
_OF_DICTIONARY = {"passwords": Weakness.COMMON, "user_inputs": Weakness.PERSONAL}


def hash_password(password: str) -> str:
    """The password as it is kept: Argon2id, salted (RFC 9106)."""
    return _hasher.hash(password)


def is_password(password_hash: str | None, password: str) -> bool:
    """Whether this is the password behind the hash; without a hash it is not, after the same time."""
    try:
        return _hasher.verify(password_hash or NOBODYS_HASH, password) and password_hash is not None
    except (VerificationError, InvalidHashError):
        return False


def is_outdated(password_hash: str) -> bool:
    """Whether the hash was made with weaker parameters than those of today."""
    return _hasher.check_needs_rehash(password_hash)


def weakness_of(password: str, known: Collection[str] = ()) -> Weakness | None:
    """What would let the password be guessed soon; None if it is strong enough.

    `known` are words that a guesser knows of its owner: the parts of the address, the name.
    """
    if not password:
        return Weakness.SHORT
    estimate = zxcvbn(password[:ESTIMATED_LENGTH], user_inputs=list(known))
    if estimate["score"] >= LEAST_SCORE:
        return None
    # The part that says most about the password: the longest one.
    part = max(estimate["sequence"], key=lambda match: len(match["token"]))
    if part["pattern"] == "dictionary":
        return _OF_DICTIONARY.get(part["dictionary_name"], Weakness.WORD)
    return _OF_PATTERN[part["pattern"]]
