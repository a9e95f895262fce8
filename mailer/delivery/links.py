"""Whether the links in letters may go out: mail programs take one-click links over https alone (RFC 8058, 3.1)."""

from typing import Any

# What an admin does about it, the same wherever it is said.
WHAT_TO_SET = (
    "BASE_URL is {base_url}, and mail programs take links to unsubscribe over https alone. Set BASE_URL to the https "
    "address of this installation, or set ALLOW_HTTP_LINKS=1, and restart Mailer."
)


def are_links_refused(config: dict[str, Any]) -> bool:
    """Whether a real mail server would get letters with links that are not https, and nobody has allowed that."""
    return not (
        config["IS_OUTBOX_USED"] or config["BASE_URL"].startswith("https://") or config["ALLOW_HTTP_LINKS"]
    )


def refusal(config: dict[str, Any]) -> str:
    """What to set, in English, for logs and commands."""
    return WHAT_TO_SET.format(base_url=config["BASE_URL"])
