"""The key behind the links to unsubscribe: one for the whole installation, whoever makes it."""

from datetime import datetime

from sqlalchemy.orm import Session

from mailer.domain.unsubscribe_links import Addressee, ensure_unsubscribe_key, unsubscribe_links
from tests.domain.conftest import Race


def test_hosts_that_send_their_first_letters_at_once_agree_on_one_key(
    session: Session, now: datetime, race: Race[str]
) -> None:
    def begin_to_send(session: Session) -> str:
        ensure_unsubscribe_key(session, now)
        return unsubscribe_links(session).token(1, 2, "anna@example.org")

    (token,) = set(race([begin_to_send] * 8))
    assert unsubscribe_links(session).read(token) == Addressee(1, 2, "anna@example.org")
