"""A browser without JavaScript that talks to a web server in another process: cookies, forms, redirects."""

import urllib.error
import urllib.parse
import urllib.request
from http.cookiejar import CookieJar
from typing import Any

from tests.support.html import parsed
from tests.support.visitor import form_values


class HttpBrowser:
    """Remembers the page that it shows."""

    def __init__(self, base_url: str, cookies: CookieJar | None = None) -> None:
        """With the cookies of another one it is a second tab of the same browser."""
        self.url = base_url
        self.cookies = CookieJar() if cookies is None else cookies
        self.status = 0
        self.page = parsed("")
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.cookies))

    @property
    def words(self) -> str:
        return self.page.words

    def open(self, path: str) -> None:
        self._request(urllib.request.Request(urllib.parse.urljoin(self.url, path)))

    def submit(self, form: str = "main form", **changes: Any) -> None:
        """Fill in the form that fits this CSS selector and send it, its hidden fields included.

        A list fills in a field that occurs more than once.
        """
        found = self.page.select_one(form)
        assert found, f"no form fits {form!r} on {self.url}: {self.words}"
        fields = [(name, value) for name, value in form_values(found) if name not in changes]
        for name, value in changes.items():
            fields += [(name, str(one)) for one in (value if isinstance(value, list) else [value])]
        action = urllib.parse.urljoin(self.url, found.get("action") or self.url)
        body = urllib.parse.urlencode(fields).encode()
        is_post = found.get("method", "get").lower() == "post"
        assert is_post, f"the form {form!r} on {self.url} is not a POST form"
        # Flask-WTF asks for the Referer over https only, but a browser sends it always.
        self._request(urllib.request.Request(action, data=body, headers={"Referer": self.url}))

    def _request(self, request: urllib.request.Request) -> None:
        try:
            answer = self._opener.open(request, timeout=30)
        except urllib.error.HTTPError as error:
            answer = error
        with answer:
            self.status, self.url = answer.status, answer.url
            self.page = parsed(answer.read().decode())
