"""What is behind a reply that Mailer knows, in plain words: what it means, and what to do."""

from flask_babel import lazy_gettext as _l

from mailer.delivery.causes import Cause

NOTHING = _l("Nothing: Mailer tries again by itself, inside the window.")
CORRECT_ADDRESS = _l("Correct the address if you know a better one. If not, leave it: it will never arrive.")
HOLD_LIFTED = _l("An admin puts it right, and then presses “Try now”. Until then nothing is sent, and nobody is lost.")

# Each with its meaning and with what to do.
CAUSE_WORDS = {
    Cause.NO_SUCH_MAILBOX: (_l("There is no such mailbox."), CORRECT_ADDRESS),
    Cause.NO_SUCH_DOMAIN: (
        _l("The part after the @ takes no mail: it is misspelt, or no longer exists."), CORRECT_ADDRESS
    ),
    Cause.BAD_ADDRESS: (_l("The address is not written as addresses are."), CORRECT_ADDRESS),
    Cause.MAILBOX_DISABLED: (_l("The mailbox exists no more, or has been closed."), CORRECT_ADDRESS),
    Cause.MAILBOX_MOVED: (
        _l("The mailbox has moved, and nothing is forwarded."), _l("Ask the person for the new address.")
    ),
    Cause.MAILBOX_FULL: (
        _l("The mailbox is full."),
        _l("Nothing: Mailer tries again by itself, inside the window. If it stays full, tell the person another way."),
    ),
    Cause.RECIPIENT_REFUSES: (
        _l("The recipient’s server takes no mail from us for this mailbox: a rule of theirs forbids it."),
        _l("Ask the person, or their administrator, to allow our address."),
    ),
    Cause.LOOKS_LIKE_SPAM: (
        _l("The server takes the letter for spam."),
        _l("Change the text before you send it to anybody else: fewer links, no shouting, the reason why they get it."),
    ),
    Cause.BAD_LINK: (
        _l("A link or a domain in the letter is on a list of bad ones."),
        _l("Take the link out, or find out at the list’s own site why it is there."),
    ),
    Cause.DANGEROUS: (
        _l("The server takes something in the letter for a danger to the reader."),
        _l("Take out what it could be: a strange link, or a file."),
    ),
    Cause.TOO_LARGE: (_l("The letter is larger than the server allows."), _l("Make it shorter.")),
    Cause.MALFORMED: (
        _l("The server finds the letter’s form at fault."),
        _l("Show this reply to the people who run this installation."),
    ),
    Cause.LOGIN_REFUSED: (
        _l("The mail server does not take our user name or password."),
        _l("An admin puts MAIL_USERNAME and MAIL_PASSWORD right; many providers ask for one made for a program."),
    ),
    Cause.LOGIN_NEEDED: (
        _l("The mail server wants a login, and none was made."),
        _l("An admin sets MAIL_USERNAME and MAIL_PASSWORD."),
    ),
    Cause.ENCRYPTION_NEEDED: (
        _l("The mail server wants an encrypted connection."),
        _l("An admin sets MAIL_USE_TLS=1, or MAIL_USE_SSL=1."),
    ),
    Cause.SENDER_REFUSED: (
        _l("The account may not send from our address."),
        _l("An admin sets MAIL_DEFAULT_SENDER to an address that belongs to the account, or has it verified there."),
    ),
    Cause.RELAY_REFUSED: (
        _l("The mail server does not pass on our mail to others."),
        _l("An admin checks that MAIL_SERVER is the account’s own server, and that it logs in."),
    ),
    Cause.DOMAIN_UNPROVEN: (
        _l("The server cannot see that the letter truly comes from our domain."),
        _l("An admin sets up SPF, DKIM and DMARC for the sender’s domain, as the provider describes."),
    ),
    Cause.ACCOUNT_CLOSED: (
        _l("The provider has closed our account for sending."),
        _l("An admin asks the provider why, and has it opened again."),
    ),
    Cause.SPAM_BLOCK: (
        _l("The provider takes us for a source of spam, and blocks the account for 24 hours. Each try prolongs it."),
        _l("Wait: Mailer makes no connection until the block has ended. Check the text, and SPF, DKIM and DMARC."),
    ),
    Cause.ADDRESS_LISTED: (_l("The address that our mail comes from is on a list of senders of spam."), HOLD_LIFTED),
    Cause.QUOTA_OF_A_DAY: (
        _l("The account has sent as much as it may in a day."),
        _l("Wait: Mailer goes on by itself when there is room again. An admin can tell it the limit with MAIL_LIMITS."),
    ),
    Cause.QUOTA_OF_AN_HOUR: (
        _l("The account has sent as much as it may for now."),
        _l("Wait: Mailer goes on by itself. An admin can tell it the limit with MAIL_LIMITS."),
    ),
    Cause.TOO_MANY_LOGINS: (
        _l("The mail server has seen too many logins in a short time."),
        _l("Wait: Mailer goes on by itself. Fewer connections help (MAIL_CONNECTIONS)."),
    ),
    Cause.GREYLISTED: (
        _l("The server puts off whoever it does not know yet, and takes the letter at the second try."), NOTHING
    ),
    Cause.TOO_FAST: (_l("The server finds that we send too fast."), NOTHING),
    Cause.TOO_MANY_CONNECTIONS: (_l("The server has too many connections at once."), NOTHING),
    Cause.MAILBOX_BUSY: (_l("The mailbox gets too much mail at this moment."), NOTHING),
    Cause.SERVER_BUSY: (_l("The server is busy, or being worked on."), NOTHING),
    Cause.SERVER_FULL: (_l("The server has run out of space."), NOTHING),
    Cause.NOT_NOW: (_l("The server cannot take the letter just now."), NOTHING),
}
