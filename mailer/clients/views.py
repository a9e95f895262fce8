"""The addresses of clients, each with the view that answers it."""

from flask import Blueprint

from mailer.clients import deleting, editing, exporting, importing, lists, page

blueprint = Blueprint("clients", __name__, url_prefix="/clients")

blueprint.add_url_rule("/", "index", lists.index)
blueprint.add_url_rule("/new", "new", editing.new, methods=["GET", "POST"])
blueprint.add_url_rule("/delete", "ask_delete_many", deleting.ask_delete_many)
blueprint.add_url_rule("/delete", "delete_many", deleting.delete_many, methods=["POST"])
blueprint.add_url_rule("/import", "upload", importing.upload, methods=["GET", "POST"])
blueprint.add_url_rule("/import/<int:import_id>", "show_import", importing.show)
blueprint.add_url_rule("/export", "export", exporting.export)
blueprint.add_url_rule("/<int:client_id>", "show", page.show)
blueprint.add_url_rule("/<int:client_id>/edit", "edit", editing.edit, methods=["GET", "POST"])
blueprint.add_url_rule("/<int:client_id>/delete", "ask_delete", deleting.ask_delete)
blueprint.add_url_rule("/<int:client_id>/delete", "delete", deleting.delete, methods=["POST"])
