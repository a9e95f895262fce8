"""Passwords: kept as hashes, compared in the same time whoever asks, and weighed."""

from argon2 import PasswordHasher
from hypothesis import given
from hypothesis import strategies as st

from mailer.domain.passwords import (
    NOBODYS_HASH,
    Weakness,
    hash_password,
    is_outdated,
    is_password,
    weakness_of,
)
from tests.support.factories import PASSWORD


def test_a_password_opens_its_own_hash_only() -> None:
    kept = hash_password(PASSWORD)
    assert kept.startswith("$argon2id$") and PASSWORD not in kept
    assert is_password(kept, PASSWORD)
    assert not is_password(kept, PASSWORD + " ")
    assert not is_password("$argon2id$", PASSWORD)
    assert not is_password(None, PASSWORD)


def test_nobodys_hash_takes_as_long_as_anybodys() -> None:
    assert not is_outdated(NOBODYS_HASH)
    assert NOBODYS_HASH.split("$")[:4] == hash_password(PASSWORD).split("$")[:4]


def test_a_hash_of_weaker_parameters_is_found_out() -> None:
    assert is_outdated(PasswordHasher(time_cost=1, memory_cost=1024).hash(PASSWORD))
    assert not is_outdated(hash_password(PASSWORD))


def test_what_is_known_of_somebody_makes_a_weak_password() -> None:
    assert weakness_of("veronikazaslavskaya", ["veronika", "zaslavskaya"]) is Weakness.PERSONAL
    assert weakness_of("veronikazaslavskaya") is None


def test_a_password_of_any_length_is_weighed_by_its_beginning() -> None:
    assert weakness_of("4@8({[<369&#!|10$5+7%2" * 40) is None
    assert weakness_of("aaaa" * 200) is Weakness.REPEATED
    assert weakness_of("") is Weakness.SHORT


@given(st.text(), st.lists(st.text(min_size=1), max_size=3))
def test_whatever_is_typed_is_weighed(password: str, known: list[str]) -> None:
    weakness_of(password, known)
