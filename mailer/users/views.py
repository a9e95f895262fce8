"""The addresses of users, each with the view that answers it."""

from flask import Blueprint

from mailer.users import blocking, lists, roles

blueprint = Blueprint("users", __name__, url_prefix="/users")

blueprint.add_url_rule("/", "index", lists.index)

# What changes a user is posted; the questions before it have addresses of their own.
blueprint.add_url_rule("/<int:user_id>/block", "block", blocking.block, methods=["POST"])
blueprint.add_url_rule("/<int:user_id>/unblock", "unblock", blocking.unblock, methods=["POST"])
blueprint.add_url_rule("/<int:user_id>/role", "change_role", roles.change, methods=["POST"])
blueprint.add_url_rule("/<int:user_id>/ask/block", "ask_block", blocking.ask_block)
blueprint.add_url_rule("/<int:user_id>/ask/role", "ask_role", roles.ask)
