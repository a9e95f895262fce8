"""The addresses of everybody's own account, each with the view that answers it."""

from flask import Blueprint

from mailer.auth import entering

blueprint = Blueprint("auth", __name__, url_prefix="/auth")

blueprint.add_url_rule("/register", "register", entering.register, methods=["GET", "POST"])
blueprint.add_url_rule("/login", "login", entering.login, methods=["GET", "POST"])
blueprint.add_url_rule("/logout", "logout", entering.logout, methods=["POST"])
