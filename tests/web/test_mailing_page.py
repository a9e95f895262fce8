"""The page of a mailing: books, holds, verdicts, recipients, attempts, and the region that lives while it runs."""

from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from mailer.domain.clock import database_now
from mailer.domain.holds import hold_account, hold_mailing
from mailer.domain.messages import change_message
from mailer.models.lanes import HoldKind
from mailer.models.mailings import AttemptStatus, Mailing, RecipientState, Verdict
from mailer.models.users import User
from tests.support.factories import (
    attempt_on,
    client_of,
    clients_with,
    completed_mailing_of,
    mailing_of,
    message_of,
    recipients_of,
    settle,
    started_mailing_of,
)
from tests.support.redis_server import RedisServer
from tests.support.visitor import Page, Visitor
from tests.support.waiting import wait_until
from tests.web.conftest import CountQueries


@pytest.fixture
def running(alice: User) -> Mailing:
    clients = clients_with(alice, *(f"{name}@example.org" for name in ("anna", "boris", "vera", "gleb", "dina")))
    return started_mailing_of(alice, message=message_of(alice, "Новости"), clients=clients)


def counts_on(page: Page) -> dict[str, int]:
    """The books' table as it is read: state and number, and the total under them."""
    rows = page.all("#books .books-table tbody tr, #books .books-table tfoot tr")
    return {row.select("th")[0].words: int(row.select("td")[0].words) for row in rows if row.select("td")}


def test_the_page_shows_books_that_add_up(as_alice: Visitor, running: Mailing) -> None:
    anna, boris, vera, gleb, _dina = recipients_of(running)
    settle(anna, RecipientState.ACCEPTED)
    settle(boris, RecipientState.FAILED)
    settle(vera, RecipientState.UNKNOWN)
    gleb.state = RecipientState.BEGUN
    page = as_alice.get(f"/mailings/{running.id}")
    counts = counts_on(page)
    total = counts.pop("Total")
    assert counts == {
        "accepted": 1, "failed": 1, "unknown": 1, "suppressed": 0, "expired": 0, "sending": 1, "pending": 1,
    }
    assert total == sum(counts.values()) == 5
    assert page.one("h1").get_text() == "Новости"
    assert "3 settled, 2 to go" in page.words


def test_the_window_is_said_with_its_zone(as_alice: Visitor, alice: User, running: Mailing) -> None:
    alice.time_zone = "Europe/Moscow"
    assert "(Moscow Time)" in as_alice.get(f"/mailings/{running.id}").one(".page-head p").get_text()


def test_recipients_stand_with_their_state_and_last_reply(as_alice: Visitor, running: Mailing) -> None:
    anna, boris = recipients_of(running)[:2]
    attempt_on(anna, AttemptStatus.DEFERRED, Verdict.TEMPORARY, 451, "4.7.1 try later")
    settle(anna, RecipientState.ACCEPTED)
    boris.next_attempt_at = boris.changed_at + timedelta(hours=1)
    page = as_alice.get(f"/mailings/{running.id}")
    row = page.one(f"#recipient-{anna.id}")
    assert "Anna" in row.get_text() and "accepted" in row.get_text()
    assert "250 2.0.0 Ok: queued as 1A2B3C" in row.get_text(" ", strip=True)
    assert "again" in page.one(f"#recipient-{boris.id}").get_text()


def test_recipients_are_filtered_by_state_and_the_poll_keeps_the_filter(as_alice: Visitor, running: Mailing) -> None:
    failed = recipients_of(running)[2]
    settle(failed, RecipientState.FAILED)
    page = as_alice.get(f"/mailings/{running.id}?state=failed")
    assert [row["id"] for row in page.all("#recipients tbody tr")] == [f"recipient-{failed.id}"]
    assert page.one("#live")["hx-get"] == f"/mailings/{running.id}?state=failed"
    assert page.one("#recipients [aria-current]").get_text() == "Failed 1"
    assert "Nobody is in this state" in as_alice.get(f"/mailings/{running.id}?state=expired").words
    assert len(as_alice.get(f"/mailings/{running.id}?state=nonsense").all("#recipients tbody tr")) == 5


def test_claimed_and_begun_are_sending(as_alice: Visitor, running: Mailing) -> None:
    recipients_of(running)[0].state = RecipientState.CLAIMED
    recipients_of(running)[1].state = RecipientState.BEGUN
    assert len(as_alice.get(f"/mailings/{running.id}?state=sending").all("#recipients tbody tr")) == 2


def test_pages_of_recipients_name_everybody_once(as_alice: Visitor, alice: User) -> None:
    mailing = started_mailing_of(alice, clients=[client_of(alice) for _ in range(60)])
    for recipient in recipients_of(mailing)[::2]:
        settle(recipient, RecipientState.ACCEPTED)
    seen, url = [], f"/mailings/{mailing.id}"
    while url:
        page = as_alice.get(url)
        seen += [str(row["id"]) for row in page.all("#recipients tbody tr")]
        links = [link for link in page.all("#recipients .pager a") if "Next" in link.get_text()]
        url = str(links[0]["href"]) if links else ""
    assert sorted(seen) == sorted(f"recipient-{recipient.id}" for recipient in recipients_of(mailing))
    assert "51–60 of 60" in page.words


