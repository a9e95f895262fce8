"""What the lines of the audit log say to people."""

from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext

from mailer.domain.audit import COMMAND_LINE, SCHEDULE
from mailer.models.audit import Action, ThingKind

# The words that also name a state are marked, because a language may have others for what was done.
ACTIONS = {
    Action.REGISTER: _l("registered"),
    Action.LOGIN: _l("signed in"),
    Action.LOGIN_FAILED: _l("failed to sign in"),
    Action.LOGOUT: _l("signed out"),
    Action.RESET_ASKED: _l("asked to reset the password"),
    Action.RESET: _l("reset the password"),
    Action.PASSWORD: _l("changed the password"),
    Action.EMAIL: _l("changed the address"),
    Action.ACCOUNT_DELETED: _l("deleted the account"),
    Action.CREATE_USER: _l("made an account"),
    Action.ROLE: _l("changed the role"),
    Action.BLOCK: _l("blocked"),
    Action.UNBLOCK: _l("unblocked"),
    Action.START: lazy_pgettext("audit", "started"),
    Action.PAUSE: lazy_pgettext("audit", "paused"),
    Action.RESUME: _l("resumed"),
    Action.FINISH: _l("finished"),
    Action.RESEND: _l("sent again"),
    Action.DISABLE: lazy_pgettext("audit", "disabled"),
    Action.ENABLE: _l("enabled"),
    Action.DELETE: _l("deleted"),
    Action.IMPORT: _l("imported"),
    Action.EXPORT: _l("exported"),
    Action.SUPPRESS: lazy_pgettext("audit", "suppressed"),
    Action.ALLOW: _l("lifted a suppression"),
    Action.RELEASE: _l("lifted a hold"),
    Action.BACKUP: _l("made a backup"),
    Action.RESTORE: _l("restored a backup"),
    Action.HOLD: _l("held after a restore"),
    Action.PRUNE: _l("removed old attempts"),
    Action.ERASE: _l("erased"),
}

THINGS = {
    ThingKind.USER: _l("user"),
    ThingKind.MAILING: lazy_pgettext("audit", "mailing"),
    ThingKind.MESSAGE: _l("message"),
    ThingKind.CLIENT: lazy_pgettext("audit", "client"),
    ThingKind.CLIENTS: _l("clients"),
    ThingKind.ADDRESS: _l("everything about one address"),
    ThingKind.MESSAGES: _l("messages"),
    ThingKind.MAILINGS: _l("mailings"),
    ThingKind.ATTEMPTS: _l("attempts"),
    ThingKind.REPORT: _l("report"),
    ThingKind.SUPPRESSION: _l("suppression"),
    ThingKind.ACCOUNT: _l("mail account"),
}

MACHINES = {COMMAND_LINE.place: _l("command line"), SCHEDULE.place: _l("schedule")}


def place_words(place: str) -> str:
    """Where somebody acted from: an address of the net as it is, a machine by its name."""
    return str(MACHINES.get(place, place)) or "–"
