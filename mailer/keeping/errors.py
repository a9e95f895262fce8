"""Why a backup or a restore was not made."""


class KeepingRefused(Exception):
    """A reason to leave everything as it is; the text is meant for a person, and says what to do about it."""
