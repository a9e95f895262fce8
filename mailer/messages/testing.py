"""A message sent to oneself, through the account that mailings use, with the server's answer."""

from flask import current_app, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from mailer.delivery.compose import Composer
from mailer.delivery.single_letters import Sending, send_test
from mailer.domain.clock import database_now
from mailer.domain.unsubscribe_links import UnsubscribeLinks
from mailer.extensions import db
from mailer.messages.own import own_message
from mailer.messages.preview import letter_of
from mailer.models.messages import Message
from mailer.web.htmx import invalid, moved
from mailer.web.once import comes_first, new_form_name
from mailer.web.reply_words import reply_words
from mailer.web.transactions import begin_to_write, begins_late


@begins_late
def send_to_oneself(message_id: int) -> Response:
    """Send the message as a mailing would, to the user's own address; the user waits for the answer."""
    composer = composer_of(own_message(message_id))
    full_name, email = current_user.full_name, current_user.email
    begin_to_write()
    is_first = comes_first(message_id, database_now(db.session))
    # No transaction may stay open while a mail server is waited for.
    db.session.commit()
    if not is_first:
        words = _("This letter is being sent already. However often the button is pressed, it goes out once.")
        return moved(words, location=url_for("messages.show", message_id=message_id))
    tried = send_test(db.engine, current_app.config, composer, full_name, email)
    if tried.sending is Sending.SENT:
        words = _("Sent to %(email)s. The server said: %(reply)s", email=email, reply=f"{tried.code} {tried.words}")
        return moved(words, location=url_for("messages.show", message_id=message_id))
    message = own_message(message_id)
    context = {
        "message": message,
        "letter": letter_of(message.subject, message.body),
        "tried": tried,
        "form_name": new_form_name(),
        "tried_words": reply_words(tried.code, tried.words),
    }
    return invalid("messages/show.html", "messages/_tried.html", **context)


def composer_of(message: Message) -> Composer:
    return Composer(
        subject=message.subject,
        body=message.body,
        sender=current_app.config["MAIL_DEFAULT_SENDER"],
        reply_to=(current_user.full_name, current_user.email),
        mailing_id=0,
        owner_id=0,
        base_url=current_app.config["BASE_URL"],
        # Sealed with a key of nobody's: the link of a test letter leads to nothing.
        links=UnsubscribeLinks(bytes(32)),
    )
