"""The table of replies: each line finds its like, and real replies get the right party blamed."""

import pytest

from mailer.delivery.causes import Cause
from mailer.delivery.known_replies import (
    AMAVIS,
    EXCHANGE,
    EXIM,
    GMAIL,
    ICLOUD,
    KNOWN_REPLIES,
    MAIL_RU_SEEN,
    MILTER_GREYLIST,
    OUTLOOK,
    OUTLOOK_SEEN,
    POSTFIX,
    POSTGREY,
    SENDGRID,
    SES,
    SES_QUOTA,
    SPAMHAUS,
    YAHOO,
    YANDEX_SEEN,
    YANDEX_SPAM,
    KnownReply,
    cause_of,
    enhanced_code,
)
from mailer.delivery.outcomes import OUTCOMES
from mailer.models.mailings import AttemptStatus, RecipientState, Verdict
from mailer.web.cause_words import CAUSE_WORDS


def as_sent(known: KnownReply) -> tuple[int, str]:
    """A code and words as a server with this line's habits would send them."""
    first = "4" if known.codes == "45" else known.codes
    words = known.words.replace(" … ", " one thing and another ")
    return int(first.ljust(3, "5")), f"{known.enhanced} {words}".strip()


@pytest.mark.parametrize("known", KNOWN_REPLIES, ids=lambda known: f"{known.codes} {known.words} ({known.source})")
def test_each_line_is_reached_and_says_where_it_is_from(known: KnownReply) -> None:
    assert cause_of(*as_sent(known)) is known.cause
    assert known.source


def test_there_are_enough_of_them_and_from_everybody_who_matters() -> None:
    assert len({(known.codes, known.enhanced, known.words) for known in KNOWN_REPLIES}) == len(KNOWN_REPLIES) >= 60
    sources = " ".join(known.source for known in KNOWN_REPLIES).casefold()
    assert all(name in sources for name in ("yandex", "mail.ru", "google", "outlook", "yahoo", "icloud", "postfix"))
    assert all(name in sources for name in ("exim", "exchange", "/ses/", "sendgrid", "mailgun", "greylist"))


def test_every_cause_has_an_outcome_and_words() -> None:
    assert set(OUTCOMES) == set(CAUSE_WORDS) == set(Cause)


