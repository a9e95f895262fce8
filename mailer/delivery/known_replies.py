"""The replies of mail servers that Mailer knows by code, enhanced code (RFC 3463) and words.

A line names the codes that it is about (`5` is every 5xx), the enhanced code (empty: whatever it is, or none), and
words that the reply holds in any case; "…" stands for anything between them. The first line that fits decides, so
the words of one provider come before words that anybody may use, and bare codes come last. To add a reply, add a
line where its like are, with the place where it can be read.
"""

import re
from typing import NamedTuple

from mailer.delivery.causes import Cause


class KnownReply(NamedTuple):
    """One line of the table."""

    codes: str
    enhanced: str
    words: str
    cause: Cause
    source: str


GMAIL = "support.google.com/a/answer/3726730"
GMAIL_SENDERS = "support.google.com/a/answer/81126"
YANDEX_SPAM = "yandex.com/support/mail/bounces/yandex/message-rejected-under-suspicion-of-spam.html"
YANDEX_LIMITS = "yandex.com/support/mail/web/letter/create/send-many-letters.html"
YANDEX_CLIENTS = "yandex.com/support/mail/mail-clients/others.html"
YANDEX_SEEN = "pastebin.com/UWADPXYL, an Exim log of mx.yandex.ru"
MAIL_RU = "mailout.ru/2015/09, replies of smtp.mail.ru and mxs.mail.ru explained"
MAIL_RU_SEEN = "pastebin.com/UWADPXYL and pastebin.com/agyCEHx8, logs of mxs.mail.ru"
MAIL_RU_RULES = "help.mail.ru/mail-help/postmaster/dmarc"
RUCENTER = "nic.ru/help/mail-diagnostics-and-troubleshooting_14426.html"
OUTLOOK = "wordtothewise.com/2017/10/troubleshooting-and-codes"
OUTLOOK_SEEN = "pastebin.com/pnX6jKVc, replies of live.com and live.fr"
OUTLOOK_SENDERS = "techcommunity.microsoft.com, Outlook's new requirements for high-volume senders (May 2025)"
EXCHANGE = "learn.microsoft.com/exchange/troubleshoot/email-delivery/ndr/non-delivery-reports-in-exchange-online"
EXCHANGE_LIMITS = "learn.microsoft.com/office365/servicedescriptions/exchange-online-service-description"
YAHOO = "senders.yahooinc.com/smtp-error-codes"
YAHOO_SEEN = "smtp.codes/yahoo"
ICLOUD = "smtp.codes/icloud"
SES = "docs.aws.amazon.com/ses/latest/dg/smtp-response-codes.html"
SES_QUOTA = "docs.aws.amazon.com/ses/latest/dg/manage-sending-quotas-errors.html"
SES_ERRORS = "docs.aws.amazon.com/ses/latest/dg/troubleshoot-error-messages.html"
SENDGRID = "twilio.com/docs/sendgrid/for-developers/sending-email/smtp-errors-and-troubleshooting"
MAILGUN = "help.mailgun.com, SMTP error codes; help.marketomation.com/knowledge-base/smtp-error-code-tables"
SMTP2GO = "support.smtp2go.com/hc/en-gb/articles/13990494697369-Common-Sending-Errors"
POSTFIX = "postfix.org: src/smtpd/smtpd_check.c and postconf(5)"
POSTFIX_CLEANUP = "postfix.org: src/cleanup/cleanup_message.c and header_checks(5)"
EXIM = "exim.org: src/acl.c, test suite and the default configure"
DOVECOT = "doc.dovecot.org: quota plugin, quota_exceeded_message"
SPAMHAUS = "spamhaus.org: reply to a listed client; postconf(5), default_rbl_reply"
AMAVIS = "amavis.org: amavisd, D_REJECT through Postfix"
RSPAMD = "rspamd.com/doc/modules/greylisting.html"
POSTGREY = "postgrey.schweikert.ch: --greylist-text"
MILTER_GREYLIST = "milter-greylist.c, mlfi_envrcpt: \"451 4.7.1 Greylisting in action\""
SQLGREY = "sqlgrey.sourceforge.net: sqlgrey, reject_first_attempt"
SENDMAIL = "sendmail.org: srvrsmtp.c, daemon.c, deliver.c"
NETEASE = "mail.163.com/help/help_spam_16.htm"
SMTP_RFC = "RFC 5321, 4.2.3"
AUTH_RFC = "RFC 4954, 6"
CODES_RFC = "RFC 3463, 3"
CODES_IANA = "iana.org/assignments/smtp-enhanced-status-codes"

