"""All tables in one metadata, for the migrations."""

from mailer.models import audit, clients, imports, lanes, limits, mailings, messages, notices, users
from mailer.models.base import Base

TABLE_MODULES = (users, clients, imports, messages, mailings, lanes, limits, audit, notices)
metadata = Base.metadata
