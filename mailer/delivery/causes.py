"""What can be behind a mail server's reply. The words for each are in mailer.web.cause_words."""

import enum


class Cause(enum.Enum):
    """Why a letter was not taken; the comment says whose side each group is on."""

    # The recipient's.
    NO_SUCH_MAILBOX = "no such mailbox"
    NO_SUCH_DOMAIN = "no such domain"
    BAD_ADDRESS = "bad address"
    MAILBOX_DISABLED = "mailbox disabled"
    MAILBOX_MOVED = "mailbox moved"
    MAILBOX_FULL = "mailbox full"
    RECIPIENT_REFUSES = "the recipient's server does not want our mail"

    # The letter's.
    LOOKS_LIKE_SPAM = "looks like spam"
    BAD_LINK = "a link or address in the letter is on a block list"
    DANGEROUS = "virus or dangerous attachment"
    TOO_LARGE = "too large"
    MALFORMED = "malformed"

    # The account's.
    LOGIN_REFUSED = "login refused"
    LOGIN_NEEDED = "login needed"
    ENCRYPTION_NEEDED = "encryption needed"
    SENDER_REFUSED = "sender refused"
    RELAY_REFUSED = "relay refused"
    DOMAIN_UNPROVEN = "SPF, DKIM or DMARC"
    ACCOUNT_CLOSED = "account closed"
    SPAM_BLOCK = "blocked as a source of spam for a day"
    ADDRESS_LISTED = "our address is on a block list"
    QUOTA_OF_A_DAY = "quota of a day used up"
    QUOTA_OF_AN_HOUR = "quota of an hour, or of no named time, used up"
    TOO_MANY_LOGINS = "too many logins"

    # Nobody's: it passes.
    GREYLISTED = "greylisted"
    TOO_FAST = "too fast"
    TOO_MANY_CONNECTIONS = "too many connections"
    MAILBOX_BUSY = "mailbox busy"
    SERVER_BUSY = "server busy"
    SERVER_FULL = "server out of space"
    NOT_NOW = "a passing trouble"
