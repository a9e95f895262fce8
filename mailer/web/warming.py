"""What the first visitor after a start would wait for otherwise: templates compiled, languages and catalogues read."""

import hashlib
import random
from datetime import UTC, datetime
from pathlib import Path

import jinja2
from babel.dates import format_datetime
from flask import Flask
from jinja2 import FileSystemBytecodeCache

from mailer.web import templating
from mailer.web.catalogues import translations_into
from mailer.web.locale import LANGUAGES

FOLDER = "compiled-templates"


def warm_up(app: Flask) -> None:
    """Make everything ready that all pages share; it takes two seconds of CPU the first time, and little afterwards."""
    keep_compiled(app)
    names = app.jinja_env.list_templates()
    # Processes that start together begin at different ends, and each finds what another one has compiled.
    random.shuffle(names)
    for name in names:
        app.jinja_env.get_template(name)
    for language in LANGUAGES:
        translations_into(language)
        format_datetime(datetime.now(UTC), locale=language)


def keep_compiled(app: Flask) -> None:
    """Keep compiled templates in DATA_DIR, where that can be: the next start finds those whose source is the same."""
    folder = Path(app.config["DATA_DIR"]) / FOLDER
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
    except OSError:
        return
    app.jinja_env.bytecode_cache = FileSystemBytecodeCache(str(folder), f"{_compiler_of(app)}-%s")


def _compiler_of(app: Flask) -> str:
    """What decides about the compiled code besides the source, as a name."""
    environment = app.jinja_env
    options = (environment.trim_blocks, environment.lstrip_blocks, sorted(environment.extensions))
    equipment = Path(templating.__file__).read_bytes()
    return hashlib.sha256(repr((jinja2.__version__, options, equipment)).encode()).hexdigest()[:12]
