"""The user's own clients, from which every view of this package starts."""

from flask_login import current_user

from mailer.domain.clients import clients_of
from mailer.domain.suppressions import with_suppressions
from mailer.extensions import db
from mailer.models.clients import Client


def own_client(client_id: int, *, is_locked: bool = False) -> Client:
    """The user's client, read anew; 404 for anybody else's. Locked, it stays as it is until the transaction ends."""
    own = with_suppressions(clients_of(current_user.id).where(Client.id == client_id))
    own = own.execution_options(populate_existing=True)
    client: Client = db.first_or_404(own.with_for_update() if is_locked else own)
    return client


def name_of(client: Client) -> str:
    return client.full_name or client.email
