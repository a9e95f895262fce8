"""The headers that every answer carries."""

from flask import Flask, current_app, request
from flask.sessions import SecureCookieSessionInterface, SessionMixin
from flask.wrappers import Response

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-src 'self'; frame-ancestors 'none'"
)

# A year, as browsers ask of whoever means it. Other names of the same domain are not ours to decide for.
STRICT_TRANSPORT_SECURITY = "max-age=31536000"


class CookiesAsSafeAsTheWay(SecureCookieSessionInterface):
    """Cookies that came over https are never sent over http, whatever BASE_URL says.

    The session's cookie is set last of all, so that Flask-Login's cookie is there already.
    """

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        super().save_session(app, session, response)
        if request.is_secure:
            cookies = response.headers.getlist("Set-Cookie")
            response.headers.setlist("Set-Cookie", [with_secure(cookie) for cookie in cookies])


def with_secure(cookie: str) -> str:
    """The header of a cookie with its Secure attribute."""
    attributes = [part.strip().lower() for part in cookie.split(";")]
    return cookie if "secure" in attributes else f"{cookie}; Secure"


def is_https() -> bool:
    """Whether the visitor speaks https: to us, to a trusted proxy, or to whatever stands at BASE_URL."""
    return request.is_secure or str(current_app.config["BASE_URL"]).startswith("https://")


def harden(app: Flask) -> None:
    """Set the security headers, where a view has not set stricter ones of its own, and mind the cookies."""
    app.session_interface = CookiesAsSafeAsTheWay()

    @app.after_request
    def set_headers(response: Response) -> Response:
        response.headers.setdefault("Content-Security-Policy", CONTENT_SECURITY_POLICY)
        response.headers.setdefault("X-Content-Type-Options", "nosniff")
        response.headers.setdefault("Referrer-Policy", "same-origin")
        response.headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
        if is_https():
            response.headers.setdefault("Strict-Transport-Security", STRICT_TRANSPORT_SECURITY)
        if request.endpoint != "static":
            # Pages show one person's data: no cache may keep them for another.
            response.headers.setdefault("Cache-Control", "private, no-store")
        return response
