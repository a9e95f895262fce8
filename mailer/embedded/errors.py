"""What can keep `make run` from starting."""


class StartError(Exception):
    """A reason not to start; the text is meant for a person, and says what to do about it."""
