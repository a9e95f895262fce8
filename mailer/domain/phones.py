"""Phone numbers: read in any spelling, kept in one."""

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat


class PhoneRefused(ValueError):
    """Not a number that can be called."""


def normal_phone(text: str, country: str) -> str:
    """The number in the form +79161234567 (E.164). One without + is read as it is dialled within the country.

    Raises PhoneRefused.
    """
    try:
        number = phonenumbers.parse(text, country or None)
    except NumberParseException as error:
        raise PhoneRefused(str(error)) from error
    if not phonenumbers.is_valid_number(number):
        raise PhoneRefused("There is no such number.")
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


def shown_phone(phone: str) -> str:
    """The number as people write it: +7 916 123-45-67."""
    return phonenumbers.format_number(phonenumbers.parse(phone), PhoneNumberFormat.INTERNATIONAL)
