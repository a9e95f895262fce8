"""Who acts in this request, and from where: what the audit log wants to know."""

from flask import request
from flask_login import current_user

from mailer.domain.audit import Actor
from mailer.models.users import User


def actor(user: User | None = None) -> Actor:
    """The signed-in user; `user` where the request itself has found out who it is, as a login does."""
    known = user or current_user
    return Actor(place(), known.id, known.email)


def stranger(email: str) -> Actor:
    """Somebody who is not signed in, with the address that they typed."""
    return Actor(place(), email=email)


def place() -> str:
    """The visitor's IP address; X-Forwarded-For is heard only from TRUSTED_PROXIES (see trust_proxies)."""
    return request.remote_addr or ""
