"""The words of each language, read from its catalogue when they are first needed.

Catalogues are kept as people write them (.po) and compiled in memory, once in a process, so that no compiled file
can be missing or older than its source.
"""

import functools
from io import BytesIO
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations
from flask_babel import Domain, get_locale

# What the program itself is written in; it needs no catalogue.
SOURCE_LANGUAGE = "en"

FOLDER = Path(__file__).parents[1] / "translations"


class CatalogueDomain(Domain):
    """Where Flask-Babel finds the translations of whatever language is spoken."""

    def get_translations(self) -> NullTranslations:
        locale = get_locale()
        return translations_into(locale.language if locale else SOURCE_LANGUAGE)


def catalogue_path(language: str) -> Path:
    return FOLDER / language / "LC_MESSAGES" / "messages.po"


@functools.cache
def translations_into(language: str) -> NullTranslations:
    """The translations into a language that has a catalogue, by its two letters (ISO 639)."""
    if language == SOURCE_LANGUAGE:
        return NullTranslations()
    with catalogue_path(language).open("rb") as file:
        catalogue = read_po(file, locale=language)
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return Translations(compiled)
