"""What the processes of one installation must agree on."""

import pytest
from flask import Flask
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from mailer.delivery import agreement
from mailer.delivery.agreement import SettingsDiffer, record_settings, require_agreement
from mailer.domain.clock import database_now
from mailer.domain.holds import hold_account, holds_on_account
from mailer.models.lanes import HoldKind
from tests.delivery.conftest import write_anew


@pytest.fixture(autouse=True)
def no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agreement, "PATIENCE_SECONDS", 0)


def test_the_same_settings_agree(app: Flask, engine: Engine) -> None:
    require_agreement(engine, app.config)
    record_settings(engine, app.config)
    require_agreement(engine, app.config)


@pytest.mark.parametrize(
    ("setting", "value", "named"),
    [
        ("MAIL_SERVER", "smtp.other.example", "MAIL_*"),
        ("MAIL_USERNAME", "somebody", "MAIL_*"),
        ("MAIL_DEFAULT_SENDER", ("Shop", "other@mailer.example"), "MAIL_*"),
        ("MAIL_LIMITS", ((500, 86400),), "MAIL_LIMITS"),
        ("BASE_URL", "https://other.example", "BASE_URL"),
        ("ALLOW_HTTP_LINKS", False, "ALLOW_HTTP_LINKS"),
    ],
)
def test_a_difference_is_named(app: Flask, engine: Engine, setting: str, value: object, named: str) -> None:
    record_settings(engine, app.config)
    differing = {**app.config, setting: value, "IS_BASE_URL_GIVEN": True, "MAIL_PASSWORD": "hush"}
    with pytest.raises(SettingsDiffer) as difference:
        require_agreement(engine, differing)
    assert str(difference.value).startswith(named)
    assert "hush" not in str(difference.value)


def test_a_base_url_that_was_not_given_is_taken_over(app: Flask, engine: Engine) -> None:
    record_settings(engine, {**app.config, "BASE_URL": "https://mailer.example"})
    own = {**app.config, "IS_BASE_URL_GIVEN": False}
    require_agreement(engine, own)
    assert own["BASE_URL"] == "https://mailer.example"


def test_without_a_running_outbox_nobody_delivers_into_it(app: Flask, engine: Engine) -> None:
    with pytest.raises(SettingsDiffer, match="make run"):
        require_agreement(engine, {**app.config, "IS_OUTBOX_USED": True, "MAIL_PORT": 0})


def test_a_new_account_starts_without_the_old_ones_holds(app: Flask, engine: Engine, session: Session) -> None:
    record_settings(engine, app.config)
    write_anew(session)
    hold_account(session, HoldKind.LOGIN_REFUSED, database_now(session), reason="no", code=535, until=None)
    session.commit()
    record_settings(engine, app.config)
    assert len(holds_on_account(session, database_now(session))) == 1
    session.rollback()
    record_settings(engine, {**app.config, "MAIL_SERVER": "smtp.other.example"})
    assert holds_on_account(session, database_now(session)) == []
