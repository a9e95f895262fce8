"""All tables in one metadata, for the migrations."""

from mailer.models import audit, clients, imports, lanes, mailings, messages, notices, users
from mailer.models.base import Base

TABLE_MODULES = (users, clients, imports, messages, mailings, lanes, audit, notices)
metadata = Base.metadata
