"""The addresses of everybody's own account, each with the view that answers it."""

from flask import Blueprint

from mailer.auth import confirming, entering, leaving, password, profile, resetting, speaking

blueprint = Blueprint("auth", __name__, url_prefix="/auth")

blueprint.add_url_rule("/register", "register", entering.register, methods=["GET", "POST"])
blueprint.add_url_rule("/login", "login", entering.login, methods=["GET", "POST"])
blueprint.add_url_rule("/logout", "logout", entering.logout, methods=["POST"])

blueprint.add_url_rule("/language", "choose_language", speaking.choose_language, methods=["POST"])

blueprint.add_url_rule("/reset-password", "reset_password", resetting.reset_password, methods=["GET", "POST"])
blueprint.add_url_rule("/reset-asked", "reset_asked", resetting.reset_asked)
blueprint.add_url_rule(
    "/reset-password/<token>", "choose_password", resetting.choose_password, methods=["GET", "POST"]
)

blueprint.add_url_rule("/confirm", "send_again", confirming.send_again, methods=["POST"])
blueprint.add_url_rule("/confirm/<token>", "confirm_address", confirming.confirm_address)
blueprint.add_url_rule("/confirm/<token>", "confirm_now", confirming.confirm_now, methods=["POST"])

blueprint.add_url_rule("/profile", "profile", profile.profile)
blueprint.add_url_rule("/profile/edit", "edit_profile", profile.edit_profile, methods=["GET", "POST"])
blueprint.add_url_rule("/profile/avatar", "avatar", profile.avatar)
blueprint.add_url_rule("/profile/password", "change_password", password.change_password, methods=["GET", "POST"])
blueprint.add_url_rule("/profile/delete", "delete_account", leaving.delete_account, methods=["GET", "POST"])
