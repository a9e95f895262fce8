"""Who must not be written to: several reasons for one address, and whose word takes which of them back."""

from datetime import datetime
from io import BytesIO

import pytest
from sqlalchemy.orm import Session

from mailer.domain.clients import clients_of
from mailer.domain.errors import NotYoursToLift
from mailer.domain.importing import Problem, RefusedLine
from mailer.domain.suppression_files import BATCH_SIZE, suppress_file
from mailer.domain.suppressions import (
    is_suppressed,
    lift,
    suppress,
    suppress_clients,
    suppressions_of,
    with_suppressions,
)
from mailer.models.clients import Suppression, SuppressionReason
from mailer.models.users import User
from tests.domain.conftest import Race
from tests.support.factories import client_of, clients_with


def active(session: Session, owner: User, search: str = "") -> list[tuple[str, str]]:
    entries = session.scalars(suppressions_of(owner.id, search).order_by(Suppression.id))
    return [(entry.email, entry.reason.value) for entry in entries]


def test_an_address_is_suppressed_once_for_each_reason(session: Session, alice: User, now: datetime) -> None:
    assert suppress(session, alice.id, "Anna@example.org", SuppressionReason.BY_HAND, now)
    assert not suppress(session, alice.id, "anna@EXAMPLE.org", SuppressionReason.BY_HAND, now)
    assert suppress(session, alice.id, "anna@example.org", SuppressionReason.UNSUBSCRIBED, now)
    assert [reason for _, reason in active(session, alice)] == ["by_hand", "unsubscribed"]


def test_two_at_once_make_one_entry(session: Session, alice: User, now: datetime, race: Race[bool]) -> None:
    owner_id = alice.id
    session.commit()

    def say_no(session: Session) -> bool:
        return suppress(session, owner_id, "anna@example.org", SuppressionReason.UNSUBSCRIBED, now)

    assert sorted(race([say_no] * 5)) == [False] * 4 + [True]


def test_an_entry_of_one_owner_is_nothing_to_another(session: Session, alice: User, bob: User, now: datetime) -> None:
    suppress(session, alice.id, "anna@example.org", SuppressionReason.UNSUBSCRIBED, now)
    assert is_suppressed(session, alice.id, "ANNA@example.org")
    assert not is_suppressed(session, bob.id, "anna@example.org")
    assert active(session, bob) == []


@pytest.mark.parametrize("reason", [SuppressionReason.BY_HAND, SuppressionReason.DELETED])
def test_an_owner_takes_back_an_own_entry_and_the_reason_is_kept(
    session: Session, alice: User, now: datetime, reason: SuppressionReason
) -> None:
    suppress(session, alice.id, "anna@example.org", reason, now)
    (entry,) = session.scalars(suppressions_of(alice.id))
    assert lift(session, entry, "She asked by phone.", now)
    assert not lift(session, entry, "Once more.", now)
    assert not is_suppressed(session, alice.id, "anna@example.org")
    (lifted,) = session.scalars(suppressions_of(alice.id, is_lifted=True).execution_options(populate_existing=True))
    assert (lifted.lifted_at, lifted.lift_reason) == (now, "She asked by phone.")
    assert suppress(session, alice.id, "anna@example.org", reason, now)


@pytest.mark.parametrize(
    "reason", [SuppressionReason.UNSUBSCRIBED, SuppressionReason.HARD_FAILURE, SuppressionReason.COMPLAINT]
)
def test_an_owner_cannot_unsay_what_somebody_else_has_said(
    session: Session, alice: User, now: datetime, reason: SuppressionReason
) -> None:
    suppress(session, alice.id, "anna@example.org", reason, now)
    (entry,) = session.scalars(suppressions_of(alice.id))
    with pytest.raises(NotYoursToLift):
        lift(session, entry, "They would love it.", now)
    assert is_suppressed(session, alice.id, "anna@example.org")


def test_the_weightiest_reason_is_told_of_a_client(session: Session, alice: User, bob: User, now: datetime) -> None:
    anna, boris, vera = (client_of(alice, f"{name}@example.org") for name in ("anna", "boris", "vera"))
    for reason in (SuppressionReason.BY_HAND, SuppressionReason.UNSUBSCRIBED):
        suppress(session, alice.id, "ANNA@example.org", reason, now)
    suppress(session, alice.id, "boris@example.org", SuppressionReason.HARD_FAILURE, now)
    suppress(session, bob.id, "vera@example.org", SuppressionReason.UNSUBSCRIBED, now)
    clients = with_suppressions(clients_of(alice.id)).execution_options(populate_existing=True)
    assert {client: client.suppression for client in session.scalars(clients)} == {
        anna: SuppressionReason.UNSUBSCRIBED,
        boris: SuppressionReason.HARD_FAILURE,
        vera: None,
    }


def test_many_clients_are_suppressed_at_once_and_those_who_were_it_stay_so(
    session: Session, alice: User, bob: User, now: datetime
) -> None:
    for owner in (alice, bob):
        clients_with(owner, "anna@example.org", "boris@example.org")
    suppress(session, alice.id, "anna@example.org", SuppressionReason.DELETED, now)
    suppress_clients(session, clients_of(alice.id), SuppressionReason.DELETED, now)
    assert active(session, alice) == [("anna@example.org", "deleted"), ("boris@example.org", "deleted")]
    assert active(session, bob) == []


@pytest.mark.parametrize("head", ["", "email\n", "name;E-mail\n"])
def test_a_file_of_addresses_is_added_and_its_bad_lines_are_named(
    session: Session, alice: User, now: datetime, head: str
) -> None:
    suppress(session, alice.id, "anna@example.org", SuppressionReason.BY_HAND, now)
    before = "Name;" if "name" in head else ""
    names = ("ANNA@example.org", "boris@example.org", "nobody", "BORIS@Example.org", "vera@почта.рф")
    content = head + "".join(f"{before}{name}\n" for name in names)
    report = suppress_file(session, alice.id, BytesIO(content.encode()), now)
    assert (report.added, report.known) == (2, 1)
    assert report.refused == [RefusedLine(3 + bool(head), Problem.BAD_ADDRESS)]
    listed = [email.casefold() for email, _ in active(session, alice)]
    assert listed == ["anna@example.org", "boris@example.org", "vera@почта.рф"]


def test_a_large_file_of_addresses_is_added_whole(session: Session, alice: User, now: datetime) -> None:
    content = "".join(f"a{number}@example.org\n" for number in range(2 * BATCH_SIZE + 3))
    for added, known in ((2 * BATCH_SIZE + 3, 0), (0, 2 * BATCH_SIZE + 3)):
        report = suppress_file(session, alice.id, BytesIO(content.encode()), now)
        assert (report.added, report.known, report.refused) == (added, known, [])


@pytest.mark.parametrize("search", ["почта", "ПОЧТА.рф", "xn--80a1acny", "INFO@"])
def test_an_address_is_found_in_either_script(session: Session, alice: User, now: datetime, search: str) -> None:
    suppress(session, alice.id, "info@почта.рф", SuppressionReason.BY_HAND, now)
    suppress(session, alice.id, "anna@example.org", SuppressionReason.BY_HAND, now)
    assert active(session, alice, search) == [("info@почта.рф", "by_hand")]
