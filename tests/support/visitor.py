"""A visitor's browser without JavaScript or, with `htmx=True`, one that asks for pieces of pages."""

from functools import cached_property
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from flask.wrappers import Response
from sqlalchemy.orm import Session

from mailer.models.users import User
from tests.support.html import Element, parsed

HTMX_HEADERS = {"HX-Request": "true", "HX-Request-Type": "partial"}


class Page(Response):
    """An answer whose HTML can be asked for by CSS selector."""

    @cached_property
    def html(self) -> Element:
        return parsed(self.get_data(as_text=True))

    @property
    def words(self) -> str:
        """All text that a person reads, with single spaces."""
        return self.html.words

    def all(self, selector: str) -> list[Element]:
        return self.html.select(selector)

    def one(self, selector: str) -> Element:
        """The only element that fits; fails the test if there is none, or more than one."""
        found = self.all(selector)
        assert len(found) == 1, f"{len(found)} elements fit {selector!r} in:\n{self.html}"
        return found[0]

    def texts(self, selector: str) -> list[str]:
        return [element.words for element in self.all(selector)]

    def has(self, selector: str) -> bool:
        return bool(self.all(selector))

    def fields(self, selector: str = "main form") -> dict[str, Any]:
        """What the form would send if nobody touched it; a name that occurs more than once has a list."""
        values: dict[str, Any] = {}
        for name, value in form_values(self.one(selector)):
            known = values.get(name)
            values[name] = value if known is None else [*(known if isinstance(known, list) else [known]), value]
        return values


def form_values(form: Element) -> list[tuple[str, str]]:
    values = []
    for field in form.select("input[name], textarea[name], select[name]"):
        name = field["name"]
        if field.name == "textarea":
            # A browser drops the first line break after the tag.
            values.append((name, field.get_text().replace("\r\n", "\n").removeprefix("\n")))
        elif field.name == "select":
            chosen = field.select("option[selected]") or field.select("option")[:1]
            values += [(name, option.get("value", option.get_text())) for option in chosen]
        elif field.get("type") not in ("checkbox", "radio") or field.has_attr("checked"):
            values.append((name, field.get("value", "")))
    return values


class Visitor(FlaskClient):
    """Flask's test client, which answers with a Page and keeps the test's session fresh."""

    session: Session | None = None

    def open(self, *args: Any, htmx: bool = False, **kwargs: Any) -> Any:
        if self.session is not None:
            # The request shall see what the test wrote, and must not wait for the test's own transaction.
            self.session.commit()
        if htmx:
            kwargs["headers"] = {**HTMX_HEADERS, **dict(kwargs.get("headers") or {})}
        return super().open(*args, **kwargs)


def visitor(app: Flask, session: Session | None = None, user: User | None = None) -> Visitor:
    """A new browser at this app's door, with the session cookie of `user` where one is given."""
    client = Visitor(app, Page, use_cookies=True)
    client.session = session
    if user is not None:
        with client.session_transaction() as cookie:
            cookie["_user_id"] = user.get_id()
            cookie["_fresh"] = True
    return client
