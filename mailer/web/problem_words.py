"""What a refused line of a file of clients is told in: on the pages and by the command alike."""

from flask_babel import gettext as _

from mailer.domain.importing import Problem


def problem_words(problem: Problem) -> str:
    """Why a line was refused."""
    match problem:
        case Problem.NO_ADDRESS:
            return str(_("There is no address."))
        case Problem.BAD_ADDRESS:
            return str(_("The address is not one that mail can be sent to."))
        case Problem.CONTROL_CHARACTER:
            return str(_("It holds a control character."))
        case Problem.TOO_LONG:
            return str(_("The name or the comment is too long."))
        case Problem.UNREADABLE:
            return str(_("It cannot be read; a quotation mark may be missing."))
        case Problem.MUST_NOT_RETURN:
            return str(_("This client was deleted and must not return. Lift that under Suppressions first."))
        case Problem.ERASED:
            return erased_words()


def erased_words() -> str:
    """Why an address cannot come on file, in a form and in a file alike."""
    return str(_("This address was erased at the wish of the person, and must not be written to again."))
