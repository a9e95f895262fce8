"""What every template knows, apart from what its view hands it."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import Flask
from flask_login import current_user
from jinja2 import pass_context

from mailer.domain.erased import is_placeholder
from mailer.web.books_bar import bar_segments, books_label, table_lines
from mailer.web.formats import (
    calendar_day,
    clock,
    clock_when,
    day_and_time,
    moment,
    number,
    share,
    span,
    weekday,
    when,
    zone_name,
)
from mailer.web.frame import EXAMPLE_BOOKS, Frame
from mailer.web.hold_words import hold_words
from mailer.web.left_out_words import left_out_words
from mailer.web.link_words import links_refusal
from mailer.web.locale import language, other_languages
from mailer.web.marks import mark_of, mark_words
from mailer.web.own_words import said
from mailer.web.problem_words import problem_words
from mailer.web.pruned import missing_attempt_words, pruned_words
from mailer.web.scope import scope_query
from mailer.web.sparkline import sparkline
from mailer.web.suppression_words import suppression_words
from mailer.web.verdict_words import verdict_name, verdict_words

FILTERS = (calendar_day, clock, clock_when, day_and_time, moment, number, said, share, weekday, when)
GLOBALS = (
    bar_segments, books_label, hold_words, is_placeholder, language, left_out_words, links_refusal, mark_of, mark_words,
    other_languages, problem_words, span, sparkline, suppression_words, table_lines, verdict_name, verdict_words,
    zone_name, missing_attempt_words, pruned_words, scope_query,
)


def equip(app: Flask) -> None:
    """Give the templates their filters, their functions and the frame."""
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    for filter_ in FILTERS:
        app.add_template_filter(when_drawn(filter_))
    for function in GLOBALS:
        app.add_template_global(function)
    app.jinja_env.globals.update(current_user=current_user, example_books=EXAMPLE_BOOKS, frame=Frame())


def when_drawn(filter_: Callable[..., Any]) -> Callable[..., Any]:
    """The same filter, asked whenever a page is drawn.

    Of a constant Jinja would ask it once, when it compiles the template, in whatever language is spoken then.
    """

    @wraps(filter_)
    def drawn(_context: Any, *arguments: Any) -> Any:
        return filter_(*arguments)

    return pass_context(drawn)
