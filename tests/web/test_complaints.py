"""That what a browser complains of is heard, so that a test in a browser fails by it."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page

pytestmark = pytest.mark.one_database("the views' own tests run on both")

BREACHES = {
    "script-src-elem": "document.head.append(Object.assign(document.createElement('script'), {text: '1'}))",
    "style-src-attr": "document.body.setAttribute('style', 'color: red')",
    "img-src": "document.body.append(Object.assign(new Image(), {src: 'http://elsewhere.example/'}))",
}


@pytest.fixture
def heard(complaints: list[str]) -> Iterator[list[str]]:
    """What has been complained of, which is forgotten before the browser's own fixture looks."""
    yield complaints
    complaints.clear()


def test_a_breach_of_the_policy_and_an_error_on_the_page_are_heard(page: Page, heard: list[str]) -> None:
    assert heard == []
    for directive, breach in BREACHES.items():
        page.evaluate(breach)
        page.wait_for_timeout(50)
        assert [words for words in heard if f"breach of {directive}" in words], heard
    page.evaluate("setTimeout(() => { throw new Error('a fault of ours') })")
    page.wait_for_timeout(50)
    assert [words for words in heard if words.startswith("exception") and "a fault of ours" in words], heard
