"""The cast: Alice owns things, Bob is a colleague, Charlie is nobody special, Mary is a manager, Adam is admin."""

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from mailer.models.users import Role, User
from tests.support.factories import user_of
from tests.support.visitor import Visitor, visitor


@pytest.fixture
def adam(session: Session) -> User:
    return user_of(session, "adam@mailer.example", "Adam", Role.ADMIN)


@pytest.fixture
def mary(session: Session) -> User:
    return user_of(session, "mary@mailer.example", "Mary", Role.MANAGER)


@pytest.fixture
def alice(session: Session) -> User:
    return user_of(session, "alice@mailer.example", "Alice", Role.USER)


@pytest.fixture
def bob(session: Session) -> User:
    return user_of(session, "bob@mailer.example", "Bob", Role.USER)


@pytest.fixture
def charlie(session: Session) -> User:
    return user_of(session, "charlie@mailer.example", "Charlie", Role.USER)


@pytest.fixture
def anonymous(app: Flask, session: Session) -> Visitor:
    return visitor(app, session)


@pytest.fixture
def as_admin(app: Flask, session: Session, adam: User) -> Visitor:
    return visitor(app, session, adam)


@pytest.fixture
def as_manager(app: Flask, session: Session, mary: User) -> Visitor:
    return visitor(app, session, mary)


@pytest.fixture
def as_alice(app: Flask, session: Session, alice: User) -> Visitor:
    return visitor(app, session, alice)


@pytest.fixture
def as_bob(app: Flask, session: Session, bob: User) -> Visitor:
    return visitor(app, session, bob)


@pytest.fixture
def as_charlie(app: Flask, session: Session, charlie: User) -> Visitor:
    return visitor(app, session, charlie)
