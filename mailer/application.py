"""The application, put together from all that stands below."""

from typing import Any

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from mailer import cli
from mailer.addresses.views import blueprint as addresses
from mailer.attempts.views import blueprint as attempts
from mailer.audit.views import blueprint as audit
from mailer.auth.views import blueprint as auth
from mailer.clients.views import blueprint as clients
from mailer.config import PROJECT_DIR, load_settings
from mailer.extensions import csrf, db, mail, migrate
from mailer.home.views import blueprint as home
from mailer.mailings.views import blueprint as mailings
from mailer.messages.views import blueprint as messages
from mailer.models.transactions import prepare_postgresql, prepare_sqlite
from mailer.outbox.views import blueprint as outbox
from mailer.reports.views import blueprint as reports
from mailer.suppressions.views import blueprint as suppressions
from mailer.unsubscribing.views import blueprint as unsubscribing
from mailer.users.views import blueprint as users
from mailer.web import (
    access,
    caching,
    dashboard,
    errors,
    ids,
    limits,
    locale,
    security,
    sizes,
    static_files,
    templating,
    timing,
    transactions,
)


def assemble(config: dict[str, Any]) -> Flask:
    """What mailer.create_app promises."""
    app = Flask("mailer")
    app.config.update(load_settings() | config)
    trust_proxies(app)
    open_database(app)
    timing.time_requests(app)
    sizes.limit_requests(app)
    limits.count_tries(app)
    caching.remember(app)
    csrf.init_app(app)
    mail.init_app(app)
    locale.speak(app)
    templating.equip(app)
    ids.limit_ids(app)
    static_files.serve_static_files(app)
    # Before the guard, which reads who is there: a transaction that has read cannot become one that writes.
    transactions.begin_with_request(app)
    access.guard(app)
    security.harden(app)
    errors.explain(app)
    register_blueprints(app)
    dashboard.mount(app)
    cli.register(app)
    return app


def trust_proxies(app: Flask) -> None:
    """Believe X-Forwarded-* of as many proxies as the operator named, and of none otherwise."""
    proxies = app.config["TRUSTED_PROXIES"]
    if proxies:
        # Flask's own way to put a middleware in, which its types call the replacing of a method.
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=proxies, x_proto=proxies, x_host=proxies, x_prefix=proxies
        )


def open_database(app: Flask) -> None:
    db.init_app(app)
    migrate.init_app(app, db, directory=str(PROJECT_DIR / "migrations"))
    with app.app_context():
        prepare_sqlite(db.engine)
        prepare_postgresql(db.engine)


def register_blueprints(app: Flask) -> None:
    own_things = (clients, messages, mailings, attempts, reports, suppressions, addresses)
    for blueprint in (home, auth, *own_things, users, audit, unsubscribing):
        app.register_blueprint(blueprint)
    if app.config["IS_OUTBOX_USED"]:
        app.register_blueprint(outbox)
