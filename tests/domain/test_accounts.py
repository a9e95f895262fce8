from datetime import datetime
from functools import partial

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from mailer.domain.accounts import register, user_of_session, user_with_email
from mailer.domain.errors import EmailTaken
from mailer.models.users import Role, User
from tests.domain.conftest import Race
from tests.support.factories import user_of

AT_ONCE = 20
HASH = "$argon2id$"


def test_the_first_account_is_admin_and_the_second_is_not(session: Session, now: datetime) -> None:
    first = register(session, "first@mailer.example", HASH, now)
    second = register(session, "second@mailer.example", HASH, now)
    assert (first.role, second.role) == (Role.ADMIN, Role.USER)


def test_twenty_first_registrations_at_once_make_one_admin(session: Session, now: datetime, race: Race[Role]) -> None:
    def registration(number: int, session: Session) -> Role:
        return register(session, f"user{number}@mailer.example", HASH, now).role

    roles = race([partial(registration, number) for number in range(AT_ONCE)])
    assert sorted(roles) == [Role.ADMIN] + [Role.USER] * (AT_ONCE - 1)
    assert session.scalar(select(func.count()).where(User.role == Role.ADMIN)) == 1


def test_registrations_of_one_address_at_once_make_one_account(
    session: Session, now: datetime, race: Race[bool]
) -> None:
    def registration(session: Session) -> bool:
        try:
            register(session, "anna@mailer.example", HASH, now)
        except EmailTaken:
            return False
        return True

    assert sorted(race([registration] * 3)) == [False] * 2 + [True]
    assert session.scalar(select(func.count(User.id))) == 1


def test_an_address_is_taken_in_any_spelling(session: Session, now: datetime) -> None:
    register(session, "Anna@почта.рф", HASH, now)
    with pytest.raises(EmailTaken):
        register(session, "anna@xn--80a1acny.xn--p1ai", HASH, now)
    assert session.scalar(select(func.count(User.id))) == 1


def test_an_account_is_found_by_its_address_in_any_spelling(session: Session) -> None:
    anna = user_of(session, "Anna@mailer.example")
    assert user_with_email(session, " anna@MAILER.example ") is anna
    assert user_with_email(session, "boris@mailer.example") is None
    assert user_with_email(session, "not an address") is None


def test_an_address_counts_as_confirmed_only_where_somebody_answers_for_it(session: Session, now: datetime) -> None:
    assert register(session, "anna@mailer.example", HASH, now).confirmed_at is None
    assert register(session, "boris@mailer.example", HASH, now, is_confirmed=True).confirmed_at == now


def test_a_session_ends_with_a_new_token_and_with_a_block(session: Session, now: datetime) -> None:
    anna = user_of(session, "anna@mailer.example")
    ticket = anna.get_id()
    assert user_of_session(session, ticket) is anna
    anna.blocked_at = now
    assert user_of_session(session, ticket) is None
    anna.blocked_at = None
    anna.session_token = "another one"
    assert user_of_session(session, ticket) is None


@pytest.mark.parametrize("ticket", ["", ".", "1", "1.", "-1.x", "1.wrong", "²." + "x", "99999999.x", "one.token"])
def test_a_forged_session_belongs_to_nobody(session: Session, ticket: str) -> None:
    user_of(session, "anna@mailer.example")
    assert user_of_session(session, ticket) is None
