"""A lane: one worker's run at one mailing, until nothing is left or something better waits.

The lane owns up to `connections` SMTP sessions, none of which can hold up the others, and talks to the database
only through its fence, one turn at a time.
"""

import enum
import logging
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from mailer.delivery.answering import answer_to
from mailer.delivery.claiming import Claiming
from mailer.delivery.claims import Answer, Claim, DatabaseAway, Fence, Turn, Wishes
from mailer.delivery.compose import Composer
from mailer.delivery.lease import Watch
from mailer.delivery.letters import Letters
from mailer.delivery.outcomes import (
    REFUSED_RECIPIENT,
    TEMPORARY,
    UNKNOWN,
    UNREACHABLE,
    Outcome,
    Stage,
    classify,
    reply_text,
)
from mailer.delivery.pool import ConnectionFailed, Pool
from mailer.delivery.smtp import Broken, Event, Ready, Reply, Session
from mailer.models.lanes import HoldKind
from mailer.models.mailings import AttemptStatus, RecipientState

logger = logging.getLogger(__name__)

# The lane hands its mailing on before RQ's own timeout would end it; see mailer.delivery.queues.
LONGEST_RUN_SECONDS = 3000
# Without news the lane looks around this often.
LISTEN_SECONDS = 0.25
# A turn waits for the news of further connections until there is a lull of the one, and at most the other.
LULL_SECONDS = 0.001
LONGEST_GATHERING_SECONDS = 0.01
# A polite stop waits this long for answers that are under way.
STOP_PATIENCE_SECONDS = 6
# A lane that lost its token waits this long for answers that are under way.
LATE_ANSWER_SECONDS = 60
DATABASE_PAUSE_SECONDS = 1
# Lines that break one after the other right after their final dot, without one answer between them.
BREAKS_IN_A_ROW = 3
# Recorded failures after which the lane looks at how its mailing does as a whole.
FAILURES_BETWEEN_LOOKS = 10
# For a portion of the account's limits a lane waits so long; for a later one its mailing is woken.
PORTION_PATIENCE_SECONDS = 15


class End(enum.Enum):
    """Why a lane ended."""

    DRY = "nothing is left to claim"
    SHUT = "the mailing is held, over, or its window is shut"
    ACCOUNT_HELD = "the account is held"
    LIMITED = "the account's limits leave nothing for now"
    YIELDED = "other work waits"
    STOPPED = "the worker was asked to stop"
    LOST = "the lane lost its token"


@dataclass(frozen=True)
class AccountTrouble:
    """What the account is to be held for."""

    outcome: Outcome
    code: int | None
    words: str


