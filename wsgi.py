"""The application object for web servers and for the flask command."""

from mailer.loading import loading

with loading():
    import logging
    import sys

    import click
    from sqlalchemy.exc import SQLAlchemyError

    from mailer import create_app
    from mailer.config import ConfigError
    from mailer.delivery.agreement import record_settings
    from mailer.delivery.standstill import watch_standstill
    from mailer.extensions import db
    from mailer.logs import log_to_console
    from mailer.web.warming import warm_up

    # The flask command loads this file too; only a web server speaks for the whole installation.
    is_web_server = click.get_current_context(silent=True) is None
    if is_web_server:
        log_to_console()

    try:
        app = create_app()
    except ConfigError as error:
        sys.exit(str(error))

    if is_web_server:
        with app.app_context():
            try:
                record_settings(db.engine, app.config)
            except SQLAlchemyError as error:
                logging.getLogger("mailer").warning("The settings could not be written down for the workers: %s", error)
        warm_up(app)
        watch_standstill(app)
