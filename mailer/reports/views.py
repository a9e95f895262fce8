"""The addresses of reports, each with the view that answers it."""

from flask import Blueprint

from mailer.reports import by_domain, by_mailing, by_owner, by_period, by_reply, csv_files, one_mailing

blueprint = Blueprint("reports", __name__, url_prefix="/reports")

blueprint.add_url_rule("/", "index", by_mailing.index)
blueprint.add_url_rule("/periods", "by_period", by_period.by_period)
blueprint.add_url_rule("/domains", "by_domain", by_domain.by_domain)
blueprint.add_url_rule("/replies", "by_reply", by_reply.by_reply)
blueprint.add_url_rule("/owners", "by_owner", by_owner.by_owner)
blueprint.add_url_rule("/mailings/<int:mailing_id>", "mailing", one_mailing.mailing_report)

blueprint.add_url_rule("/mailings.csv", "mailings_csv", csv_files.mailings_csv)
blueprint.add_url_rule("/periods.csv", "periods_csv", csv_files.periods_csv)
blueprint.add_url_rule("/domains.csv", "domains_csv", csv_files.domains_csv)
blueprint.add_url_rule("/replies.csv", "replies_csv", csv_files.replies_csv)
blueprint.add_url_rule("/owners.csv", "owners_csv", csv_files.owners_csv)
blueprint.add_url_rule("/mailings/<int:mailing_id>.csv", "recipients_csv", csv_files.recipients_csv)
