"""Whom moderators reach to, what a block stops, and that the last admin stays, whatever happens at once."""

from collections.abc import Callable
from datetime import datetime

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from mailer.domain.accounts import change_role, is_last_admin, user_of_session
from mailer.domain.booking import book_mailing
from mailer.domain.errors import (
    AlreadyBlocked,
    LastAdmin,
    MailingHeld,
    NotBlocked,
    OwnerBlocked,
    Refused,
    RoleTooHigh,
)
from mailer.domain.holds import holds_on_mailing
from mailer.domain.moderation import block_user, holdings_of, mailings_of_all, unblock_user, users, visible_mailings
from mailer.domain.progress import Start, claim_start, request_start, resend, resume
from mailer.models.lanes import Hold, HoldKind
from mailer.models.mailings import Audience, Mailing, MailingStatus, RecipientState
from mailer.models.messages import Message
from mailer.models.users import Role, User
from tests.domain.conftest import Race
from tests.support.factories import (
    client_of,
    completed_mailing_of,
    mailing_of,
    message_of,
    started_mailing_of,
    user_of,
)


def kinds_on(session: Session, mailing: Mailing, now: datetime) -> list[HoldKind]:
    return [hold.kind for hold in holds_on_mailing(session, mailing.id, now)]


def is_blocked(session: Session, user: User) -> bool:
    session.refresh(user)
    return user.blocked_at is not None


@pytest.mark.parametrize(
    ("moderator", "target", "is_allowed"),
    [
        (Role.USER, Role.USER, False),
        (Role.MANAGER, Role.USER, True),
        (Role.MANAGER, Role.MANAGER, False),
        (Role.MANAGER, Role.ADMIN, False),
        (Role.ADMIN, Role.USER, True),
        (Role.ADMIN, Role.MANAGER, True),
        (Role.ADMIN, Role.ADMIN, False),
    ],
)
def test_whom_a_role_may_block(
    session: Session, now: datetime, moderator: Role, target: Role, is_allowed: bool
) -> None:
    by, user = user_of(session, "by@example.org", role=moderator), user_of(session, "user@example.org", role=target)
    if is_allowed:
        block_user(session, user.id, by, "spam", now)
    else:
        with pytest.raises(RoleTooHigh):
            block_user(session, user.id, by, "spam", now)
    assert is_blocked(session, user) is is_allowed


def test_a_block_ends_the_sessions_and_unblocking_does_not_bring_them_back(
    session: Session, alice: User, mary: User, now: datetime
) -> None:
    cookie = alice.get_id()
    assert user_of_session(session, cookie) is alice
    block_user(session, alice.id, mary, "spam", now)
    assert user_of_session(session, cookie) is None
    unblock_user(session, alice.id, mary)
    assert user_of_session(session, cookie) is None
    session.refresh(alice)
    assert user_of_session(session, alice.get_id()) is alice


def test_a_block_holds_what_is_booked_and_under_way_and_nothing_else(
    session: Session, alice: User, bob: User, mary: User, now: datetime
) -> None:
    booked, running, over = mailing_of(alice), started_mailing_of(alice), completed_mailing_of(alice)
    bobs = started_mailing_of(bob)
    block_user(session, alice.id, mary, "It reads like spam", now)
    for mailing in (booked, running):
        (hold,) = holds_on_mailing(session, mailing.id, now)
        assert (hold.kind, hold.reason, hold.placed_by) == (HoldKind.OWNER_BLOCKED, "It reads like spam", mary)
    assert kinds_on(session, over, now) == kinds_on(session, bobs, now) == []


def test_unblocking_restarts_nothing_until_the_owner_resumes(
    session: Session, alice: User, mary: User, now: datetime
) -> None:
    booked, running = mailing_of(alice), started_mailing_of(alice)
    block_user(session, alice.id, mary, "spam", now)
    unblock_user(session, alice.id, mary)
    assert kinds_on(session, booked, now) == kinds_on(session, running, now) == [HoldKind.OWNER_BLOCKED]
    with pytest.raises(MailingHeld):
        request_start(session, booked, now)
    assert resume(session, running, now)
    assert kinds_on(session, running, now) == []
    assert kinds_on(session, booked, now) == [HoldKind.OWNER_BLOCKED]


