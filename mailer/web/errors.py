"""What went wrong, why, and what to do: a page in the product's look, or a toast where only a piece was asked for."""

from dataclasses import dataclass
from types import TracebackType

from flask import Flask, current_app, request
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import DataError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import BadRequest, HTTPException, ServiceUnavailable
from werkzeug.wrappers import Response

from mailer.extensions import db
from mailer.web.htmx import failed

ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None]


@dataclass(frozen=True)
class Explanation:
    title: str
    what_happened: str
    what_to_do: str


EXPLANATIONS = {
    400: Explanation(
        _l("This request cannot be read"),
        _l("Something in it is missing, or is not what this address takes."),
        _l("Go back, reload the page, and try again."),
    ),
    403: Explanation(
        _l("You may not do this"),
        _l("Your account may see this, and not change it."),
        _l("Ask its owner or an admin to do it."),
    ),
    404: Explanation(
        _l("There is nothing here"),
        _l("The address is mistyped, what was here has been deleted, or it belongs to somebody else."),
        _l("Check the address, or start again from one of the lists."),
    ),
    405: Explanation(
        _l("This address cannot be opened like this"),
        _l("It only takes what a button of a page sends."),
        _l("Go to the page with the button, and press it there."),
    ),
    413: Explanation(
        _l("This is too large"),
        _l("What you sent is larger than anything Mailer keeps; a message may have 10 MB."),
        _l("Go back and shorten it. Nothing was saved."),
    ),
    422: Explanation(
        _l("This cannot be done as asked"),
        _l("Something that was filled in does not fit."),
        _l("Go back, correct it, and send it again."),
    ),
    429: Explanation(
        _l("Too many tries"),
        _l("This was asked for too often in a short time."),
        _l("Wait a minute, and try again."),
    ),
    500: Explanation(
        _l("Mailer failed at this"),
        _l("This is a fault in the program, not in what you did. It has been written to the log. Nothing was saved."),
        _l("Try again; if it stays so, tell the person who runs this installation when it happened."),
    ),
    503: Explanation(
        _l("The database does not answer"),
        _l("It is not running, cannot be reached, or is busy with something else. Nothing was saved."),
        _l("Try again in a minute. If it stays so, whoever runs this installation finds the reason in the log."),
    ),
}

SESSION_EXPLANATION = Explanation(
    _l("This page has grown too old"),
    _l("It was opened in another session, or cookies are switched off. Nothing was saved."),
    _l("Reload the page, and send it again."),
)

# Their pages stand alone: the frame would ask the database, which may be what failed.
STATUSES_WITHOUT_FRAME = (500, 503)


def explain(app: Flask) -> None:
    """Answer every error with its explanation, and log it without the links of letters."""
    # Flask offers no hook for this, and its types call it the replacing of a method.
    app.log_exception = log_exception  # type: ignore[method-assign]
    app.register_error_handler(HTTPException, explain_status)
    app.register_error_handler(DataError, refuse_data)
    for unreachable in (OperationalError, InterfaceError, PoolTimeout):
        app.register_error_handler(unreachable, explain_database)


def log_exception(exc_info: ExcInfo | tuple[None, None, None]) -> None:
    """Flask would write the path down, and with it the secret of a link that still works; the rule says where too."""
    place = request.url_rule.rule if request.url_rule else "an unknown address"
    current_app.logger.error("Exception on %s [%s]", place, request.method, exc_info=exc_info)


def explain_status(error: HTTPException) -> Response:
    status = error.code or 500
    if error.response is not None or status < 400:
        return Response.force_type(error.get_response())
    is_framed = status not in STATUSES_WITHOUT_FRAME and current_user.is_authenticated
    explanation = EXPLANATIONS.get(status) or EXPLANATIONS[500 if status > 500 else 400]
    toast = explanation.what_happened
    if isinstance(error, CSRFError):
        explanation = SESSION_EXPLANATION
        # Whoever has typed much stays on the page with it, and nothing else there says what to do.
        toast = f"{explanation.what_happened} {explanation.what_to_do}"
    response = failed(status, toast, explanation=explanation, is_framed=is_framed)
    for name, value in error.get_headers():
        if name not in ("Content-Type", "Content-Length"):
            response.headers[name] = value
    return response


def refuse_data(error: DataError) -> Response:
    """What no column can hold (a NUL character, a number beyond all measure) was wrong in the request."""
    current_app.logger.info("The database refused the data of a request: %s", type(error.orig).__name__)
    db.session.rollback()
    return explain_status(BadRequest())


def explain_database(error: OperationalError | InterfaceError | PoolTimeout) -> Response:
    # The statement and its values stay out of the log: they may hold addresses and letters.
    current_app.logger.error("The database does not answer: %s", getattr(error, "orig", None) or error)
    return explain_status(ServiceUnavailable())
