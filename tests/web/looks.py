"""How a page can be looked at, and what can be wrong with it at a look."""

from pathlib import Path
from typing import Literal

from playwright.sync_api import Page, ViewportSize

AXE = (Path(__file__).parents[1] / "vendor" / "axe.min.js").read_text()
# Only what is wrong is told, and style sheets are read as the browser has them.
RUN_AXE = "axe.run(document, {resultTypes: ['violations'], preload: false}).then((found) => found.violations)"

Theme = Literal["light", "dark"]

PHONE: ViewportSize = {"width": 375, "height": 740}
DESK: ViewportSize = {"width": 1280, "height": 900}


def violations(page: Page) -> list[str]:
    """What axe-core finds on the page as it is."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE)
    return [f"{one['id']}: {node['html'][:200]}" for one in page.evaluate(RUN_AXE) for node in one["nodes"]]


def overflow(page: Page) -> list[str]:
    """Whether the page is wider than its window, so that it has to be pushed to and fro."""
    width, window = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    return [f"{width} px wide in a window of {window} px"] if width > window else []
