"""Pictures of pages in a real browser, small enough for a repository."""

import io
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page

from tests.pictures.pages import View

# Enough to tell all shades of the pages apart, and less than half of the bytes.
COLOURS = 256
# What a browser asks for by itself while a page is watched would change it under the camera.
STILL = "() => document.querySelectorAll('[hx-trigger]').forEach((region) => region.removeAttribute('hx-trigger'))"


@dataclass(frozen=True)
class Camera:
    browser: Browser
    address: str
    # The session of each visitor.
    cookies: dict[str, str]
    # What stands in the paths for {running} and so on.
    ids: dict[str, int]

    def take(self, views: Iterable[View], folder: Path) -> None:
        """A file for each view."""
        folder.mkdir(parents=True, exist_ok=True)
        for view in views:
            picture = Image.open(io.BytesIO(self.shot_of(view))).convert("RGB")
            picture = picture.quantize(COLOURS, kmeans=1, dither=Image.Dither.NONE)
            picture.save(folder / f"{view.name}.png", optimize=True)

    def shot_of(self, view: View) -> bytes:
        width, height = view.size
        context = self.browser.new_context(
            viewport={"width": width, "height": height}, color_scheme=view.theme, locale=view.language
        )
        cookies = {"language": view.language} | ({"session": self.cookies[view.visitor]} if view.visitor else {})
        context.add_cookies([{"name": name, "value": value, "url": self.address} for name, value in cookies.items()])
        page: Page = context.new_page()
        page.goto(self.address + view.path.format(**self.ids))
        page.evaluate(STILL)
        page.evaluate("document.activeElement?.blur()")
        shot = page.screenshot(full_page=view.is_whole, animations="disabled")
        context.close()
        return shot
