"""The addresses of mailings, each with the view that answers it."""

from flask import Blueprint

from mailer.mailings import actions, deleting, deleting_many, editing, lists, moderating, page, resending

blueprint = Blueprint("mailings", __name__, url_prefix="/mailings")

blueprint.add_url_rule("/", "index", lists.index)
blueprint.add_url_rule("/all", "everybodys", moderating.everybodys)
blueprint.add_url_rule("/new", "new", editing.new, methods=["GET", "POST"])
blueprint.add_url_rule("/<int:mailing_id>", "show", page.show)
blueprint.add_url_rule("/<int:mailing_id>/edit", "edit", editing.edit, methods=["GET", "POST"])
blueprint.add_url_rule("/<int:mailing_id>/message", "message", page.message)

# What changes a mailing is posted; the questions before it have addresses of their own.
blueprint.add_url_rule("/<int:mailing_id>/start", "start", actions.start, methods=["POST"])
blueprint.add_url_rule("/<int:mailing_id>/pause", "pause", actions.pause, methods=["POST"])
blueprint.add_url_rule("/<int:mailing_id>/resume", "resume", actions.resume, methods=["POST"])
blueprint.add_url_rule("/<int:mailing_id>/finish", "finish", actions.finish, methods=["POST"])
blueprint.add_url_rule("/<int:mailing_id>/resend", "resend", resending.resend, methods=["POST"])
blueprint.add_url_rule("/<int:mailing_id>/delete", "delete", deleting.delete, methods=["POST"])
blueprint.add_url_rule("/delete", "delete_many", deleting_many.delete_many, methods=["POST"])
blueprint.add_url_rule("/ask/delete", "ask_delete_many", deleting_many.ask_delete_many)
blueprint.add_url_rule("/<int:mailing_id>/ask/start", "ask_start", actions.ask_start)
blueprint.add_url_rule("/<int:mailing_id>/disable", "disable", moderating.disable, methods=["POST"])
blueprint.add_url_rule("/<int:mailing_id>/enable", "enable", moderating.enable, methods=["POST"])
blueprint.add_url_rule("/<int:mailing_id>/ask/disable", "ask_disable", moderating.ask_disable)
blueprint.add_url_rule("/<int:mailing_id>/ask/finish", "ask_finish", actions.ask_finish)
blueprint.add_url_rule("/<int:mailing_id>/ask/resend", "ask_resend", resending.ask_resend)
blueprint.add_url_rule("/<int:mailing_id>/ask/delete", "ask_delete", deleting.ask_delete)
