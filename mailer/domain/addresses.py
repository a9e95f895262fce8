"""Mail addresses: what is accepted, how two are compared, and how one is written into an envelope."""

import idna
from email_validator import EmailNotValidError, validate_email


class AddressRefused(ValueError):
    """Not an address that mail can be sent to; the text says why, in English."""


def normal_address(text: str) -> str:
    """The address as it is shown: checked by RFC 5321 and 5322, the domain in Unicode and lower case.

    The local part must be ASCII, because an SMTP server without SMTPUTF8 (RFC 6531) takes no other.
    Raises AddressRefused.
    """
    try:
        return validate_email(text.strip(), check_deliverability=False, allow_smtputf8=False).normalized
    except EmailNotValidError as error:
        raise AddressRefused(str(error)) from error


def address_key(address: str) -> str:
    """What two spellings of one mailbox have in common: casefolded, the domain in ASCII (RFC 5890)."""
    return envelope_address(address).casefold()


def envelope_address(address: str) -> str:
    """The address in ASCII for MAIL and RCPT (RFC 5321, 2.3.11): the domain as A-labels, the local part untouched."""
    if address.isascii():
        return address
    local_part, _, domain = address.rpartition("@")
    return f"{local_part}@{idna.encode(domain, uts46=True).decode('ascii')}"
