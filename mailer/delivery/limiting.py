"""A turn at the fence under the limits of the account: it begins, and claims, no more than they leave."""

from collections.abc import Callable, Collection
from dataclasses import replace

from mailer.delivery.claims import Turn, Wishes
from mailer.delivery.ledger import Ledger
from mailer.domain.limits import Limits


def take_limited(
    ledger: Ledger,
    limits: Limits,
    now: float,
    wishes: Wishes,
    begun_before: Collection[int],
    take: Callable[[Wishes], Turn],
) -> Turn:
    """Take a turn within the transaction that has locked the ledger, and write down the letters that it began.

    `begun_before` are those that an earlier turn has begun whose answer was lost: they stand on the ledger already.
    Letters for which no room is left go back, as if they had not been asked for.
    """
    ledger.tidy(now)
    room = ledger.left(limits.for_mailings(), now).letters
    fresh = [recipient_id for recipient_id in wishes.begin if recipient_id not in begun_before]
    allowed, refused = fresh[:room], fresh[room:]
    room -= len(allowed)
    turn = take(
        replace(
            wishes,
            begin=[*begun_before, *allowed],
            give_back=[*wishes.give_back, *refused],
            claim_count=min(wishes.claim_count, room),
        )
    )
    begun = len(turn.begun.intersection(allowed))
    if begun:
        ledger.put(begun, now)
    left = ledger.left(limits.for_mailings(), now)
    more_in = None if left.more_at is None else max(0.0, left.more_at - now)
    return replace(turn, room=room, left=left.letters, more_in=more_in)
