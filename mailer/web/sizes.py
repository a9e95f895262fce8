"""How much a request may bring, where it is less than MAX_CONTENT_LENGTH: strangers send no megabytes."""

from flask import Flask, request

FORM_BYTES = 64 * 1024
# The picture, whose own limit is told at its field, and the form around it.
PROFILE_BYTES = 10 * 1024 * 1024


def limit_requests(app: Flask) -> None:
    """Before anything else reads the form, such as the check of its token."""

    @app.before_request
    def limit() -> None:
        if request.blueprint == "auth":
            most = PROFILE_BYTES if request.endpoint == "auth.edit_profile" else FORM_BYTES
            request.max_content_length = min(most, app.config["MAX_CONTENT_LENGTH"])