class Lane:
    """One run. `run` returns when the lane has let go of everything it held."""

    def __init__(
        self,
        *,
        fence: Fence,
        pool: Pool,
        composer: Composer,
        token: str,
        watch: Watch,
        retry_delay: float,
        stop_requested: Callable[[], bool],
        hold_account: Callable[[AccountTrouble], None],
        probe_answered: Callable[[bool], bool],
        mind_results: Callable[[], None],
        is_probe: bool = False,
    ) -> None:
        """`hold_account` and `probe_answered` tell the installation what this lane learned of its account.

        `mind_results` is called after some failures, to look whether the mailing should go on at all. The lane that
        is the probe after a hold has one letter under way at a time, until `probe_answered` (whose
        argument tells whether the letter was taken) says that nothing holds the account any more.
        """
        self._fence = fence
        self._pool = pool
        self._letters = Letters(composer, token)
        self._watch = watch
        self._retry_delay = retry_delay
        self._stop_requested = stop_requested
        self._hold_account = hold_account
        self._probe_answered = probe_answered
        self._mind_results = mind_results
        # Failures that are recorded, and at which nobody has looked yet.
        self._failures = 0
        self._is_probe = is_probe
        self._full_size = pool.size
        if is_probe:
            pool.size = 1
        self._spare: deque[Claim] = deque()
        self._answers: list[Answer] = []
        self._give_back: list[int] = []
        self._ready: list[Session] = []
        self._end: End | None = None
        self._breaks_in_a_row = 0
        # Of a lane that ended for its limits: the seconds until there is room for another letter.
        self.wakes_in = 0.0
        self._claiming = Claiming()
        self._began_at = time.monotonic()
        self._give_up_at = float("inf")

    def run(self) -> End:
        """Deliver until there is an end; the reason for it."""
        try:
            while not self._is_over():
                self._hear()
                self._look_around()
                if self._is_turn_due():
                    self._act_on(self._take_turn())
                self._spread()
        finally:
            self._pool.close()
            self._fence.close()
        if self._failures:
            self._look_at_results()
        assert self._end is not None
        return self._end

    # What the servers say ---------------------------------------------------------------------------------------

    def _hear(self) -> None:
        """Take what the servers have said; and since a turn costs much the same for one letter as for twenty, wait
        for the other connections too, as long as their news keep coming."""
        is_busy = bool(self._answers or self._ready or self._give_back)
        # Whoever holds nobody hears nothing, and may have somebody.
        is_empty = not (is_busy or self._holds_anybody())
        is_idle = is_empty and self._claiming.is_worth_a_turn and self._wanted_claims() > 0
        self._take(*self._pool.listen(0 if is_busy or is_idle else LISTEN_SECONDS))
        until = time.monotonic() + LONGEST_GATHERING_SECONDS
        while self._may_gather() and time.monotonic() < until:
            if not self._take(*self._pool.listen(LULL_SECONDS)):
                break

    def _may_gather(self) -> bool:
        return self._end is None and 0 < len(self._ready) < len(self._pool.sessions)

    def _take(self, events: Sequence[tuple[Session, Event]], failures: Sequence[ConnectionFailed]) -> bool:
        """Act on what was heard; False if that was nothing."""
        for session, event in events:
            if isinstance(event, Ready):
                self._ready.append(session)
            elif isinstance(event, Reply):
                self._take_reply(event)
            else:
                self._take_break(session, event)
        for failure in failures:
            self._take_failure(failure)
        return bool(events or failures)

    def _take_reply(self, reply: Reply) -> None:
        self._breaks_in_a_row = 0
        words = reply_text(reply.words)
        outcome = classify(reply.stage, reply.code, words)
        self._answer(reply.claim, outcome, reply.code, words, is_begun=reply.stage is Stage.DOT)
        if outcome.account_hold is not None:
            self._stop_account(AccountTrouble(outcome, reply.code, words))
        elif self._is_probe and self._probe_answered(outcome.state is RecipientState.ACCEPTED):
            self._is_probe = False
            self._pool.size = self._full_size

    def _take_break(self, session: Session, broken: Broken) -> None:
        if session in self._ready:
            self._ready.remove(session)
        if broken.unanswered is not None:
            self._answer(broken.unanswered, UNKNOWN, None, broken.words, is_begun=True)
        if broken.cut_off is not None:
            self._answer(broken.cut_off, TEMPORARY, broken.code, broken.words, is_begun=True, is_line_broken=True)
        if broken.unbegun is not None:
            self._spare.appendleft(broken.unbegun)
        failure = ConnectionFailed(UNREACHABLE, broken.code, broken.words)
        if broken.unanswered is not None:
            # The server had taken an envelope and a letter: it can be reached, unless that happens time and again.
            self._breaks_in_a_row += 1
            if self._breaks_in_a_row >= BREAKS_IN_A_ROW:
                self._stop_account(AccountTrouble(failure.outcome, failure.code, failure.words))
        elif not session.letters_answered:
            self._take_failure(failure, is_somebodys=broken.unbegun is not None)

    def _take_failure(self, failure: ConnectionFailed, *, is_somebodys: bool = True) -> None:
        """A connection that did nothing: other ones carry on without it; without any other, the account waits.

        The attempt is logged for the recipient who was, or would have been, the first on this connection.
        """
        is_unreachable = failure.outcome.account_hold is HoldKind.UNREACHABLE
        works_elsewhere = any(not session.is_broken for session in self._pool.sessions) or self._pool.opening
        if is_unreachable and works_elsewhere:
            self._pool.rest()
            return
        if self._end is None:
            if self._spare and is_somebodys:
                self._answer(self._spare.popleft(), failure.outcome, failure.code, failure.words, is_begun=False)
            self._stop_account(AccountTrouble(failure.outcome, failure.code, failure.words))

    def _stop_account(self, trouble: AccountTrouble) -> None:
        if self._end is not End.ACCOUNT_HELD:
            self._hold_account(trouble)
            self._end = End.ACCOUNT_HELD

    def _answer(
        self,
        claim: Claim,
        outcome: Outcome,
        code: int | None,
        words: str,
        *,
        is_begun: bool,
        is_line_broken: bool = False,
    ) -> None:
        answer = answer_to(
            claim,
            outcome,
            code,
            words,
            letter_id=self._letters.letter_id(claim) if is_begun else None,
            retry_delay=self._retry_delay,
            is_line_broken=is_line_broken,
        )
        self._answers.append(answer)

    # Reasons to end ---------------------------------------------------------------------------------------------

    def _look_around(self) -> None:
        if self._watch.is_lost:
            self._lose()
        if self._end is None and self._pool.is_forbidden:
            self._end = End.ACCOUNT_HELD
        if self._end is None:
            if self._stop_requested() or self._watch.is_parent_gone:
                self._end = End.STOPPED
                self._give_up_at = time.monotonic() + STOP_PATIENCE_SECONDS
            elif self._watch.is_wanted_elsewhere or time.monotonic() - self._began_at > LONGEST_RUN_SECONDS:
                self._end = End.YIELDED
        if self._end is not None:
            self._let_go()

    def _lose(self) -> None:
        """Nothing begins any more; late answers may still settle what the sweep called unknown."""
        if self._end is not End.LOST:
            self._end = End.LOST
            self._give_up_at = time.monotonic() + LATE_ANSWER_SECONDS

    def _let_go(self) -> None:
        """Give back whatever has not begun, and after a while give up on whatever has."""
        self._give_back += [claim.recipient_id for claim in self._spare]
        self._spare.clear()
        self._ready.clear()
        is_patience_over = time.monotonic() >= self._give_up_at
        for session in self._pool.sessions:
            if session.claim_delivering is not None and not is_patience_over:
                continue
            if session.claim_delivering is not None:
                words = "the worker was stopped before the server answered"
                self._answer(session.claim_delivering, UNKNOWN, None, words, is_begun=True)
            if session.claim_offered is not None:
                self._give_back.append(session.claim_offered.recipient_id)
            self._pool.part(session)

    def _is_over(self) -> bool:
        return self._end is not None and not (self._holds_anybody() or self._answers or self._give_back)

    def _holds_anybody(self) -> bool:
        return next(self._held(), None) is not None

    def _held(self) -> Iterator[Claim]:
        """Whom this lane holds, as far as it knows."""
        yield from self._spare
        for session in self._pool.sessions:
            yield from (claim for claim in (session.claim_delivering, session.claim_offered) if claim is not None)

    # Turns ------------------------------------------------------------------------------------------------------

    def _is_turn_due(self) -> bool:
        return bool(self._answers or self._ready or self._give_back or self._wanted_claims())

    def _wanted_claims(self) -> int:
        """One claim for every connection that has none or is about to have none; and some ahead, where it goes fast."""
        if self._end is not None or (self._is_probe and self._holds_anybody()):
            return 0
        offered = sum(session.claim_offered is not None for session in self._pool.sessions)
        free = len(self._pool.sessions) - offered
        lacking = free + len(self._ready) + self._pool.room - len(self._spare)
        return self._claiming.wanted(lacking, offered + len(self._spare))

    def _take_turn(self) -> Turn:
        """One turn at the fence, repeated until the database has answered."""
        begin = [session.claim_offered.recipient_id for session in self._ready if session.claim_offered is not None]
        wishes = Wishes(self._answers, begin, self._give_back, self._wanted_claims(), self._claiming.after)
        turn = self._insist_on(wishes)
        self._failures += sum(answer.outcome.status is AttemptStatus.FAILED for answer in self._answers)
        if self._failures >= FAILURES_BETWEEN_LOOKS:
            self._look_at_results()
        self._answers, self._give_back = [], []
        self._claiming.learn(wishes.claim_count, turn)
        self._mind_the_limits(turn)
        return turn

    def _insist_on(self, wishes: Wishes) -> Turn:
        """Take the turn, as often as it takes until the database has answered.

        A lane that is to stop still waits for it a while. Then it raises DatabaseAway: what was begun stays begun in
        the database, and a sweep will call it unknown.
        """
        give_up_at = float("inf")
        while True:
            try:
                return self._fence.turn(wishes, self._make_letters)
            except DatabaseAway as error:
                logger.warning("The database does not answer, the turn will be repeated: %s", error)
                if self._stop_requested() or self._watch.is_parent_gone:
                    give_up_at = min(give_up_at, time.monotonic() + STOP_PATIENCE_SECONDS)
                if time.monotonic() >= give_up_at:
                    raise
                # Nobody knows whether the turn was committed: what it may have claimed unheard is given back.
                held = [claim.recipient_id for claim in self._held()]
                wishes.held = [*held, *(answer.recipient_id for answer in self._answers)]
                time.sleep(DATABASE_PAUSE_SECONDS)

    def _make_letters(self) -> None:
        self._letters.make_ahead(session.claim_offered for session in self._ready if session.claim_offered is not None)

    def _look_at_results(self) -> None:
        self._failures = 0
        self._mind_results()

    def _mind_the_limits(self, turn: Turn) -> None:
        """Where the account's limits leave nothing for long, the mailing is woken when there is more."""
        is_idle = not turn.claims and not self._holds_anybody()
        if self._end is None and is_idle and turn.more_in is not None and turn.more_in > PORTION_PATIENCE_SECONDS:
            self._end, self.wakes_in = End.LIMITED, turn.more_in

    def _act_on(self, turn: Turn) -> None:
        ready, self._ready = self._ready, []
        self._spare.extend(turn.claims)
        for session in ready:
            claim = session.claim_offered
            if claim is None or claim.recipient_id not in turn.begun:
                # The server waits for a letter that must not go out: cutting the line takes the envelope back.
                self._pool.drop(session)
                continue
            session.deliver(self._letters.take(claim, turn.now))
        self._letters.end_turn(turn.now)
        if not turn.is_lane_alive:
            self._lose()
        elif self._end is None and not turn.is_open:
            self._end = End.SHUT
        elif self._end is None and self._claiming.is_dry and not (turn.claims or self._holds_anybody()):
            self._end = End.DRY

    def _spread(self) -> None:
        """Hand spare claims to connections that can take one, and open connections for the rest."""
        if self._end is not None:
            return
        for session in self._pool.sessions:
            if self._spare and session.claim_offered is None and not session.is_broken:
                self._offer(session, self._spare.popleft())
        self._pool.open_more(len(self._spare) - self._pool.opening)
        self._pool.push()

    def _offer(self, session: Session, claim: Claim) -> None:
        try:
            envelope = self._letters.envelope(claim)
        except ValueError as error:
            words = f"the address cannot be written into an envelope: {error}"
            self._answer(claim, REFUSED_RECIPIENT, None, words, is_begun=False)
            return
        session.offer(claim, envelope)
