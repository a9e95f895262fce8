"""The user's own messages, from which every view of this package starts."""

from flask_login import current_user

from mailer.domain.messages import messages_of
from mailer.extensions import db
from mailer.models.messages import Message


def own_message(message_id: int, *, is_locked: bool = False) -> Message:
    """The user's message; 404 for anybody else's. Locked, it stays as it is until the transaction ends."""
    own = messages_of(current_user.id).where(Message.id == message_id)
    message: Message = db.first_or_404(own.with_for_update() if is_locked else own)
    return message
