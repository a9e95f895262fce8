"""The application object for web servers and for the flask command."""

import logging
import sys

import click
from sqlalchemy.exc import SQLAlchemyError

from mailer import create_app
from mailer.config import ConfigError
from mailer.delivery.agreement import record_settings
from mailer.extensions import db

try:
    app = create_app()
except ConfigError as error:
    sys.exit(str(error))

# The flask command loads this file too; only a web server speaks for the whole installation.
if click.get_current_context(silent=True) is None:
    with app.app_context():
        try:
            record_settings(db.engine, app.config)
        except SQLAlchemyError as error:
            logging.getLogger("mailer").warning("The settings could not be written down for the workers: %s", error)