def test_a_second_block_gives_its_own_reason(session: Session, alice: User, mary: User, now: datetime) -> None:
    mailing = started_mailing_of(alice)
    block_user(session, alice.id, mary, "first", now)
    with pytest.raises(AlreadyBlocked):
        block_user(session, alice.id, mary, "again", now)
    unblock_user(session, alice.id, mary)
    block_user(session, alice.id, mary, "second", now)
    assert [hold.reason for hold in holds_on_mailing(session, mailing.id, now)] == ["second"]


def test_who_is_not_blocked_cannot_be_unblocked(session: Session, alice: User, mary: User) -> None:
    with pytest.raises(NotBlocked):
        unblock_user(session, alice.id, mary)


def test_a_manager_lets_no_manager_in_again_and_an_admin_anybody(
    session: Session, adam: User, mary: User, now: datetime
) -> None:
    other = user_of(session, "other@example.org", role=Role.MANAGER)
    block_user(session, other.id, adam, "spam", now)
    with pytest.raises(RoleTooHigh):
        unblock_user(session, other.id, mary)
    change_role(session, other.id, Role.ADMIN)
    unblock_user(session, other.id, adam)
    assert not is_blocked(session, other)


def test_nothing_of_a_blocked_users_begins_by_any_way(
    session: Session, alice: User, mary: User, now: datetime
) -> None:
    booked, over = mailing_of(alice), completed_mailing_of(alice, failed=1)
    message, client = message_of(alice), client_of(alice)
    block_user(session, alice.id, mary, "spam", now)
    end = booked.end_time
    tries: list[Callable[[], object]] = [
        lambda: request_start(session, booked, now),
        lambda: resume(session, booked, now),
        lambda: resend(session, over, [RecipientState.FAILED], now, end, now),
        lambda: book_mailing(session, alice.id, message, Audience.SELECTED, [client.id], now, end, now),
    ]
    for attempt in tries:
        with pytest.raises(OwnerBlocked):
            attempt()
    booked.start_time = now
    # Even where somebody has taken the hold away.
    for hold in session.scalars(select(Hold).where(Hold.mailing_id == booked.id)):
        hold.lifted_at = now
    session.flush()
    assert claim_start(session, booked.id, now) is Start.NOT_MINE


def outcome(call: Callable[[Session], object]) -> Callable[[Session], str]:
    """A part of a race that says by what it was refused."""

    def run(session: Session) -> str:
        try:
            call(session)
        except Refused as refusal:
            session.rollback()
            return type(refusal).__name__
        return "done"

    return run


@pytest.mark.parametrize("attempt", range(5))
def test_a_mailing_booked_while_its_owner_is_blocked_is_refused_or_held(
    session: Session, alice: User, mary: User, now: datetime, race: Race[str], attempt: int
) -> None:
    message_id, client_id, alice_id, mary_id = message_of(alice).id, client_of(alice).id, alice.id, mary.id
    end = mailing_of(alice).end_time
    session.commit()

    def book(own: Session) -> None:
        message = own.get_one(Message, message_id)
        book_mailing(own, alice_id, message, Audience.SELECTED, [client_id], now, end, now)

    def block(own: Session) -> None:
        block_user(own, alice_id, own.get_one(User, mary_id), "spam", now)

    results = race([outcome(book), outcome(block), outcome(book)])
    assert results[1] == "done" and {results[0], results[2]} <= {"done", "OwnerBlocked"}
    for mailing in session.scalars(select(Mailing)).all():
        assert kinds_on(session, mailing, now) == [HoldKind.OWNER_BLOCKED]


@pytest.mark.parametrize("attempt", range(5))
def test_a_mailing_resumed_or_started_while_its_owner_is_blocked_ends_held(
    session: Session, alice: User, mary: User, now: datetime, race: Race[str], attempt: int
) -> None:
    paused, booked = started_mailing_of(alice), mailing_of(alice)
    session.add(Hold(mailing_id=paused.id, kind=HoldKind.PAUSED, placed_by_id=alice.id, placed_at=now))
    paused_id, booked_id, alice_id, mary_id = paused.id, booked.id, alice.id, mary.id
    session.commit()
    results = race(
        [
            outcome(lambda own: resume(own, own.get_one(Mailing, paused_id), now)),
            outcome(lambda own: block_user(own, alice_id, own.get_one(User, mary_id), "spam", now)),
            outcome(lambda own: request_start(own, own.get_one(Mailing, booked_id), now)),
        ]
    )
    assert results[1] == "done"
    for mailing in (paused, booked):
        assert HoldKind.OWNER_BLOCKED in kinds_on(session, mailing, now)
    assert claim_start(session, booked_id, now) is Start.NOT_MINE