def test_attempts_stand_with_recipient_status_answer_and_message_id(as_alice: Visitor, running: Mailing) -> None:
    attempt = settle(recipients_of(running)[0], RecipientState.FAILED)
    row = as_alice.get(f"/mailings/{running.id}").one(f"#attempt-{attempt.id}").get_text(" ", strip=True)
    for part in ("anna", "@example.org", "failed", "550", "5.1.1 User unknown", str(attempt.letter_id)):
        assert part in row


def test_equal_replies_are_one_card_although_they_repeat_the_address(as_alice: Visitor, running: Mailing) -> None:
    for recipient in recipients_of(running)[:3]:
        recipient.state = RecipientState.FAILED
        attempt_on(recipient, AttemptStatus.FAILED, Verdict.RECIPIENT, 550, f"<{recipient.email}>: User unknown")
    settle(recipients_of(running)[3], RecipientState.UNKNOWN)
    page = as_alice.get(f"/mailings/{running.id}")
    first, second = page.all("#failures .verdict")
    assert "3 recipients" in first.get_text() and "the recipient’s side" in first.get_text()
    assert "550 <" in first.select(".reply")[0].get_text()
    assert "Gleb" in second.get_text() and "may have arrived or not" in second.get_text()


def test_the_frozen_text_is_shown_and_not_the_changed_message(
    as_alice: Visitor, session: Session, alice: User
) -> None:
    message = message_of(alice, "Sale", "As it was\n.\n<b>&amp;</b>")
    mailing = started_mailing_of(alice, message=message)
    change_message(session, message, "Other", "Later", database_now(session))
    page = as_alice.get(f"/mailings/{mailing.id}")
    assert page.one(".letter-body").get_text() == "As it was\n.\n<b>&amp;</b>"
    assert as_alice.get(f"/mailings/{mailing.id}/message").get_data(as_text=True) == "As it was\n.\n<b>&amp;</b>"


def test_a_long_text_is_cut_and_the_whole_of_it_is_a_link_away(as_alice: Visitor, alice: User) -> None:
    mailing = mailing_of(alice, message=message_of(alice, "Sale", "ё" * 50_000))
    page = as_alice.get(f"/mailings/{mailing.id}")
    assert len(page.one(".letter-body").get_text()) == 3_001
    whole = as_alice.get(str(page.one("#message .pager a")["href"]))
    assert whole.mimetype == "text/plain" and whole.get_data(as_text=True) == "ё" * 50_000


def test_a_booked_mailing_shows_whom_it_would_be_sent_to_now(as_alice: Visitor, alice: User) -> None:
    mailing = mailing_of(alice, clients=clients_with(alice, "anna@example.org", "boris@example.org"))
    client_of(alice)
    page = as_alice.get(f"/mailings/{mailing.id}")
    assert page.texts("#recipients tbody th") == ["Anna", "Boris"]
    assert counts_on(page)["pending"] == 2 and "to selected clients" in page.words


# What stands still


def test_a_hold_stands_above_the_figures_with_its_reason(
    as_alice: Visitor, session: Session, mary: User, running: Mailing
) -> None:
    now = database_now(session)
    hold_mailing(session, running.id, HoldKind.DISABLED, now, placed_by_id=mary.id, reason="wrong prices")
    page = as_alice.get(f"/mailings/{running.id}")
    assert "Mary wrote: wrong prices" in page.one(".hold").get_text()
    assert "Stands still" in page.one(".books-lead").get_text()


def test_a_hold_of_the_account_stands_there_too_with_the_servers_words(
    as_alice: Visitor, as_admin: Visitor, session: Session, running: Mailing
) -> None:
    now = database_now(session)
    hold_account(session, HoldKind.LOGIN_REFUSED, now, reason="5.7.8 Wrong password", code=535, until=None)
    page = as_alice.get(f"/mailings/{running.id}")
    assert page.one(".hold .reply").get_text() == "535 5.7.8 Wrong password"
    assert not page.has(".hold form")


def test_without_redis_the_page_works_and_says_that_sending_waits(
    as_alice: Visitor, running: Mailing, redis_server: RedisServer
) -> None:
    redis_server.kill()
    # That Redis answered is believed for a second.
    (warning,) = wait_until(lambda: as_alice.get(f"/mailings/{running.id}").texts("#redis-away"), "the warning")
    assert "sending waits until it is back" in warning


# The live region


def test_a_poll_gets_the_region_and_the_title_made_of_the_same_context(as_alice: Visitor, running: Mailing) -> None:
    settle(recipients_of(running)[0], RecipientState.ACCEPTED)
    page, poll = as_alice.get(f"/mailings/{running.id}"), as_alice.get(f"/mailings/{running.id}", htmx=True)
    assert not poll.has("html") and poll.one("#live")["hx-swap"] == "outerMorph"
    assert poll.one("title").get_text() == page.one("title").get_text() == "20% · Новости · Mailer"
    assert counts_on(poll) == counts_on(page)


