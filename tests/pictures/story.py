"""What the pictures show: a stationer with a year of mailings, one of them under way.

Everything follows from the numbers below and from one moment, so that each run tells the same.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import repeat
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from mailer.domain.clock import database_now
from mailer.domain.holds import hold_mailing
from mailer.models.clients import Client, SuppressionReason
from mailer.models.lanes import HoldKind
from mailer.models.mailings import Attempt, AttemptStatus, Mailing, MailingStatus, Recipient, RecipientState, Verdict
from mailer.models.messages import Message
from mailer.models.users import Role, User
from tests.support.factories import (
    client_row,
    mailing_of,
    message_of,
    recipients_of,
    session_of,
    started_mailing_of,
    suppress,
    user_of,
)

# A name, and how it is written in an address. 40 and 31 have no divisor in common, so that no two clients are alike.
FIRST_NAMES = (
    "Anna", "Boris", "Ирина irina", "Clara", "Дмитрий dmitri", "Elena", "Felix", "Галина galina", "Hanna", "Игорь igor",
    "Julia", "Ксения ksenia", "Lukas", "Марина marina", "Nora", "Олег oleg", "Paula", "Роман roman", "Sofia",
    "Тамара tamara", "Uwe", "Вера vera", "Wilma", "Яна yana", "Zoé zoe", "Артём artjom", "Birgit", "Глеб gleb", "David",
    "Евгения evgenia", "Frida", "Инна inna", "Jonas", "Кирилл kirill", "Lidia", "Михаил michail", "Nikolai",
    "Полина polina", "Rita", "Степан stepan",
)
LAST_NAMES = (
    "Albrecht", "Blomqvist", "Carlson", "Danko", "Ekström ekstrom", "Fuchs", "Gruber", "Horváth horvath",
    "Ivanko", "Jansen", "Koval", "Lindqvist", "Moroz", "Novák novak", "Orlik", "Peeters", "Romanko", "Silva", "Tamm",
    "Urban", "Vogel", "Weber", "Yilmaz", "Zieliński zielinski", "Bauer", "Kask", "Sokol", "Petrenko", "Marek", "Lepik",
    "Hansen",
)
DOMAINS = ("school5.example", "atelier-nord.example", "post.example", "office.example", "gymnasium.example")
COMMENTS = ("Notebooks A5, once a month", "", "School no. 5, orders in August", "By invoice", "", "Бумага и картон")

CLIENTS = 1240
BODY = """Hello,

the notebooks for the new term have come: A5 and A4, squared and lined, with the sturdy covers that you know. Until the
end of the month ten of them cost as much as eight.

Come by, or answer this letter with what you need, and we put it aside for you.

