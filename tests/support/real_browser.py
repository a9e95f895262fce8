"""A real browser: Chromium from this machine, driven by Playwright."""

import os
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright

from tests.support.required import unavailable

OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# The first is Chromium without a window of its own, which takes half of the CPU for the same pages.
PROGRAMS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PATIENCE_MILLISECONDS = 30_000


def chromium_program() -> str | None:
    """The browser that CHROMIUM names, else the one on PATH."""
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, PROGRAMS)), None)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    program = chromium_program()
    if program is None:
        unavailable("there is no chromium on PATH, and CHROMIUM names none")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=OPTIONS)
        yield browser
        browser.close()


# A browser tells of a breach of the Content-Security-Policy in an event of the page; said again on the console, it is
# heard like every other complaint, with what was wanted and where.
TELL_OF_BREACHES = """
addEventListener("securitypolicyviolation", (event) => {
  const {effectiveDirective, blockedURI, sourceFile, lineNumber} = event;
  console.error(`breach of ${effectiveDirective} by ${blockedURI} in ${sourceFile}:${lineNumber}`);
});
"""
# Chromium reports every answer of 404, 422 and the like on its console; those are part of the tests.
REFUSED = "Failed to load resource: the server responded with a status of 4"

NewContext = Callable[..., BrowserContext]


@pytest.fixture
def complaints() -> list[str]:
    """What the browsers have said of errors so far."""
    return []


@pytest.fixture
def new_context(
    chromium: Browser, complaints: list[str], request: pytest.FixtureRequest
) -> Iterator[NewContext]:
    """Makes browsers that remember nothing, by the options of Playwright; their waits are generous.

    None of them may have complained by the end of the test: of an error, of a warning, or of a breach of the policy.
    """
    if "installation" in request.fixturenames:
        # A server that ends before the browsers would break off what their pages ask for.
        request.getfixturevalue("installation")
    contexts: list[BrowserContext] = []

    def note(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not message.text.startswith(REFUSED):
            complaints.append(f"{message.type}: {message.text} ({message.location.get('url')})")

    def make(**options: Any) -> BrowserContext:
        context = chromium.new_context(**options)
        contexts.append(context)
        context.set_default_timeout(PATIENCE_MILLISECONDS)
        context.on("console", note)
        context.on("weberror", lambda error: complaints.append(f"exception: {error.error}"))
        context.add_init_script(TELL_OF_BREACHES)
        return context

    yield make
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def browser_page(new_context: NewContext) -> Page:
    """An empty page of a browser that remembers nothing."""
    return new_context().new_page()
