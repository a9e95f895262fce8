"""Every language says all that the source says: nothing missing, nothing doubtful, nothing left over."""

import re

import pytest
from babel.messages.catalog import Catalog, Message

from mailer.web.catalogues import catalogue_path, translations_into
from tests.support.catalogues import TRANSLATED, missing, said, template, translated, updated

# What is filled in later: %(name)s, and the {unsubscribe_url} of a letter.
PLACES = re.compile(r"%\(\w+\)s|\{\w+\}")


@pytest.fixture(scope="module")
def source() -> Catalog:
    return template()


@pytest.fixture(params=TRANSLATED)
def language(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def words_of(message: Message) -> list[str]:
    return [message.string] if isinstance(message.string, str) else list(message.string)


def test_a_catalogue_has_all_that_the_source_says_and_no_more(source: Catalog, language: str) -> None:
    """The file is what `make messages` makes of it."""
    assert len(source) > 1000
    assert updated(language, source).decode() == catalogue_path(language).read_text()


def test_every_message_is_translated_in_each_plural_and_none_is_fuzzy(language: str) -> None:
    catalogue = translated(language)
    messages = [message for message in catalogue if message.id]
    assert [message.id for message in messages if message.fuzzy] == []
    assert missing(language) == []
    forms = {message.id: len(words_of(message)) for message in messages if message.pluralizable}
    assert set(forms.values()) == {catalogue.num_plurals}


def test_what_is_filled_in_stays_in_every_translation(language: str) -> None:
    differences = []
    for message in translated(language):
        # A plural may leave out "one" of itself, so the source's last form has all that can be filled in.
        told = message.id if isinstance(message.id, str) else message.id[-1] if message.id else ""
        wanted = sorted(PLACES.findall(told))
        differences += [words for words in words_of(message) if told and sorted(PLACES.findall(words)) != wanted]
    assert differences == []


def test_words_that_have_a_plural_are_not_said_without_one() -> None:
    """A catalogue keeps them under both forms, and before Python 3.12 does not find them under the one."""
    places = [(message, context) for _name, _line, message, _comments, context in said()]
    with_plural = {message[0] for message, _context in places if isinstance(message, tuple)}
    assert with_plural and not with_plural & {message for message, context in places if context is None}


@pytest.mark.parametrize(
    ("count", "words"),
    [(0, "0 клиентов"), (1, "1 клиент"), (2, "2 клиента"), (5, "5 клиентов"), (11, "11 клиентов"), (21, "21 клиент")],
)
def test_russian_has_three_plurals(count: int, words: str) -> None:
    spoken = translations_into("ru").ungettext("%(count)s client", "%(count)s clients", count)
    assert spoken % {"count": count} == words


def test_a_word_that_means_two_things_is_said_in_two_ways() -> None:
    russian = translations_into("ru")
    assert (russian.ugettext("started"), russian.upgettext("audit", "started")) == ("идёт", "запуск")
    assert (russian.ugettext("From"), russian.upgettext("period", "From")) == ("От кого", "С")