K, C = KnownReply, Cause

KNOWN_REPLIES = (
    # Yandex. Its block lasts a day, and each try prolongs it.
    K("5", "", "Message rejected under suspicion of SPAM", C.SPAM_BLOCK, YANDEX_SPAM),
    K("5", "", "Spam limit exceeded", C.SPAM_BLOCK, YANDEX_LIMITS),
    K("5", "", "Blocked by spam statistics", C.SPAM_BLOCK, YANDEX_SPAM),
    K("45", "", "Sender address rejected: not owned by auth user", C.SENDER_REFUSED, YANDEX_CLIENTS),
    K("535", "", "This user does not have access rights to this service", C.LOGIN_REFUSED, YANDEX_CLIENTS),
    K("550", "", "No such user!", C.NO_SUCH_MAILBOX, YANDEX_SEEN),

    # Mail.ru, and Rucenter.
    K("550", "", "Message was not accepted -- invalid mailbox … account is disabled", C.MAILBOX_DISABLED, MAIL_RU_SEEN),
    K("550", "", "Message was not accepted -- invalid mailbox … user is terminated", C.MAILBOX_DISABLED, MAIL_RU_SEEN),
    K("550", "", "Message was not accepted -- invalid mailbox", C.NO_SUCH_MAILBOX, MAIL_RU_SEEN),
    K("550", "", "Mailbox is frozen", C.MAILBOX_DISABLED, MAIL_RU_SEEN),
    K("550", "", "message sending for this account is disabled", C.ACCOUNT_CLOSED, MAIL_RU),
    K("550", "", "spam message rejected", C.LOOKS_LIKE_SPAM, MAIL_RU),
    K("550", "", "not accepted due to domain owner DMARC policy", C.DOMAIN_UNPROVEN, MAIL_RU_RULES),
    K("5", "", "NEOBHODIM parol prilozheniya", C.LOGIN_REFUSED, MAIL_RU),
    K("45", "", "User quota exceeded", C.MAILBOX_FULL, MAIL_RU),
    K("451", "", "Ratelimit exceeded for mailbox", C.QUOTA_OF_AN_HOUR, MAIL_RU),
    K("451", "", "prohibited. Disk quota exceeded", C.MAILBOX_FULL, RUCENTER),

    # Gmail and Google Workspace.
    K("550", "", "Daily user sending limit exceeded", C.QUOTA_OF_A_DAY, GMAIL),
    K("550", "", "Daily user sending quota exceeded", C.QUOTA_OF_A_DAY, GMAIL),
    K("550", "", "Daily SMTP relay limit exceeded", C.QUOTA_OF_A_DAY, GMAIL),
    K("4", "", "Peak SMTP relay limit exceeded", C.TOO_FAST, GMAIL),
    K("4", "4.2.1", "receiving mail too quickly", C.MAILBOX_BUSY, GMAIL),
    K("4", "4.2.1", "receiving mail at a rate that prevents additional messages", C.MAILBOX_BUSY, GMAIL),
    K("550", "", "receiving mail at a rate that prevents additional messages", C.RECIPIENT_REFUSES, GMAIL),
    K("4", "4.7.28", "unusual rate of", C.TOO_FAST, GMAIL),
    K("421", "", "unusual rate of unsolicited mail originating from your IP address", C.TOO_FAST, GMAIL),
    K("550", "", "this message is likely unsolicited mail", C.LOOKS_LIKE_SPAM, GMAIL),
    K("550", "", "this message is likely suspicious", C.LOOKS_LIKE_SPAM, GMAIL),
    K("5", "", "very low reputation of the sending", C.ADDRESS_LISTED, GMAIL_SENDERS),
    K("552", "", "content presents a potential security issue", C.DANGEROUS, GMAIL),
    K("550", "5.7.26", "unauthenticated email from", C.DOMAIN_UNPROVEN, GMAIL),
    K("550", "5.7.26", "sender is unauthenticated", C.DOMAIN_UNPROVEN, GMAIL_SENDERS),
    K("45", "", "Gmail requires all senders to authenticate", C.DOMAIN_UNPROVEN, GMAIL_SENDERS),
    K("534", "", "Application-specific password required", C.LOGIN_REFUSED, GMAIL),
    K("535", "", "Username and Password not accepted", C.LOGIN_REFUSED, GMAIL),
    K("454", "", "Too many login attempts", C.TOO_MANY_LOGINS, GMAIL),
    K("530", "", "Must issue a STARTTLS command first", C.ENCRYPTION_NEEDED, GMAIL),
    K("550", "", "The email account that you tried to reach does not exist", C.NO_SUCH_MAILBOX, GMAIL),
    K("550", "", "The email account that you tried to reach is disabled", C.MAILBOX_DISABLED, GMAIL),
    K("550", "", "The email account that you tried to reach is inactive", C.MAILBOX_DISABLED, GMAIL),
    K("45", "", "The email account that you tried to reach is over quota", C.MAILBOX_FULL, GMAIL),
    K("45", "", "recipient's inbox is out of storage space", C.MAILBOX_FULL, GMAIL),
    K("550", "", "Messages missing a valid … From: header", C.MALFORMED, GMAIL),
    K("552", "", "Your message exceeded Google's message size limits", C.TOO_LARGE, GMAIL),

    # Outlook.com and Exchange.
    K("550", "", "part of their network is on our block list", C.ADDRESS_LISTED, OUTLOOK),
    K("5", "5.7.515", "does not meet the required authentication level", C.DOMAIN_UNPROVEN, OUTLOOK_SENDERS),
    K("5", "", "Access denied, banned send", C.ADDRESS_LISTED, EXCHANGE),
    K("5", "", "Access denied, traffic not accepted from this IP", C.ADDRESS_LISTED, EXCHANGE),
    K("5", "", "Access denied, tenant has exceeded threshold", C.ACCOUNT_CLOSED, EXCHANGE),
    K("5", "5.1.90", "reached your daily limit for message recipients", C.QUOTA_OF_A_DAY, EXCHANGE),
    K("5", "", "exceeded its daily limit for sending email to external recipients", C.QUOTA_OF_A_DAY, EXCHANGE),
    K("5", "", "SubmissionQuotaExceededException", C.QUOTA_OF_A_DAY, EXCHANGE_LIMITS),
    K("4", "4.3.2", "Concurrent connections limit exceeded", C.TOO_MANY_CONNECTIONS, EXCHANGE_LIMITS),
    K("5", "", "SendAsDenied", C.SENDER_REFUSED, EXCHANGE),
    K("5", "5.7.57", "not authenticated to send", C.LOGIN_NEEDED, EXCHANGE),
    K("535", "", "SmtpClientAuthentication is disabled", C.LOGIN_REFUSED, EXCHANGE),
    K("535", "", "basic authentication is disabled", C.LOGIN_REFUSED, EXCHANGE),
    K("5", "", "RESOLVER.ADR.RecipientNotFound", C.NO_SUCH_MAILBOX, EXCHANGE),
    K("5", "", "RESOLVER.RST.AuthRequired", C.RECIPIENT_REFUSES, EXCHANGE),
    K("432", "", "recipient thread limit exceeded", C.MAILBOX_BUSY, EXCHANGE),
    K("451", "", "Server busy. Please try again later from", C.TOO_FAST, OUTLOOK),
    K("550", "", "Requested action not taken: mailbox unavailable", C.NO_SUCH_MAILBOX, OUTLOOK_SEEN),

    # Yahoo, and what it runs (AOL, AT&T, Comcast).
    K("421", "", "temporarily deferred due to", C.TOO_FAST, YAHOO),
    K("421", "", "[TSS04]", C.TOO_FAST, YAHOO),
    K("553", "", "[BL2", C.ADDRESS_LISTED, YAHOO),
    K("421", "", "Max message per connection reached", C.NOT_NOW, YAHOO_SEEN),
    K("554", "", "This user doesn't have a yahoo.com account", C.NO_SUCH_MAILBOX, YAHOO),
    K("554", "", "This mailbox is disabled", C.MAILBOX_DISABLED, YAHOO),
    K("554", "5.7.9", "Message not accepted for policy reasons", C.LOOKS_LIKE_SPAM, YAHOO),
    K("451", "", "Resources temporarily", C.SERVER_BUSY, YAHOO_SEEN),

    # iCloud.
    K("421", "", "deferred due to excessive volume", C.TOO_FAST, ICLOUD),
    K("5", "", "Message rejected due to local policy", C.LOOKS_LIKE_SPAM, ICLOUD),
    K("550", "", "rejected due to … DMARC policy", C.DOMAIN_UNPROVEN, ICLOUD),
    K("550", "", "having a domain present in the Spamhaus DBL", C.BAD_LINK, ICLOUD),
    K("451", "", "Service unavailable - try again later", C.SERVER_BUSY, ICLOUD),
    K("550", "", "user does not exist", C.NO_SUCH_MAILBOX, ICLOUD),

    # Relays: Amazon SES, SendGrid, Mailgun, SMTP2GO.
    K("454", "", "Daily message quota exceeded", C.QUOTA_OF_A_DAY, SES_QUOTA),
    K("454", "", "Maximum sending rate exceeded", C.TOO_FAST, SES_QUOTA),
    K("421", "", "Too many concurrent SMTP connections", C.TOO_MANY_CONNECTIONS, SES),
    K("554", "", "Email address is not verified", C.SENDER_REFUSED, SES_ERRORS),
    K("554", "", "Sending suspended for this account", C.ACCOUNT_CLOSED, SES_ERRORS),
    K("554", "", "Sending paused for this account", C.ACCOUNT_CLOSED, SES_ERRORS),
    K("554", "", "Address is on the suppression list", C.NO_SUCH_MAILBOX, SES_ERRORS),
    K("535", "", "Authentication Credentials Invalid", C.LOGIN_REFUSED, SES),
    K("45", "", "Maximum credits exceeded", C.QUOTA_OF_A_DAY, SENDGRID),
    K("4", "", "too frequent connects from", C.TOO_FAST, SENDGRID),
    K("5", "", "does not match a verified Sender Identity", C.SENDER_REFUSED, SENDGRID),
    K("5", "", "Free accounts are for test purposes only", C.ACCOUNT_CLOSED, MAILGUN),
    K("5", "", "is not allowed to send:", C.ACCOUNT_CLOSED, MAILGUN),
    K("45", "", "recipient limit exceeded", C.QUOTA_OF_AN_HOUR, MAILGUN),
    K("550", "", "sender domain not verified", C.SENDER_REFUSED, SMTP2GO),
    K("535", "", "Incorrect authentication data", C.LOGIN_REFUSED, SMTP2GO),

    # Block lists.
    K("5", "", "blocked using", C.ADDRESS_LISTED, SPAMHAUS),
    K("5", "", "spamhaus.org", C.ADDRESS_LISTED, SPAMHAUS),
    K("4", "", "blocked using", C.NOT_NOW, POSTFIX),

    # Greylisting.
    K("4", "", "Greylisting in action, please come back", C.GREYLISTED, MILTER_GREYLIST),
    K("4", "", "Recipient address rejected: Greylisted", C.GREYLISTED, POSTGREY),
    K("4", "", "Greylisted for", C.GREYLISTED, SQLGREY),
    K("4", "", "greylist", C.GREYLISTED, POSTGREY),
    K("4", "", "grey list", C.GREYLISTED, SQLGREY),
    K("451", "4.7.1", "Try again later", C.GREYLISTED, RSPAMD),

    # Postfix, Exim, Sendmail, and what stands behind them.
    K("5", "", "User unknown in", C.NO_SUCH_MAILBOX, POSTFIX),
    K("5", "", "Sender address rejected: not owned by user", C.SENDER_REFUSED, POSTFIX),
    K("5", "", "Sender address rejected", C.SENDER_REFUSED, POSTFIX),
    K("45", "", "Relay access denied", C.RELAY_REFUSED, POSTFIX),
    K("5", "", "relay not permitted", C.RELAY_REFUSED, EXIM),
    K("5", "", "Relaying denied", C.RELAY_REFUSED, SENDMAIL),
    K("5", "", "Recipient address rejected: Domain not found", C.NO_SUCH_DOMAIN, POSTFIX),
    K("5", "", "Client host rejected: Access denied", C.RELAY_REFUSED, POSTFIX),
    K("5", "", "Recipient address rejected: Access denied", C.RECIPIENT_REFUSES, POSTFIX),
    K("5", "", "user unknown", C.NO_SUCH_MAILBOX, SENDMAIL),
    K("5", "", "Unrouteable address", C.NO_SUCH_MAILBOX, EXIM),
    K("5", "", "No such user here", C.NO_SUCH_MAILBOX, EXIM),
    K("5", "", "Message size exceeds", C.TOO_LARGE, POSTFIX),
    K("5", "", "Message too big", C.TOO_LARGE, EXIM),
    K("5", "", "message content rejected", C.LOOKS_LIKE_SPAM, POSTFIX_CLEANUP),
    K("5", "", "Reject, id=", C.LOOKS_LIKE_SPAM, AMAVIS),
    K("5", "", "classified as spam", C.LOOKS_LIKE_SPAM, EXIM),
    K("5", "", "lines too long for transport", C.MALFORMED, EXIM),
    K("5", "", "contains malware", C.DANGEROUS, EXIM),
    K("5", "", "virus", C.DANGEROUS, AMAVIS),
    K("452", "", "Insufficient system storage", C.SERVER_FULL, POSTFIX),
    K("4", "", "too many connections", C.TOO_MANY_CONNECTIONS, POSTFIX),
    K("4", "", "Connection rate limit exceeded", C.TOO_FAST, SENDMAIL),
    K("5", "", "has exceeded the max emails per hour", C.QUOTA_OF_AN_HOUR, EXIM),
    K("5", "", "user suspended", C.MAILBOX_DISABLED, NETEASE),

    # A quota, by whatever name. "Mailbox" and "over quota" speak of the recipient's own space.
    K("45", "", "mailbox full", C.MAILBOX_FULL, MAIL_RU),
    K("45", "", "mailbox is full", C.MAILBOX_FULL, EXIM),
    K("45", "", "Quota exceeded (mailbox for user is full)", C.MAILBOX_FULL, DOVECOT),
    K("45", "", "over quota", C.MAILBOX_FULL, SENDMAIL),
    K("45", "", "daily … quota", C.QUOTA_OF_A_DAY, SES_QUOTA),
    K("45", "", "daily … limit", C.QUOTA_OF_A_DAY, GMAIL),
    K("45", "", "hourly … limit", C.QUOTA_OF_AN_HOUR, EXIM),
    K("45", "", "sending limit", C.QUOTA_OF_AN_HOUR, GMAIL),
    K("45", "", "sending quota", C.QUOTA_OF_AN_HOUR, EXCHANGE_LIMITS),

    # Codes alone. Those of the login are the account's wherever they come.
    K("535", "", "", C.LOGIN_REFUSED, AUTH_RFC),
    K("534", "", "", C.LOGIN_REFUSED, AUTH_RFC),
    K("538", "", "", C.ENCRYPTION_NEEDED, AUTH_RFC),
    K("530", "5.7.0", "STARTTLS", C.ENCRYPTION_NEEDED, "RFC 3207, 4"),
    K("530", "", "", C.LOGIN_NEEDED, AUTH_RFC),
    K("5", "5.1.1", "", C.NO_SUCH_MAILBOX, CODES_RFC),
    K("5", "5.1.2", "", C.NO_SUCH_DOMAIN, CODES_RFC),
    K("5", "5.1.3", "", C.BAD_ADDRESS, CODES_RFC),
    K("5", "5.1.6", "", C.MAILBOX_MOVED, CODES_RFC),
    K("5", "5.1.7", "", C.SENDER_REFUSED, CODES_RFC),
    K("5", "5.1.8", "", C.SENDER_REFUSED, CODES_RFC),
    K("5", "5.1.10", "", C.NO_SUCH_DOMAIN, CODES_IANA),
    K("5", "5.2.1", "", C.MAILBOX_DISABLED, CODES_RFC),
    K("5", "5.2.2", "", C.MAILBOX_FULL, CODES_RFC),
    K("4", "4.2.2", "", C.MAILBOX_FULL, CODES_RFC),
    K("5", "5.2.3", "", C.TOO_LARGE, CODES_RFC),
    K("5", "5.3.4", "", C.TOO_LARGE, CODES_RFC),
    K("5", "5.6.0", "", C.MALFORMED, CODES_RFC),
    K("5", "5.7.20", "", C.DOMAIN_UNPROVEN, CODES_IANA),
    K("5", "5.7.23", "", C.DOMAIN_UNPROVEN, CODES_IANA),
    K("5", "5.7.26", "", C.DOMAIN_UNPROVEN, CODES_IANA),
    K("4", "4.2.1", "", C.MAILBOX_BUSY, CODES_RFC),
    K("4", "4.3.1", "", C.SERVER_FULL, CODES_RFC),
    K("4", "4.3.2", "", C.SERVER_BUSY, CODES_RFC),
    K("4", "4.7.28", "", C.TOO_FAST, GMAIL),
    K("421", "", "", C.SERVER_BUSY, SMTP_RFC),
)

