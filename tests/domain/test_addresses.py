import pytest

from mailer.domain.addresses import AddressRefused, address_key, envelope_address, normal_address


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("anna@example.org", "anna@example.org"),
        ("  anna@example.org\t", "anna@example.org"),
        ("Anna.Petrova+shop@EXAMPLE.org", "Anna.Petrova+shop@example.org"),
        ("анна@example.org", None),
        ("info@почта.рф", "info@почта.рф"),
        ("info@xn--80a1acny.xn--p1ai", "info@почта.рф"),
        ("o'hara@example.org", "o'hara@example.org"),
        (f"{'a' * 64}@example.org", f"{'a' * 64}@example.org"),
        (f"{'a' * 65}@example.org", None),
        ("", None),
        ("anna", None),
        ("anna@", None),
        ("@example.org", None),
        ("anna@@example.org", None),
        ("anna b@example.org", None),
        ("anna@example..org", None),
        ("anna@exa mple.org", None),
        ("anna@example.org\nBcc: all@example.org", None),
        ("anna\r\n@example.org", None),
        ("Anna <anna@example.org>", None),
        ("anna@example.org, boris@example.org", None),
        ("anna@" + "a" * 250 + ".org", None),
    ],
)
def test_an_address_is_kept_tidily_or_refused(typed: str, kept: str | None) -> None:
    if kept is None:
        with pytest.raises(AddressRefused):
            normal_address(typed)
    else:
        assert normal_address(typed) == kept


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Anna@example.org", "anna@EXAMPLE.org"),
        ("info@почта.рф", "INFO@xn--80a1acny.xn--p1ai"),
        ("info@ПОЧТА.рф", "info@почта.рф"),
    ],
)
def test_spellings_of_one_mailbox_have_one_key(one: str, other: str) -> None:
    assert address_key(one) == address_key(other)


def test_different_mailboxes_have_different_keys() -> None:
    assert len({address_key(f"{name}@example.org") for name in ("anna", "an.na", "anna+1", "hanna")}) == 4


def test_the_envelope_has_the_domain_in_ascii_and_the_local_part_as_it_was_written() -> None:
    assert envelope_address("Info@почта.рф") == "Info@xn--80a1acny.xn--p1ai"
    assert envelope_address("Anna@example.org") == "Anna@example.org"
