"""Mail addresses: what is accepted, how two are compared, and how one is written into an envelope."""

import idna
from email_validator import EmailNotValidError, validate_email

MAX_LOCAL_PART_LENGTH = 64


class AddressRefused(ValueError):
    """Not an address that mail can be sent to; the text says why, in English."""


def normal_address(text: str) -> str:
    """The address as it is shown: checked by RFC 5321 and 5322, the domain in Unicode and lower case.

    The local part must be ASCII, because an SMTP server without SMTPUTF8 (RFC 6531) takes no other, and has at most
    64 octets (RFC 5321, 4.5.3.1.1). Raises AddressRefused.
    """
    try:
        address = validate_email(text.strip(), check_deliverability=False, allow_smtputf8=False)
    except EmailNotValidError as error:
        raise AddressRefused(str(error)) from error
    if len(address.local_part) > MAX_LOCAL_PART_LENGTH:
        raise AddressRefused(f"The part before the @ has more than {MAX_LOCAL_PART_LENGTH} characters.")
    return address.normalized


def address_key(address: str) -> str:
    """What two spellings of one mailbox have in common: casefolded, the domain in ASCII (RFC 5890)."""
    return envelope_address(address).casefold()


def envelope_address(address: str) -> str:
    """The address in ASCII for MAIL and RCPT (RFC 5321, 2.3.11): the domain as A-labels, the local part untouched."""
    if address.isascii():
        return address
    local_part, _, domain = address.rpartition("@")
    return f"{local_part}@{idna.encode(domain, uts46=True).decode('ascii')}"


def domain_key(domain: str) -> str:
    """A domain as the keys of addresses have it; what can be none stays as it is, and is nobody's."""
    text = domain.strip().removeprefix("@").casefold()
    try:
        return text if text.isascii() else idna.encode(text, uts46=True).decode("ascii")
    except idna.IDNAError:
        return text
