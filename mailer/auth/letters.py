"""Letters that a page has written down, and what the page says of them."""

from flask_babel import gettext as _

from mailer.delivery.bell import ring_notice


def send_letters(done: str, *notice_ids: int) -> str:
    """After the commit: ask a worker to send these letters. The words for the page: what was done, and that the
    letters wait where Redis does not answer.
    """
    if all([ring_notice(notice_id) for notice_id in notice_ids]):
        return done
    return f"{done} {_('Redis does not answer, so the letter leaves when it is back.')}"