# Whole replies as they were seen, with several lines and all that stands around the words that matter.
REAL_REPLIES = [
    (
        554,
        "5.7.1 [2] Message rejected under suspicion of SPAM; https://ya.cc/1IrBc "
        "1665519620-lIqkcXR7PM-KKhqqURM",
        Cause.SPAM_BLOCK,
        YANDEX_SPAM,
    ),
    (
        550,
        "5.7.1 No such user!",
        Cause.NO_SUCH_MAILBOX,
        YANDEX_SEEN,
    ),
    (
        550,
        "Message was not accepted -- invalid mailbox.  Local mailbox anna@mail.ru is unavailable: user not "
        "found",
        Cause.NO_SUCH_MAILBOX,
        MAIL_RU_SEEN,
    ),
    (
        550,
        "Message was not accepted -- invalid mailbox.  Local mailbox anna@mail.ru is unavailable:\nuser is "
        "terminated",
        Cause.MAILBOX_DISABLED,
        MAIL_RU_SEEN,
    ),
    (
        550,
        "5.1.1 The email account that you tried to reach does not exist. Please try\n5.1.1 double-checking "
        "the recipient's email address for typos or\n5.1.1 unnecessary spaces. a1-20020a17.123 - gsmtp",
        Cause.NO_SUCH_MAILBOX,
        GMAIL,
    ),
    (
        550,
        "5.4.5 Daily user sending limit exceeded. For more information on Gmail\n5.4.5 sending limits go "
        "to\n5.4.5  https://support.google.com/a/answer/166852 a1-20020a17.123 - gsmtp",
        Cause.QUOTA_OF_A_DAY,
        GMAIL,
    ),
    (
        421,
        "4.7.28 Our system has detected an unusual rate of unsolicited mail originating\n4.7.28 from your "
        "IP address.",
        Cause.TOO_FAST,
        GMAIL,
    ),
    (
        535,
        "5.7.8 Username and Password not accepted. For more information, go to\n5.7.8  "
        "https://support.google.com/mail",
        Cause.LOGIN_REFUSED,
        GMAIL,
    ),
    (
        452,
        "4.2.2 The recipient's inbox is out of storage space. Please direct the\n4.2.2 recipient to",
        Cause.MAILBOX_FULL,
        GMAIL,
    ),
    (
        550,
        "5.7.1 Unfortunately, messages from [10.10.1.1] weren't sent. Please contact your Internet service "
        "provider since part of their network is on our block list (S3150).",
        Cause.ADDRESS_LISTED,
        OUTLOOK,
    ),
    (
        451,
        "4.7.500 Server busy. Please try again later from [10.10.1.1]. (AS843) "
        "[x.prod.protection.outlook.com]",
        Cause.TOO_FAST,
        OUTLOOK,
    ),
    (
        550,
        "Requested action not taken: mailbox unavailable",
        Cause.NO_SUCH_MAILBOX,
        OUTLOOK_SEEN,
    ),
    (
        550,
        "5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup",
        Cause.NO_SUCH_MAILBOX,
        EXCHANGE,
    ),
    (
        421,
        "4.7.0 [TSS04] Messages from 10.1.1.1 temporarily deferred due to unexpected volume or user "
        "complaints - 4.16.55.1; see https://postmaster.yahooinc.com/error-codes",
        Cause.TOO_FAST,
        YAHOO,
    ),
    (
        421,
        "4.7.1 Messages to anna@icloud.com deferred due to excessive volume. Try again later",
        Cause.TOO_FAST,
        ICLOUD,
    ),
    (
        454,
        "Throttling failure: Daily message quota exceeded",
        Cause.QUOTA_OF_A_DAY,
        SES_QUOTA,
    ),
    (
        421,
        "Too many concurrent SMTP connections; closing connection",
        Cause.TOO_MANY_CONNECTIONS,
        SES,
    ),
    (
        451,
        "Authentication failed: Maximum credits exceeded",
        Cause.QUOTA_OF_A_DAY,
        SENDGRID,
    ),
    (
        550,
        "5.1.1 <anna@example.org>: Recipient address rejected: User unknown in virtual mailbox table",
        Cause.NO_SUCH_MAILBOX,
        POSTFIX,
    ),
    (
        554,
        "5.7.1 <anna@example.org>: Relay access denied",
        Cause.RELAY_REFUSED,
        POSTFIX,
    ),
    (
        450,
        "4.2.0 <anna@example.org>: Recipient address rejected: Greylisted, see "
        "http://postgrey.schweikert.ch/help",
        Cause.GREYLISTED,
        POSTGREY,
    ),
    (
        451,
        "4.7.1 Greylisting in action, please come back in 00:04:59",
        Cause.GREYLISTED,
        MILTER_GREYLIST,
    ),
    (
        554,
        "5.7.1 Service unavailable; Client host [10.1.1.1] blocked using zen.spamhaus.org",
        Cause.ADDRESS_LISTED,
        SPAMHAUS,
    ),
    (
        554,
        "5.7.0 Reject, id=12345-01 - SPAM",
        Cause.LOOKS_LIKE_SPAM,
        AMAVIS,
    ),
    (
        550,
        "relay not permitted",
        Cause.RELAY_REFUSED,
        EXIM,
    ),
]


@pytest.mark.parametrize(("code", "reply", "cause", "source"), REAL_REPLIES, ids=lambda value: str(value)[:40])
def test_a_real_reply_is_recognised(code: int, reply: str, cause: Cause, source: str) -> None:
    assert source
    assert cause_of(code, reply) is cause


@pytest.mark.parametrize("reply", ["", "5.0.0 Nope", "Отказано", "4.1.1 is no such mailbox", "x\n" * 10_000])
def test_what_no_line_fits_is_unknown(reply: str) -> None:
    assert cause_of(550, reply) is None


def test_an_enhanced_code_of_another_class_than_the_code_is_not_believed() -> None:
    assert enhanced_code(450, "5.1.1 go away") == ""
    assert cause_of(450, "5.1.1 go away") is None
    assert enhanced_code(550, "5.1.1 go away") == "5.1.1"


@pytest.mark.parametrize("known", KNOWN_REPLIES, ids=lambda known: f"{known.codes} {known.words}")
def test_a_code_of_4xx_fails_nobody_and_no_fault_of_the_account_does(known: KnownReply) -> None:
    outcome = OUTCOMES[known.cause]
    if known.codes.startswith("4"):
        assert outcome.state is RecipientState.PENDING
    if outcome.verdict is Verdict.ACCOUNT:
        assert (outcome.status, outcome.state) == (AttemptStatus.DEFERRED, RecipientState.PENDING)
        assert outcome.account_hold is not None