def test_the_region_asks_every_two_seconds_until_it_is_final(as_alice: Visitor, alice: User) -> None:
    client_of(alice)
    far, near = mailing_of(alice), mailing_of(alice, starts_in=timedelta(minutes=1))
    triggers = [
        as_alice.get(f"/mailings/{mailing.id}").one("#live").get("hx-trigger")
        for mailing in (started_mailing_of(alice), near, far, completed_mailing_of(alice))
    ]
    assert triggers == ["every 2s", "every 2s", "every 20s", None]


def test_a_completed_mailing_says_so_in_the_title(as_alice: Visitor, alice: User) -> None:
    mailing = completed_mailing_of(alice, message=message_of(alice, "Sale"))
    assert as_alice.get(f"/mailings/{mailing.id}").one("title").get_text() == "Completed · Sale · Mailer"


def test_the_buttons_fit_the_state(as_alice: Visitor, session: Session, alice: User, running: Mailing) -> None:
    def buttons(mailing: Mailing) -> list[str]:
        return as_alice.get(f"/mailings/{mailing.id}").texts(".page-head .actions .btn")

    assert buttons(mailing_of(alice)) == ["Delete…", "Copy", "Edit", "Pause", "Start now…"]
    assert buttons(running) == ["Copy", "Finish now…", "Pause"]
    hold_mailing(session, running.id, HoldKind.PAUSED, database_now(session), placed_by_id=alice.id)
    assert buttons(running) == ["Copy", "Finish now…", "Resume"]
    assert buttons(completed_mailing_of(alice)) == ["Delete…", "Copy"]
    assert buttons(completed_mailing_of(alice, failed=1)) == ["Delete…", "Copy", "Send again…"]


def test_the_time_left_is_told_only_when_it_is_known(as_alice: Visitor, session: Session, alice: User) -> None:
    mailing = started_mailing_of(alice, clients=[client_of(alice) for _ in range(30)])
    now = database_now(session)
    recipients = recipients_of(mailing)
    for recipient in recipients[:5]:
        settle(recipient, RecipientState.ACCEPTED)
    assert "Too few letters have gone out to tell." in as_alice.get(f"/mailings/{mailing.id}").words
    for place, recipient in enumerate(recipients[5:20]):
        recipient.state = RecipientState.ACCEPTED
        attempt_on(recipient, attempted_at=now - timedelta(seconds=60 - 4 * place))
    assert "left" in as_alice.get(f"/mailings/{mailing.id}").one(".books-lead strong").get_text()


def test_the_page_asks_few_questions(as_alice: Visitor, running: Mailing, count_queries: CountQueries) -> None:
    for recipient, state in zip(recipients_of(running), (RecipientState.FAILED, RecipientState.UNKNOWN), strict=False):
        settle(recipient, state)
    url = f"/mailings/{running.id}"
    for is_poll in (False, True):
        with count_queries() as queries:
            as_alice.get(url, htmx=is_poll)
        assert len(queries) <= 10


def test_somebody_elses_mailing_is_not_found(as_bob: Visitor, running: Mailing) -> None:
    assert as_bob.get(f"/mailings/{running.id}").status_code == 404
    assert as_bob.get(f"/mailings/{running.id}", htmx=True).status_code == 404
    assert as_bob.get(f"/mailings/{running.id}/message").status_code == 404


def test_an_expired_session_sends_a_poll_to_the_login(anonymous: Visitor, running: Mailing) -> None:
    answer = anonymous.get(f"/mailings/{running.id}", htmx=True)
    assert answer.status_code == 401 and answer.headers["HX-Redirect"].startswith("/auth/login")


def test_a_hold_says_why_then_the_reply_then_what_to_do_and_nothing_says_that_it_is_sent(
    as_alice: Visitor, session: Session, running: Mailing
) -> None:
    assert "started" in as_alice.get(f"/mailings/{running.id}").one("#books .books-lead").get_text()
    now = database_now(session)
    hold_account(session, HoldKind.BLOCKED, now, reason="SPAM", code=554, until=None)
    session.commit()
    page = as_alice.get(f"/mailings/{running.id}")
    pieces = [piece.name for piece in page.one(".hold > div").children]
    assert pieces == ["h2", "p", "p", "h3", "ol"]
    assert page.all(".hold > div > p")[1].get_text(strip=True) == "554 SPAM"
    assert "started" not in page.one("#books .books-lead").get_text()


def test_a_single_thing_to_do_is_no_numbered_list(as_alice: Visitor, session: Session, running: Mailing) -> None:
    hold_mailing(session, running.id, HoldKind.PAUSED, database_now(session), placed_by_id=running.owner_id)
    session.commit()
    page = as_alice.get(f"/mailings/{running.id}")
    assert not page.has(".hold ol")
    assert page.texts(".hold > div > p")[-1] == "Resume it when it may go on."
