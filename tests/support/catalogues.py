"""The catalogues of translations, brought up to date with what the pages say: `make messages`."""

import io
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.pofile import read_po, write_po

from mailer.web.catalogues import SOURCE_LANGUAGE, catalogue_path
from mailer.web.locale import LANGUAGES

PACKAGE = Path(__file__).parents[2] / "mailer"

EXTRACTORS = [("templates/**", "jinja2"), ("**.py", "python")]
# A template that cannot be parsed is an error, and not one without words.
OPTIONS = {"templates/**": {"silent": "false"}}
KEYWORDS = DEFAULT_KEYWORDS | {"_l": None, "lazy_pgettext": ((1, "c"), 2)}

TRANSLATED = [language for language in LANGUAGES if language != SOURCE_LANGUAGE]


def template() -> Catalog:
    """Everything that the program says, with no translation."""
    catalogue = Catalog(charset="utf-8", header_comment="")
    for name, _line, message, comments, context in said():
        catalogue.add(message, None, [(name, 0)], auto_comments=comments, context=context)
    return catalogue


def said() -> list[Any]:
    """Every place where the program says something, as Babel finds them, in a fixed order."""
    found = extract_from_dir(
        PACKAGE, EXTRACTORS, OPTIONS, keywords=KEYWORDS, comment_tags=["TRANSLATORS:"], strip_comment_tags=True
    )
    return sorted(found, key=lambda piece: piece[:2])


def translated(language: str) -> Catalog:
    with catalogue_path(language).open("rb") as file:
        return read_po(file, locale=language)


def updated(language: str, source: Catalog) -> bytes:
    """The file of a language as it should be: new words without a translation, old ones gone, in a fixed order.

    Its head stays as it is: Babel's own would have the time in it.
    """
    head = catalogue_path(language).read_bytes().partition(b"\n\n")[0]
    catalogue = translated(language)
    catalogue.update(source, no_fuzzy_matching=True)
    body = io.BytesIO()
    write_po(
        body, catalogue, width=120, omit_header=True, include_lineno=False, sort_by_file=True, ignore_obsolete=True
    )
    return head + b"\n\n" + body.getvalue().strip() + b"\n"


def missing(language: str) -> list[str]:
    """What waits for a translation, in one form of it at least."""
    messages = [message for message in translated(language) if message.id]
    return [str(message.id) for message in messages if not message.string or not all(message.string)]


def update_all() -> None:
    source = template()
    for language in TRANSLATED:
        path = catalogue_path(language)
        path.write_bytes(updated(language, source))
        waiting = missing(language)
        print(f"{path.relative_to(PACKAGE.parent)}: {len(waiting)} without a translation", *waiting, sep="\n")


if __name__ == "__main__":
    update_all()
