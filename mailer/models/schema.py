"""All tables in one metadata, for the migrations."""

from mailer.models import (
    audit,
    clients,
    erased,
    imports,
    lanes,
    limits,
    mailings,
    messages,
    notices,
    sent_forms,
    sums,
    users,
)
from mailer.models.base import Base

TABLE_MODULES = (users, clients, erased, imports, messages, mailings, lanes, limits, audit, notices, sent_forms, sums)
metadata = Base.metadata
