"""HTML that is asked for by CSS selector. It is read by a parser in C: the tests look at some ten thousand pages."""

from collections.abc import Iterator
from functools import cache
from typing import Any

from lxml import etree, html
from lxml.cssselect import CSSSelector

# What stands in these is no text that a person reads.
UNREAD = {"script", "style", "template"}
# A text may be longer than the parser takes by itself.
_parser = html.HTMLParser(huge_tree=True)


class Element:
    """A tag and what is in it."""

    def __init__(self, node: html.HtmlElement) -> None:
        self._node = node

    @property
    def name(self) -> str:
        return str(self._node.tag)

    @property
    def attributes(self) -> dict[str, str]:
        return dict(self._node.attrib)

    def __getitem__(self, attribute: str) -> str:
        return str(self._node.attrib[attribute])

    def get(self, attribute: str, default: Any = None) -> Any:
        return self._node.get(attribute, default)

    def has_attr(self, attribute: str) -> bool:
        return attribute in self._node.attrib

    def select(self, selector: str) -> list["Element"]:
        """The elements in this one that fit, in their order; <html> is in the page."""
        is_page = self._node.getparent() is None
        return [Element(node) for node in compiled(selector)(self._node) if is_page or node is not self._node]

    def select_one(self, selector: str) -> "Element | None":
        """The first one that fits."""
        return next(iter(self.select(selector)), None)

    @property
    def children(self) -> list["Element"]:
        return [Element(node) for node in self._node.iterchildren(etree.Element)]

    def is_within(self, name: str) -> bool:
        return next(self._node.iterancestors(name), None) is not None

    @property
    def strings(self) -> Iterator[str]:
        """The pieces of its text, as they are between the tags."""
        return _strings(self._node)

    def get_text(self, separator: str = "", *, strip: bool = False) -> str:
        strings = self.strings
        return separator.join(words for words in map(str.strip, strings) if words) if strip else separator.join(strings)

    @property
    def words(self) -> str:
        """All text that a person reads, with single spaces."""
        return " ".join(self.get_text(" ").split())

    def __str__(self) -> str:
        return html.tostring(self._node, encoding="unicode", with_tail=False)


def parsed(source: str) -> Element:
    """A page, or a piece of one."""
    # The parser takes nothing at all for a mistake.
    root = html.document_fromstring(source if source.strip() else "<html></html>", _parser)
    if not source.lstrip().startswith("<!doctype"):
        # It makes a whole page of each piece; what it has put around it must not be found.
        for node in (root, *root.iterchildren("head", "body")):
            node.tag = "piece"
    return Element(root)


@cache
def compiled(selector: str) -> CSSSelector:
    return CSSSelector(selector, translator="html")


def _strings(node: html.HtmlElement) -> Iterator[str]:
    if node.text:
        yield node.text
    for child in node:
        if isinstance(child.tag, str) and child.tag not in UNREAD:
            yield from _strings(child)
        if child.tail:
            yield child.tail
