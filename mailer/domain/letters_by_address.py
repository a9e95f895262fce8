"""Whom letters were for, by address and by domain: found through the clients.

A start has no index of addresses to keep, which would make its first letter wait. A client leads to the letters that
went to the address of now, and to those before; only letters to clients who are gone have an index of their own.
"""

from collections.abc import Collection, Sequence

from sqlalchemy import ColumnElement, CompoundSelect, Select, SQLColumnExpression, func, select, union, union_all

from mailer.domain.chosen_ids import these_ids
from mailer.models.clients import Client, FormerAddress
from mailer.models.mailings import Mailing, Recipient
from mailer.models.portable import domain_of, off_index
from mailer.models.transactions import AnySession

Conditions = Sequence[ColumnElement[bool]]


def went_to(owner_id: int, email_key: str) -> ColumnElement[bool]:
    """Whether the recipient of an enclosing select is one of this owner's, with this address."""
    return Recipient.id.in_(ids_with_address([Mailing.owner_id == owner_id], email_key))


def ids_with_address(scope: Conditions, email_key: str) -> CompoundSelect[int]:
    """The recipients with this address in the mailings that fulfil `scope`, as a select of their ids."""
    # SQLite would put what equals the key into the domain's expression, and not find the index for that any more.
    has_key = Recipient.email_key.between(email_key, email_key)
    clients = union(
        select(Client.id).where(_is_owner(Client.owner_id, scope), Client.email_key == email_key),
        select(FormerAddress.client_id).where(
            _is_owner(FormerAddress.owner_id, scope), FormerAddress.email_key == email_key
        ),
    )
    return union_all(
        _through_clients(scope).where(Recipient.client_id.in_(clients), has_key),
        _within(scope).where(*_is_gone(email_key.rpartition("@")[2]), has_key),
    )


def ids_in_domain(
    session: AnySession, scope: Conditions, domain: str, conditions: Conditions, most: int
) -> Collection[int] | None:
    """The recipients with addresses in a domain who fulfil the conditions, in the mailings that fulfil `scope`.

    None where there are more than `most`, or more clients in that domain who would have to be gone through.
    """
    clients = union_all(
        select(Client.id).where(_is_owner(Client.owner_id, scope), domain_of(Client.email_key) == domain),
        select(FormerAddress.client_id).where(
            _is_owner(FormerAddress.owner_id, scope), domain_of(FormerAddress.email_key) == domain
        ),
    )
    some = clients.limit(most + 1).subquery()
    # Counted before they are read: that many objects make Python look through all that it has.
    if session.scalars(select(func.count()).select_from(some)).one() > most:
        return None
    # A former address may be in the same domain as the present one.
    named = these_ids(session, set(session.scalars(clients))).subquery()
    (client_id,) = named.c
    of_clients = _through_clients(scope).join(named, client_id == Recipient.client_id)
    letters = union_all(
        of_clients.where(domain_of(Recipient.email_key) == domain, *conditions),
        _within(scope).where(*_is_gone(domain), *conditions),
    )
    ids = session.scalars(letters.limit(most + 1)).all()
    return None if len(ids) > most else ids


def _is_owner(owner_id: SQLColumnExpression[int], scope: Conditions) -> ColumnElement[bool]:
    return owner_id.in_(select(Mailing.owner_id).where(*scope).distinct())


def _within(scope: Conditions) -> Select[int]:
    return select(Recipient.id).join(Mailing, Mailing.id == Recipient.mailing_id).where(*scope)


def _through_clients(scope: Conditions) -> Select[int]:
    """The same, whom their clients lead to: SQLite would sooner go through all letters of the mailings."""
    return select(Recipient.id).join(Mailing, Mailing.id == off_index(Recipient.mailing_id)).where(*scope)


def _is_gone(domain: str) -> list[ColumnElement[bool]]:
    """That their client is, and they had an address in this domain, in the words of the index."""
    return [Recipient.client_id.is_(None), domain_of(Recipient.email_key) == domain]
