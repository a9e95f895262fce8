"""The audit log, newest first. For admins; there is nothing here that changes anything."""

from flask import Blueprint, url_for
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from mailer.audit.words import ACTIONS, THINGS, place_words
from mailer.domain.audit import AuditFilter, audit_entries
from mailer.models.audit import Action, AuditEntry, ThingKind
from mailer.models.users import Role
from mailer.web.access import require_role
from mailer.web.htmx import invalid, page_or_fragment, shown_query
from mailer.web.ids import ids_among
from mailer.web.pagination import Sorting, list_url, paginate
from mailer.web.periods import PeriodForm

blueprint = Blueprint("audit", __name__, url_prefix="/audit")

NEWEST_FIRST = Sorting(AuditEntry.id, AuditEntry.id, is_descending=True)


@blueprint.get("/")
@require_role(Role.ADMIN)
def index() -> Response:
    location, query = url_for(".index"), shown_query()
    form = PeriodForm(MultiDict(query))
    is_valid = form.validate()
    wanted = asked_filter(query, form)
    context = {
        "form": form,
        "wanted": wanted,
        "actions": ACTIONS,
        "things": THINGS,
        "place_words": place_words,
        "is_narrowed": any(query.get(name) for name in ("q", "action", "thing", "from", "to")),
        "thing_url": lambda entry: list_url(location, {"thing": f"{entry.thing_kind}-{entry.thing_id}"}),
    }
    if not is_valid:
        return invalid("audit/index.html", "audit/_log.html", page=None, **context)
    page = paginate(audit_entries(wanted), NEWEST_FIRST, location=location)
    return page_or_fragment("audit/index.html", "audit/_log.html", page=page, **context)


def asked_filter(query: dict[str, str], form: PeriodForm) -> AuditFilter:
    """What the log is narrowed to; what cannot be meant is passed over. `mailing-31` is one mailing, `mailing` any."""
    action = query.get("action", "")
    kind, _dash, id_ = query.get("thing", "").partition("-")
    ids = ids_among([id_])
    return AuditFilter(
        search=query.get("q", ""),
        action=Action(action) if action in list(Action) else None,
        thing_kind=ThingKind(kind) if kind in list(ThingKind) else None,
        thing_id=ids[0] if ids else None,
        period=form.period,
    )
