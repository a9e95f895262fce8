"""How an erased address is recognized although it is kept nowhere, so that nobody writes to it again.

What is kept is an HMAC (RFC 2104) of owner and address under a key of this installation. Who has the table alone learns
nothing from it; who has the whole database, the key among it, can try out guesses.

Every way by which an address comes on file asks here first, so a start, a chooser and an import need not ask again:
nobody can be chosen or written to who is not on file.
"""

import hashlib
import hmac
import secrets
from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ColumnElement, select

from mailer.domain.addresses import address_key
from mailer.domain.errors import AddressErased
from mailer.models.erased import ErasedAddress
from mailer.models.mailings import Recipient
from mailer.models.portable import domain_of
from mailer.models.statements import insert_into
from mailer.models.transactions import AnySession
from mailer.models.users import SharedSetting, User

KEY_NAME = "ERASED_KEY"
_KEY_BYTES = 32

# What stands where an address was; no mail server takes it (RFC 2606, 2), and nobody's name can be read from it.
ERASED_DOMAIN = "erased.invalid"


def is_placeholder(email: str) -> bool:
    """Whether this stands where an erased address was."""
    return email.endswith(f"@{ERASED_DOMAIN}")


def is_erased_recipient() -> ColumnElement[bool]:
    """Whether the recipient of an enclosing statement has been erased."""
    return domain_of(Recipient.email_key) == ERASED_DOMAIN


def erased_among(session: AnySession, owner_id: int, email_keys: Collection[str]) -> set[str]:
    """Those of these addresses that were erased for this owner, and must not come on file.

    Until the transaction ends no other one is erased for them: ask before you write.
    """
    # Shared with all who write, and waited for by who erases.
    session.execute(select(User.id).where(User.id == owner_id).with_for_update(read=True, key_share=True))
    return _recognized(session, owner_id, email_keys)


def is_erased(session: AnySession, owner_id: int, email: str) -> bool:
    """Whether this address was erased for this owner; for who only reads."""
    return bool(_recognized(session, owner_id, [address_key(email)]))


def require_not_erased(session: AnySession, owner_id: int, email: str) -> None:
    """Raises AddressErased for an address that must not come on file."""
    if erased_among(session, owner_id, [address_key(email)]):
        raise AddressErased(email)


def _recognized(session: AnySession, owner_id: int, email_keys: Collection[str]) -> set[str]:
    key = _key(session)
    if key is None:
        return set()
    digests = {_digest(key, owner_id, email_key): email_key for email_key in email_keys}
    found = select(ErasedAddress.digest).where(
        ErasedAddress.owner_id == owner_id, ErasedAddress.digest.in_(digests.keys())
    )
    return {digests[digest] for digest in session.scalars(found)}


def remember_erased(session: AnySession, owner_id: int, email_key: str, now: datetime) -> None:
    """Recognize this address from now on. The first one makes the key; however many try at once, all agree on one."""
    setting = insert_into(session, SharedSetting)
    made = setting.values(name=KEY_NAME, value=secrets.token_hex(_KEY_BYTES), updated_at=now)
    session.execute(made.on_conflict_do_nothing())
    key = _key(session)
    assert key is not None
    row = insert_into(session, ErasedAddress).values(
        owner_id=owner_id, digest=_digest(key, owner_id, email_key), erased_at=now
    )
    session.execute(row.on_conflict_do_nothing())


def _key(session: AnySession) -> bytes | None:
    value = session.scalar(select(SharedSetting.value).where(SharedSetting.name == KEY_NAME))
    return None if value is None else bytes.fromhex(value)


def _digest(key: bytes, owner_id: int, email_key: str) -> str:
    return hmac.new(key, f"{owner_id} {email_key}".encode(), hashlib.sha256).hexdigest()