# An enhanced code stands before the words, on each line of a reply that has several.
_ENHANCED = re.compile(r"^([245]\.\d{1,3}\.\d{1,3})\b", re.MULTILINE)
_SPACE = re.compile(r"\s+")
_SPLIT = [(*known, tuple(part.casefold() for part in known.words.split(" … "))) for known in KNOWN_REPLIES]


def enhanced_code(code: int, reply: str) -> str:
    """The enhanced code of a reply; empty where it has none, or one of another class than its code (RFC 2034, 4)."""
    found = _ENHANCED.search(reply)
    return found[1] if found is not None and found[1][0] == str(code)[0] else ""


def cause_of(code: int, reply: str) -> Cause | None:
    """What is behind a refusal; None when no line of the table fits."""
    digits, enhanced = str(code), enhanced_code(code, reply)
    # Replies of several lines break their sentences anywhere, and repeat the enhanced code at each break.
    words = _SPACE.sub(" ", _ENHANCED.sub("", reply)).casefold()
    for codes, wanted, _words, cause, _source, parts in _SPLIT:
        is_code = digits.startswith(codes) or (codes == "45" and digits[0] in codes)
        if is_code and (not wanted or wanted == enhanced) and _holds(words, parts):
            return cause
    return None


def _holds(words: str, parts: tuple[str, ...]) -> bool:
    position = 0
    for part in parts:
        found = words.find(part, position)
        if found < 0:
            return False
        position = found + len(part)
    return True
