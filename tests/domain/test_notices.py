"""The system's own letters: due until they have left, and their links, which work once."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from mailer.domain.credentials import change_password, confirm_address
from mailer.domain.errors import EmailTaken, LinkVoid
from mailer.domain.notices import (
    LIVES,
    ask_for_reset,
    claim_notice,
    due_notices,
    link_token,
    mark_sent,
    notice_behind,
    use_link,
    write_notice,
)
from mailer.models.notices import Notice, NoticeKind
from mailer.models.users import User
from tests.domain.conftest import Race

KEY = "the installation's key"
RESET = NoticeKind.RESET_PASSWORD
SECOND = timedelta(seconds=1)


@pytest.fixture
def reset(session: Session, alice: User, now: datetime) -> Notice:
    return write_notice(session, RESET, alice, now)


def test_a_letter_is_tried_until_the_server_has_it(session: Session, reset: Notice, now: datetime) -> None:
    assert claim_notice(session, reset.id, now) is reset
    assert claim_notice(session, reset.id, now + 59 * SECOND) is None
    assert claim_notice(session, reset.id, now + 60 * SECOND) is reset
    assert claim_notice(session, reset.id, now + 179 * SECOND) is None
    mark_sent(session, reset.id)
    assert claim_notice(session, reset.id, now + 180 * SECOND) is None


def test_a_letter_whose_link_has_expired_is_not_sent_any_more(
    session: Session, reset: Notice, now: datetime
) -> None:
    assert list(session.scalars(due_notices(now))) == [reset]
    assert list(session.scalars(due_notices(now + LIVES[RESET]))) == []


def test_many_workers_take_a_letter_once(session: Session, reset: Notice, now: datetime, race: Race[bool]) -> None:
    notice_id = reset.id
    session.commit()
    calls: list[Callable[[Session], bool]] = [lambda own: claim_notice(own, notice_id, now) is not None] * 4
    assert sorted(race(calls)) == [False] * 3 + [True]


def test_a_forgotten_password_is_written_about_to_the_address_on_file(
    session: Session, alice: User, now: datetime
) -> None:
    asked = ask_for_reset(session, "ALICE@mailer.example", now)
    claimed = claim_notice(session, asked.id, now)
    assert claimed is not None and (claimed.user_id, claimed.email) == (alice.id, "alice@mailer.example")


def test_nobody_is_written_to_about_a_password_where_there_is_no_account(
    session: Session, alice: User, now: datetime
) -> None:
    asked, blocked = ask_for_reset(session, "x@example.org", now).id, ask_for_reset(session, alice.email, now).id
    alice.blocked_at = now
    assert claim_notice(session, asked, now) is None
    assert claim_notice(session, blocked, now) is None
    assert session.scalars(select(Notice)).all() == []


def test_a_link_leads_to_its_letter_until_it_expires(session: Session, reset: Notice, now: datetime) -> None:
    token = link_token(reset, KEY)
    assert notice_behind(session, token, KEY, now + LIVES[RESET] - SECOND, RESET) is reset
    with pytest.raises(LinkVoid):
        notice_behind(session, token, KEY, now + LIVES[RESET], RESET)


@settings(max_examples=50)
@given(data=st.data())
def test_an_altered_link_leads_nowhere(session: Session, reset: Notice, now: datetime, data: st.DataObject) -> None:
    token = link_token(reset, KEY)
    place = data.draw(st.integers(0, len(token) - 1))
    other = data.draw(st.characters().filter(lambda character: character != token[place]))
    changes = [token[:place] + other + token[place + 1 :], token[:place], token + other, other + token]
    for altered in [*changes, token.upper(), f" {token}", f"0{token}"]:
        with pytest.raises(LinkVoid):
            notice_behind(session, altered, KEY, now, RESET)


@settings(max_examples=50)
@given(token=st.text() | st.from_regex(r"[0-9]{1,40}-[0-9a-f]{0,64}", fullmatch=True))
def test_a_made_up_link_leads_nowhere(session: Session, reset: Notice, now: datetime, token: str) -> None:
    with pytest.raises(LinkVoid):
        notice_behind(session, token, KEY, now, RESET)


def test_a_link_serves_its_own_purpose_only(session: Session, reset: Notice, now: datetime) -> None:
    others = [kind for kind in NoticeKind if kind is not RESET]
    with pytest.raises(LinkVoid):
        notice_behind(session, link_token(reset, KEY), KEY, now, *others)
    with pytest.raises(LinkVoid):
        notice_behind(session, link_token(reset, "another key"), KEY, now, RESET)


def test_a_link_of_a_deleted_letter_is_not_that_of_the_next_with_its_number(
    session: Session, alice: User, bob: User, reset: Notice, now: datetime
) -> None:
    token, number = link_token(reset, KEY), reset.id
    session.delete(reset)
    session.flush()
    other = write_notice(session, RESET, bob, now)
    session.expunge(other)
    session.execute(Notice.__table__.update().values(id=number))
    with pytest.raises(LinkVoid):
        notice_behind(session, token, KEY, now, RESET)


def test_a_link_followed_many_times_at_once_is_followed_once(
    session: Session, reset: Notice, now: datetime, race: Race[bool]
) -> None:
    token = link_token(reset, KEY)
    session.commit()

    def follow(own: Session) -> bool:
        try:
            use_link(own, notice_behind(own, token, KEY, now, RESET), now)
        except LinkVoid:
            return False
        return True

    assert sorted(race([follow] * 4)) == [False] * 3 + [True]


def test_a_new_password_makes_earlier_links_void_asked_for_or_sent(
    session: Session, alice: User, bob: User, reset: Notice, now: datetime
) -> None:
    waiting = ask_for_reset(session, "Alice@mailer.example", now)
    bobs = write_notice(session, RESET, bob, now)
    change_password(session, alice, "$argon2id$", now)
    with pytest.raises(LinkVoid):
        notice_behind(session, link_token(reset, KEY), KEY, now, RESET)
    assert claim_notice(session, waiting.id, now) is None
    assert notice_behind(session, link_token(bobs, KEY), KEY, now, RESET) is bobs


def test_a_blocked_users_link_is_void(session: Session, alice: User, reset: Notice, now: datetime) -> None:
    alice.blocked_at = now
    with pytest.raises(LinkVoid):
        notice_behind(session, link_token(reset, KEY), KEY, now, RESET)


def test_a_new_address_counts_and_its_links_reach_back_to_nothing(
    session: Session, alice: User, reset: Notice, now: datetime
) -> None:
    notice = write_notice(session, NoticeKind.NEW_ADDRESS, alice, now, "Alice@Новая.example")
    assert confirm_address(session, alice, notice, now) == "alice@mailer.example"
    assert (alice.email, alice.email_key) == ("Alice@Новая.example", "alice@xn--80ad6ae1g.example")
    with pytest.raises(LinkVoid):
        notice_behind(session, link_token(reset, KEY), KEY, now, RESET)


def test_a_letter_to_the_first_address_confirms_no_other(session: Session, alice: User, now: datetime) -> None:
    first = write_notice(session, NoticeKind.CONFIRM_ADDRESS, alice, now)
    alice.email, alice.email_key, alice.confirmed_at = "new@mailer.example", "new@mailer.example", None
    with pytest.raises(LinkVoid):
        confirm_address(session, alice, first, now)
    assert alice.confirmed_at is None


def test_an_address_that_somebody_else_has_taken_meanwhile_is_refused(
    session: Session, alice: User, bob: User, now: datetime
) -> None:
    notice = write_notice(session, NoticeKind.NEW_ADDRESS, alice, now, "bob@mailer.example")
    with pytest.raises(EmailTaken):
        confirm_address(session, alice, notice, now)
    assert session.scalar(select(User.email).where(User.id == alice.id)) == "alice@mailer.example"
