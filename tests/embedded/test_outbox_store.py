from datetime import UTC, datetime, timedelta

import pytest

from mailer.embedded import outbox_store
from mailer.embedded.outbox_store import add_letter, count_letters, letter, list_letters, open_outbox

RAW = "Subject: =?utf-8?b?0J/RgNC40LLQtdGC?=\r\n =?utf-8?b?INC80LjRgA==?=\r\n\r\nДобрый день\r\n".encode()


@pytest.fixture
def outbox(data_dir):
    with open_outbox(data_dir) as connection:
        yield connection


def test_a_letter_is_kept_as_it_came(outbox):
    add_letter(outbox, "shop@example.org", ["анна@example.org", "bob@example.org"], RAW)
    [listed] = list_letters(outbox)
    kept = letter(outbox, listed.id)
    assert kept.mail_from == "shop@example.org"
    assert kept.rcpt_tos == ("анна@example.org", "bob@example.org")
    assert kept.subject == "Привет мир"
    assert kept.raw == RAW
    assert abs(datetime.now(UTC) - kept.received_at) < timedelta(minutes=1)


def test_a_letter_outlives_the_process_that_added_it(data_dir, outbox):
    add_letter(outbox, "a@example.org", ["b@example.org"], RAW)
    with open_outbox(data_dir) as another:
        assert count_letters(another) == 1


def test_a_list_leaves_the_bytes_out(outbox):
    add_letter(outbox, "a@example.org", ["b@example.org"], RAW)
    assert list_letters(outbox)[0].raw == b""


def test_a_list_is_newest_first_and_goes_on_before_an_id(outbox):
    for number in range(5):
        add_letter(outbox, "a@example.org", [f"client{number}@example.org"], RAW)
    first = list_letters(outbox, limit=3)
    rest = list_letters(outbox, before_id=first[-1].id, limit=3)
    assert [one.rcpt_tos[0][6] for one in first + rest] == ["4", "3", "2", "1", "0"]


@pytest.mark.parametrize("search", ["ПРИВЕТ", "Анна", "SHOP@", "мир"])
def test_search_looks_at_subject_and_addresses_in_any_case(outbox, search):
    add_letter(outbox, "shop@example.org", ["анна@example.org"], RAW)
    add_letter(outbox, "other@example.org", ["bob@example.org"], b"Subject: Hello\r\n\r\n")
    assert count_letters(outbox, search) == 1
    assert [one.subject for one in list_letters(outbox, search=search)] == ["Привет мир"]


def test_signs_in_a_search_stand_for_themselves(outbox):
    add_letter(outbox, "a@example.org", ["b@example.org"], b"Subject: 50% off\r\n\r\n")
    assert count_letters(outbox, "50%") == 1
    assert count_letters(outbox, "5_%") == 0


def test_an_unknown_letter_is_none(outbox):
    assert letter(outbox, 7) is None


def test_only_the_newest_letters_are_kept(outbox, monkeypatch):
    monkeypatch.setattr(outbox_store, "LETTERS_KEPT", 3)
    for number in range(5):
        add_letter(outbox, "a@example.org", [f"client{number}@example.org"], RAW)
    assert [one.rcpt_tos[0] for one in list_letters(outbox)] == [f"client{number}@example.org" for number in (4, 3, 2)]


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\xff\xfe\x00",
        b"Subject: =?no-such-charset?b?!!!?=\r\n\r\n",
        b"Subject: =?utf-8?q?=ED=A0=80?=\r\n\r\n",
        b"Subject:\r\n" + b" =?utf-8?q?x?=\r\n" * 500,
    ],
)
def test_what_is_no_proper_letter_is_kept_too(outbox, raw):
    add_letter(outbox, "", ["b@example.org"], raw)
    assert letter(outbox, list_letters(outbox)[0].id).raw == raw
