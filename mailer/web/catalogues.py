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
from flask import Flask
from flask_babel import Domain, get_locale
from jinja2 import pass_eval_context
from jinja2.nodes import EvalContext
from markupsafe import Markup

# What the program itself is written in; it needs no catalogue.
SOURCE_LANGUAGE = "en"

FOLDER = Path(__file__).parents[1] / "translations"


class CatalogueDomain(Domain):
    """Where Flask-Babel finds the translations of whatever language is spoken."""

    def get_translations(self) -> NullTranslations:
        return translations_into(_spoken())


def speak_in_templates(app: Flask) -> None:
    """Give the templates a quick `_` and `ngettext`: a list says hundreds of words, the same ones in every row.

    As Jinja's own, they escape what is filled into a page, and nothing in the text of a letter.
    """
    app.jinja_env.globals.update(_=_said, gettext=_said, ngettext=_counted)


@pass_eval_context
def _said(context: EvalContext, words: str, /, **filled: object) -> str:
    said = _words(_spoken(), words, context.autoescape)
    return said % filled if filled or "%" in said else said


@pass_eval_context
def _counted(context: EvalContext, one: str, many: str, count: int, /, **filled: object) -> str:
    said = translations_into(_spoken()).ungettext(one, many, count)
    return (Markup(said) if context.autoescape else said) % {"num": count, **filled}


@functools.lru_cache(maxsize=8192)
def _words(language: str, words: str, is_markup: bool) -> str:
    said = translations_into(language).ugettext(words)
    return Markup(said) if is_markup else said


def _spoken() -> str:
    locale = get_locale()
    return locale.language if locale else SOURCE_LANGUAGE


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
