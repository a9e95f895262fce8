"""Static files leave compressed, and are kept by browsers until they change.

Pages are not compressed: they hold a secret (the CSRF token) beside what a visitor's address can put into them, and
the length of both compressed together would tell the one by trying the other.
"""

import functools
import gzip
import hashlib
from pathlib import Path
from typing import Any

from flask import Flask, current_app, request
from werkzeug.security import safe_join
from werkzeug.wrappers import Response

COMPRESSED_TYPES = frozenset({"text/css", "text/javascript", "image/svg+xml"})
A_DAY = 24 * 3600
A_YEAR = 365 * A_DAY


def serve_static_files(app: Flask) -> None:
    """Put a version into the addresses of static files, and look after their answers."""
    app.url_defaults(add_version)
    app.after_request(compress_and_keep)


def add_version(endpoint: str, values: dict[str, Any]) -> None:
    """A changed file has another address, so that no browser shows yesterday's."""
    if endpoint == "static" and (path := _path_of(values["filename"])):
        values["v"] = _version(path, path.stat().st_mtime_ns)


def compress_and_keep(response: Response) -> Response:
    if request.endpoint != "static" or response.status_code != 200:
        return response
    # Style sheets name their fonts without a version; a font that was asked for again would come late on each page.
    kept = f"max-age={A_YEAR}, immutable" if "v" in request.args else f"max-age={A_DAY}"
    response.headers["Cache-Control"] = f"public, {kept}"
    path = _path_of((request.view_args or {})["filename"])
    if path and response.mimetype in COMPRESSED_TYPES:
        response.vary.add("Accept-Encoding")
        if request.accept_encodings["gzip"] > 0:
            response.direct_passthrough = False
            response.set_data(_gzipped(path, path.stat().st_mtime_ns))
            response.headers["Content-Encoding"] = "gzip"
            # The same file in other bytes: a weak tag is one that both may carry.
            response.set_etag(response.get_etag()[0] or "", weak=True)
    return response


def _path_of(filename: str) -> Path | None:
    path = safe_join(current_app.static_folder or "", filename)
    return Path(path) if path and Path(path).is_file() else None


@functools.lru_cache(maxsize=64)
def _version(path: Path, _mtime_ns: int) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:10]


@functools.lru_cache(maxsize=64)
def _gzipped(path: Path, _mtime_ns: int) -> bytes:
    return gzip.compress(path.read_bytes(), mtime=0)
