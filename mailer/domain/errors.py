"""What the rules refuse: one class per refusal. Views turn them into words."""

from datetime import datetime


class Refused(Exception):
    """The base of all refusals."""


class EmailTaken(Refused):
    """The address is already on file with this owner, or already has an account."""


class AddressErased(Refused):
    """The address was erased at the person's wish, so it must not come on file."""


class ChangedMeanwhile(Refused):
    """It was saved by somebody else since it was read."""


class RegistrationClosed(Refused):
    """Nobody may register here."""


class LinkVoid(Refused):
    """The link of a letter is altered, expired, used or void."""


class LastAdmin(Refused):
    """Without this account nobody could administrate the installation."""


class AddressNotConfirmed(Refused):
    """The owner of the mailing has not confirmed the address yet, and has to."""


class OwnerBlocked(Refused):
    """The account is blocked, so nothing of its owner's may begin."""


class RoleTooHigh(Refused):
    """Whoever asks may not do this to a user of that role."""


class AlreadyBlocked(Refused):
    """The user is blocked already."""


class NotBlocked(Refused):
    """The user is not blocked."""


class WindowOver(Refused):
    """The mailing's end has passed."""

    def __init__(self, end_time: datetime) -> None:
        super().__init__(end_time)
        self.end_time = end_time


class EmptyAudience(Refused):
    """No client would be written to."""


class AlreadyStarted(Refused):
    """The mailing has started, so it can no longer be edited or started again."""


class NotStarted(Refused):
    """The mailing is not under way."""


class NotCompleted(Refused):
    """The mailing is not completed yet."""


class MailingHeld(Refused):
    """The mailing is paused or disabled."""


class StillSending(Refused):
    """Letters of this mailing are being handed over at this moment."""


class MessageInUse(Refused):
    """Mailings that have not started still need this message."""

    def __init__(self, mailing_count: int) -> None:
        super().__init__(mailing_count)
        self.mailing_count = mailing_count


class NotYoursToLift(Refused):
    """The person, or the mail server, has said that this address is not to be written to; the owner cannot unsay it."""


class NothingToResend(Refused):
    """None of the recipients asked for may be written to again."""
