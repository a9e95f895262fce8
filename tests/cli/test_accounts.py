"""`flask create-user`."""

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from mailer.cli_accounts import create_user
from mailer.domain.accounts import user_with_email
from mailer.domain.passwords import is_password
from mailer.models.audit import Action, AuditEntry
from mailer.models.users import Role, User


def run(app: Flask, *arguments: str, password: str = "correct horse\n") -> tuple[int, str]:
    result = app.test_cli_runner().invoke(create_user, [*arguments, "--password-stdin"], input=password)
    return result.exit_code, result.output


@pytest.mark.parametrize("role", Role)
def test_the_account_has_its_role_and_its_password(app: Flask, session: Session, adam: User, role: Role) -> None:
    session.commit()
    assert run(app, "zoe@Пример.рф", "--role", role.value)[0] == 0
    zoe = user_with_email(session, "zoe@xn--e1afmkfd.xn--p1ai")
    assert zoe is not None and zoe.role is role and zoe.confirmed_at is not None
    assert is_password(zoe.password_hash, "correct horse")


def test_the_first_account_becomes_admin_unless_a_role_is_named(app: Flask, session: Session) -> None:
    assert run(app, "first@example.org")[0] == 0
    assert run(app, "second@example.org")[0] == 0
    assert list(session.scalars(select(User.role).order_by(User.id))) == [Role.ADMIN, Role.USER]


@pytest.mark.parametrize("role", Role)
def test_a_role_that_is_named_is_kept_even_for_the_first_account(app: Flask, session: Session, role: Role) -> None:
    assert run(app, "first@example.org", "--role", role.value)[0] == 0
    assert session.scalars(select(User.role)).one() is role


def test_an_account_that_exists_is_an_error(app: Flask, session: Session, alice: User) -> None:
    session.commit()
    status, output = run(app, "ALICE@mailer.example")
    assert (status, output) == (1, "Error: ALICE@mailer.example has an account already.\n")


@pytest.mark.parametrize("password", ["", "\n", "\r\n"])
def test_an_empty_password_is_refused(app: Flask, session: Session, password: str) -> None:
    assert run(app, "zoe@example.org", password=password) == (1, "Error: The password is empty.\n")
    assert session.scalar(select(User)) is None


def test_what_is_no_address_is_refused(app: Flask) -> None:
    assert run(app, "zoe")[0] == 1


def test_an_unknown_role_is_refused(app: Flask) -> None:
    assert run(app, "zoe@example.org", "--role", "owner")[0] == 2


def test_who_is_made_by_the_command_is_in_the_audit_log(app: Flask, session: Session) -> None:
    run(app, "zoe@example.org", "--role", "manager")
    entry = session.scalars(select(AuditEntry)).one()
    assert (entry.action, entry.thing_name, entry.note) == (Action.CREATE_USER, "zoe@example.org", "manager")
    assert (entry.actor_email, entry.place) == ("", "command line")
