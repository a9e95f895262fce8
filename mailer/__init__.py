"""Mailer: email mailings whose every recipient is accounted for."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flask import Flask


def create_app(config: "dict[str, Any] | None" = None) -> "Flask":
    """The application, configured from the environment and then by `config`.

    Raises mailer.config.ConfigError when a setting cannot be used.
    """
    # The processes of the embedded services import this package too: with all of the application they would take
    # seconds of a small machine to start, and its memory for as long as they run.
    from mailer.application import assemble

    return assemble(config or {})
