"""How often a password may be guessed, an account made, and a letter asked for."""

from flask import request
from flask_login import current_user

from mailer.domain.addresses import address_key
from mailer.web.limits import digest, limited, limited_failures

WRONG_PASSWORDS = "wrong passwords"


def typed_account() -> str:
    """The account that the form names, in any spelling; an address that nobody has is counted like any other."""
    typed = request.form.get("email", "").strip()
    try:
        return digest(address_key(typed))
    except ValueError:
        return digest(typed.casefold())


def own_account() -> str:
    """The account of whoever is signed in."""
    return digest(str(current_user.email_key)) if current_user.is_authenticated else "nobody"


# Ten wrong passwords for one account, wherever they come from, at the login or behind it; and a hundred from one
# place, whatever accounts they are for.
guarded_login = limited_failures(WRONG_PASSWORDS, "10 per 15 minutes", typed_account)
guarded_password = limited_failures(WRONG_PASSWORDS, "10 per 15 minutes", own_account)
guarded_place = limited_failures("wrong passwords from one place", "100 per 15 minutes")

# A school or an office registers from one place; more than this is a machine.
limited_registrations = limited("registrations", "100 per hour")

# Each sends a letter to somebody who may not have asked for it.
limited_resets = limited("resets", "10 per hour", typed_account)
limited_resets_from_place = limited("resets from one place", "60 per hour")
limited_letters = limited("letters", "10 per hour", own_account)
