"""The logs of everything that `make run` started, watched so that its terminal shows what matters in them."""

import json
import os
import re
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

SUPERVISOR_LOG = "supervisord.log"

UNEXPECTED_END = re.compile(r"WARN exited: (?P<name>\S+) \((?P<how>.*); not expected\)")
ERROR = re.compile(r"\b(ERROR|CRITICAL)\b")

# A program that fails at every request must not bury the terminal: its next error is told after this many seconds.
SECONDS_BETWEEN_ERRORS = 10.0


class LogWatch:
    """What has been written to the logs of a folder since this was made."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._beginnings = {path: path.stat().st_size for path in folder.glob("*.log")}
        self._offsets = dict(self._beginnings)
        self._told_at: dict[Path, float] = {}
        self.ends: Counter[str] = Counter()

    def news(self) -> list[str]:
        """A line for each unexpected end since the last look, and for each program that has logged an error."""
        told: list[str] = []
        for path in sorted(self._folder.glob("*.log")):
            lines = self._new_lines(path)
            if path.name == SUPERVISOR_LOG:
                told += self._unexpected_ends(lines)
            else:
                told += self._first_error(path, lines)
        return told

    def tail(self, name: str, lines: int = 15) -> str:
        """The last lines that a program has written."""
        path = self._folder / f"{name}.log"
        if not path.exists():
            return ""
        text = path.read_bytes()[self._beginnings.get(path, 0) :].decode(errors="replace")
        return "\n".join(text.splitlines()[-lines:])

    def _new_lines(self, path: Path) -> list[str]:
        offset = self._offsets.get(path, 0)
        try:
            with open(path, "rb") as file:
                # A shorter file is a new one: the one before had grown large and was moved aside.
                offset = file.seek(offset if os.fstat(file.fileno()).st_size >= offset else 0)
                # A line that is still being written is left for the next look.
                text = file.read().rpartition(b"\n")[0]
        except FileNotFoundError:
            # It is being moved aside just now.
            return []
        self._offsets[path] = offset + len(text) + (1 if text else 0)
        return text.decode(errors="replace").splitlines()

    def _unexpected_ends(self, lines: list[str]) -> Iterator[str]:
        for line in lines:
            end = UNEXPECTED_END.search(line)
            if end:
                self.ends[end["name"]] += 1
                yield f"{end['name']} has ended unexpectedly ({end['how']}) and is started again."

    def _first_error(self, path: Path, lines: list[str]) -> Iterator[str]:
        now = time.monotonic()
        if now - self._told_at.get(path, -SECONDS_BETWEEN_ERRORS) < SECONDS_BETWEEN_ERRORS:
            return
        for line in lines:
            if ERROR.search(line):
                self._told_at[path] = now
                yield f"{path.stem}: {_sentence(line)} (more in {path})"
                return


def _sentence(line: str) -> str:
    """What a line of JSON says, as a person reads it; any other line as it is."""
    try:
        told = json.loads(line)
        return f"{told['level']}: {told['message']}"
    except (ValueError, TypeError, KeyError):
        return line