def test_two_blocks_at_once_are_one(
    session: Session, alice: User, mary: User, adam: User, now: datetime, race: Race[str]
) -> None:
    mailing = started_mailing_of(alice)
    alice_id, by = alice.id, [mary.id, adam.id]
    session.commit()
    results = race(
        [outcome(lambda own, who=who: block_user(own, alice_id, own.get_one(User, who), "spam", now)) for who in by]
    )
    assert sorted(results) == ["AlreadyBlocked", "done"]
    assert kinds_on(session, mailing, now) == [HoldKind.OWNER_BLOCKED]


def test_who_is_promoted_at_the_moment_of_a_block_is_one_or_the_other(
    session: Session, bob: User, mary: User, now: datetime, race: Race[str]
) -> None:
    bob_id, mary_id = bob.id, mary.id
    session.commit()
    block, _ = race(
        [
            outcome(lambda own: block_user(own, bob_id, own.get_one(User, mary_id), "spam", now)),
            outcome(lambda own: change_role(own, bob_id, Role.MANAGER)),
        ]
    )
    assert block in ("done", "RoleTooHigh")
    assert is_blocked(session, bob) is (block == "done")


def test_the_last_admin_is_neither_demoted_nor_let_go(session: Session, adam: User, alice: User) -> None:
    for role in (Role.USER, Role.MANAGER):
        with pytest.raises(LastAdmin):
            change_role(session, adam.id, role)
    assert is_last_admin(session, adam.id) and not is_last_admin(session, alice.id)
    change_role(session, alice.id, Role.ADMIN)
    change_role(session, adam.id, Role.USER)
    session.refresh(adam)
    assert adam.role is Role.USER


def test_an_admin_who_is_blocked_does_not_count(session: Session, adam: User, bob: User, now: datetime) -> None:
    block_user(session, bob.id, adam, "spam", now)
    change_role(session, bob.id, Role.ADMIN)
    with pytest.raises(LastAdmin):
        change_role(session, adam.id, Role.USER)


@pytest.mark.parametrize("attempt", range(3))
def test_of_two_admins_who_leave_at_once_one_stays(
    session: Session, adam: User, race: Race[str], attempt: int
) -> None:
    other = user_of(session, "eve@mailer.example", role=Role.ADMIN)
    ids = [adam.id, other.id]
    session.commit()
    results = race([outcome(lambda own, who=who: change_role(own, who, Role.USER)) for who in ids])
    assert sorted(results) == ["LastAdmin", "done"]
    assert len(session.scalars(select(User).where(User.role == Role.ADMIN)).all()) == 1


def test_users_are_found_by_name_and_address_in_any_case(session: Session, alice: User) -> None:
    anna = user_of(session, "anna@example.org", "Анна Ёлкина")
    for search in ("ЁЛКИНА", "ANNA@", "анна"):
        assert list(session.scalars(users(search))) == [anna]
    anna.full_name = "Анна Белова"
    session.flush()
    assert list(session.scalars(users("ёлкина"))) == []
    assert list(session.scalars(users("белова anna"))) == []


def test_holdings_are_counted_for_each(session: Session, alice: User, bob: User) -> None:
    mailing_of(alice)
    client_of(alice)
    counted = holdings_of(session, [alice.id, bob.id])
    assert (counted[alice.id].mailings, counted[alice.id].clients) == (1, 2)
    assert (counted[bob.id].mailings, counted[bob.id].clients) == (0, 0)


def test_moderators_see_everybodys_mailings_and_users_their_own(
    session: Session, alice: User, bob: User, mary: User, adam: User
) -> None:
    alices, bobs = mailing_of(alice), mailing_of(bob)
    assert set(session.scalars(visible_mailings(alice))) == {alices}
    for moderator in (mary, adam):
        assert set(session.scalars(visible_mailings(moderator))) == {alices, bobs}


def test_all_mailings_are_searched_by_subject_and_owner(session: Session, alice: User, bob: User) -> None:
    news = mailing_of(alice, message=message_of(alice, "Новости"))
    sale = mailing_of(bob, message=message_of(bob, "Sale"))
    for search, found in (("НОВОСТИ", news), ("bob@", sale), ("ALICE", news)):
        assert list(session.scalars(mailings_of_all(search))) == [found]
    assert news.status is MailingStatus.CREATED
