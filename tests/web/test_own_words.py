"""What Mailer itself writes where no server's reply stands is read in the visitor's language, a server's as it came."""

import re
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

import mailer.delivery
from mailer.models.mailings import AttemptStatus, Verdict
from mailer.models.users import User
from mailer.web.own_words import OWN_WORDS
from tests.support.factories import attempt_on, completed_mailing_of, recipients_of
from tests.support.visitor import Visitor

pytestmark = pytest.mark.one_database("words are the same on both")


def test_a_russian_reads_what_happened_in_russian(as_alice: Visitor, session: Session, alice: User) -> None:
    mailing = completed_mailing_of(alice, accepted=1, unknown=1)
    attempt_on(recipients_of(mailing)[1], AttemptStatus.UNKNOWN, Verdict.UNKNOWN, None, "no reply in 600 s")
    alice.language = "ru"
    words = as_alice.get(f"/mailings/{mailing.id}").words
    assert "сервер закрыл соединение" in words and "нет ответа за 600 с" in words
    assert "the server closed the connection" not in words
    assert "2.0.0 Ok: queued as 1A2B3C" in words


def test_the_words_are_those_that_the_delivery_writes() -> None:
    sources = "".join(path.read_text() for path in Path(mailer.delivery.__path__[0]).glob("*.py"))
    assert [words for words in OWN_WORDS if f'"{words}"' not in sources] == []
    assert re.search(r'f"no reply in \{\w+:\.0f\} s"', sources)
