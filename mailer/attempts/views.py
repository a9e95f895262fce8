"""The addresses of the log of attempts, each with the view that answers it."""

from flask import Blueprint

from mailer.attempts import log, story

blueprint = Blueprint("attempts", __name__, url_prefix="/attempts")

blueprint.add_url_rule("/", "index", log.index)
blueprint.add_url_rule("/recipients/<int:recipient_id>", "story", story.show)