Yours, Irina Sokolova
Bellflower Stationery, Mill Lane 4"""

SUBJECTS = ("Autumn price list", "Paper of the month, 15 % off", "Closed on Monday", "Gift cards for December")


@dataclass(frozen=True)
class Reply:
    """An answer of a mail server, and what it means for the recipient."""

    state: RecipientState
    status: AttemptStatus
    verdict: Verdict
    code: int | None
    words: str


TAKEN = Reply(RecipientState.ACCEPTED, AttemptStatus.SUCCESS, Verdict.ACCEPTED, 250, "2.0.0 Ok: queued as 4Xk{:05}")
GONE = Reply(RecipientState.FAILED, AttemptStatus.FAILED, Verdict.RECIPIENT, 550, "5.1.1 <{}>: user unknown")
CLOSED = Reply(RecipientState.FAILED, AttemptStatus.FAILED, Verdict.RECIPIENT, 550, "5.2.1 This mailbox is disabled")
LOST = Reply(RecipientState.UNKNOWN, AttemptStatus.UNKNOWN, Verdict.UNKNOWN, None, "the server closed the connection")
LATER = Reply(
    RecipientState.PENDING, AttemptStatus.DEFERRED, Verdict.TEMPORARY, 451, "4.7.1 Greylisted, try again in 5 minutes"
)


@dataclass(frozen=True)
class Story:
    """Who looks at the pages, and the mailings that the pictures show."""

    owner: User
    admin: User
    mailings: dict[str, Mailing]


def tell(session: Session) -> Story:
    """Fill an empty installation."""
    admin = user_of(session, "admin@bellflower.example", "Admin", Role.ADMIN)
    owner = user_of(session, "irina@bellflower.example", "Irina Sokolova")
    owner.time_zone = "Europe/Riga"
    now = database_now(session)
    session.execute(insert(Client), [row_of(number, owner.id, now) for number in range(CLIENTS)])
    clients = list(session.scalars(select(Client).order_by(Client.id)))
    suppress(owner, *(client.email for client in clients[5::90]))
    suppress(owner, *(client.email for client in clients[40::400]), reason=SuppressionReason.BY_HAND)
    messages = [message_of(owner, subject, BODY) for subject in SUBJECTS]
    for days, first, last in ((27, 0, 640), (21, 300, 720), (19, 700, 1060), (13, 0, 1100)):
        over(owner, messages[1], clients[first:last], now - timedelta(days=days), failed=days // 2, unknown=0)
    prices = over(owner, messages[0], clients[:1180], now - timedelta(days=6), failed=14, unknown=1)
    running = under_way(owner, message_of(owner, "Notebooks for the new term", BODY), now)
    booked = mailing_of(owner, message=messages[2], clients=clients[:86], starts_in=timedelta(days=2, hours=3))
    december = mailing_of(owner, message=messages[3], starts_in=timedelta(days=6), lasts=timedelta(hours=9))
    hold_mailing(session, december.id, HoldKind.PAUSED, now, placed_by_id=owner.id)
    session.commit()
    return Story(owner, admin, {"running": running, "completed": prices, "booked": booked, "paused": december})


def row_of(number: int, owner_id: int, now: datetime) -> dict[str, Any]:
    names = (FIRST_NAMES[number % len(FIRST_NAMES)].split(), LAST_NAMES[number % len(LAST_NAMES)].split())
    name = " ".join(written[0] for written in names)
    email = ".".join(written[-1].lower() for written in names) + f"@{DOMAINS[number % len(DOMAINS)]}"
    return client_row(owner_id, email, name, COMMENTS[number % len(COMMENTS)], now)


def over(
    owner: User, message: Message, clients: Sequence[Client], at: datetime, *, failed: int, unknown: int
) -> Mailing:
    """A completed mailing that began at this time and took half an hour."""
    mailing = started_mailing_of(owner, message=message, clients=clients)
    pending = recipients_of(mailing, RecipientState.PENDING)
    bad = [*repeat(GONE, failed * 2 // 3), *repeat(CLOSED, failed - failed * 2 // 3), *repeat(LOST, unknown)]
    replies = [*bad, *repeat(TAKEN, len(pending) - len(bad))]
    answer(owner, pending, replies, at, at + timedelta(minutes=31))
    mailing.start_time, mailing.end_time = at, at + timedelta(hours=4)
    mailing.started_at, mailing.completed_at = at, at + timedelta(minutes=31)
    mailing.status = MailingStatus.COMPLETED
    return mailing


def under_way(owner: User, message: Message, now: datetime) -> Mailing:
    """A mailing two thirds of which are through."""
    mailing = started_mailing_of(owner, message=message, lasts=timedelta(hours=3))
    pending = recipients_of(mailing, RecipientState.PENDING)
    replies = [*repeat(TAKEN, 801), *repeat(GONE, 5), *repeat(CLOSED, 2), LOST, *repeat(LATER, 12)]
    # In an order that looks like chance.
    mixed = [replies[number * 499 % len(replies)] for number in range(len(replies))]
    answer(owner, pending[: len(mixed)], mixed, now - timedelta(minutes=22), now)
    for recipient in pending[len(mixed) : len(mixed) + 8]:
        recipient.state, recipient.tries = RecipientState.BEGUN, 1
    mailing.start_time = mailing.started_at = now - timedelta(minutes=22)
    return mailing


def answer(
    owner: User, recipients: Sequence[Recipient], replies: Sequence[Reply], first: datetime, last: datetime
) -> None:
    """The replies to these recipients, one after the other from `first` to `last`."""
    session = session_of(owner)
    attempts = []
    for number, (recipient, reply) in enumerate(zip(recipients, replies, strict=True), 1):
        # Not quite evenly, as in life.
        place = number / len(recipients)
        at = first + (last - first) * (place + math.sin(place * 20) / 60 * (1 - place))
        recipient.state, recipient.tries, recipient.changed_at = reply.state, 1, at
        recipient.next_attempt_at = last + timedelta(minutes=5) if reply is LATER else None
        words = reply.words.format(recipient.email if reply is GONE else recipient.id * 7919 % 100000)
        attempts.append(attempt_row(recipient, reply, words, at))
    session.flush()
    session.execute(insert(Attempt), attempts)


def attempt_row(recipient: Recipient, reply: Reply, words: str, at: datetime) -> dict[str, Any]:
    return {
        "mailing_id": recipient.mailing_id,
        "recipient_id": recipient.id,
        "attempted_at": at,
        "status": reply.status,
        "verdict": reply.verdict,
        "code": reply.code,
        "reply": words,
        "letter_id": f"{recipient.mailing_id}.{recipient.id}@bellflower.example",
    }
