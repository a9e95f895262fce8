"""Whether the visitor has to confirm their address before a mailing of theirs can start."""

from flask import current_app
from flask_login import current_user


def is_confirmation_missing(owner_id: int) -> bool:
    """Whether the visitor owns this and has to confirm the address first; what others lack is theirs to know."""
    is_asked = current_app.config["REQUIRE_CONFIRMED_EMAIL"] and current_user.id == owner_id
    return bool(is_asked and current_user.confirmed_at is None)
