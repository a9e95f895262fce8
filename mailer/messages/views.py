"""The addresses of messages, each with the view that answers it."""

from flask import Blueprint

from mailer.messages import deleting, editing, lists, page, testing

blueprint = Blueprint("messages", __name__, url_prefix="/messages")

blueprint.add_url_rule("/", "index", lists.index)
blueprint.add_url_rule("/new", "new", editing.new, methods=["GET", "POST"])
blueprint.add_url_rule("/delete", "ask_delete_many", deleting.ask_delete_many)
blueprint.add_url_rule("/delete", "delete_many", deleting.delete_many, methods=["POST"])
blueprint.add_url_rule("/<int:message_id>", "show", page.show)
blueprint.add_url_rule("/<int:message_id>/edit", "edit", editing.edit, methods=["GET", "POST"])
blueprint.add_url_rule("/<int:message_id>/delete", "ask_delete", deleting.ask_delete)
blueprint.add_url_rule("/<int:message_id>/delete", "delete", deleting.delete, methods=["POST"])
blueprint.add_url_rule("/<int:message_id>/test", "send_to_oneself", testing.send_to_oneself, methods=["POST"])
