"""The SMTP account that mail leaves through, and the opening of a connection to it, which is smtplib's work."""

import smtplib
import ssl
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class MailAccount:
    """The SMTP account that mail leaves through; the timeouts are in seconds."""

    server: str
    port: int
    username: str | None
    password: str | None
    use_tls: bool
    use_ssl: bool
    timeout: float
    dot_timeout: float

    @classmethod
    def of(cls, config: dict[str, Any]) -> "MailAccount":
        """The account of an application's configuration."""
        return cls(
            server=config["MAIL_SERVER"],
            port=config["MAIL_PORT"],
            username=config["MAIL_USERNAME"],
            password=config["MAIL_PASSWORD"],
            use_tls=config["MAIL_USE_TLS"],
            use_ssl=config["MAIL_USE_SSL"],
            timeout=config["MAIL_TIMEOUT"],
            dot_timeout=config["MAIL_DOT_TIMEOUT"],
        )


def connect(account: MailAccount) -> smtplib.SMTP:
    """Connect, greet, secure and log in; blocks for at most the account's timeout a step.

    Raises smtplib.SMTPAuthenticationError or SMTPNotSupportedError when the login is refused, and another
    smtplib.SMTPException or OSError when the server cannot be reached.
    """
    context = ssl.create_default_context() if account.use_tls or account.use_ssl else None
    if account.use_ssl:
        client: smtplib.SMTP = smtplib.SMTP_SSL(account.server, account.port, timeout=account.timeout, context=context)
    else:
        client = smtplib.SMTP(account.server, account.port, timeout=account.timeout)
    try:
        if account.use_tls:
            client.starttls(context=context)
        if account.username:
            client.login(account.username, account.password or "")
        else:
            client.ehlo_or_helo_if_needed()
    except BaseException:
        client.close()
        raise
    return client
