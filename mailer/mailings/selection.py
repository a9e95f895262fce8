"""The clients chosen for a mailing, carried from page to page of the chooser in one field of the form."""

from collections.abc import Iterable
from dataclasses import dataclass

from werkzeug.datastructures import MultiDict

from mailer.web.ids import MAX_ID, ids_among

# More than anybody chooses; without an end, "1-9999999999" in a form would fill the memory.
MOST_CHOSEN = 1_000_000


@dataclass(frozen=True)
class Selection:
    """The ids of the chosen clients."""

    ids: frozenset[int] = frozenset()

    @classmethod
    def sent(cls, form: MultiDict[str, str]) -> "Selection":
        """What a form says: those chosen on earlier pages, and on this page those that are ticked.

        A form without the chooser sends `client_ids` only.
        """
        earlier = unpacked(form.get("chosen", ""))
        shown = unpacked(form.get("shown", ""))
        ticked = ids_among(form.getlist("client_ids"))
        return cls(frozenset(earlier - shown | set(ticked)))

    def with_ids(self, ids: Iterable[int]) -> "Selection":
        return Selection(self.ids | frozenset(ids))

    @property
    def packed(self) -> str:
        return packed(self.ids)


def packed(ids: Iterable[int]) -> str:
    """Ids as text, runs of them as "12-40", so that ten thousand clients are a short field."""
    runs: list[list[int]] = []
    for number in sorted(ids):
        if runs and number == runs[-1][-1] + 1:
            runs[-1] = [runs[-1][0], number]
        else:
            runs.append([number])
    return " ".join("-".join(map(str, run)) for run in runs)


def unpacked(text: str) -> set[int]:
    """The ids in such a text; what is no id, or too much, is passed over."""
    ids: set[int] = set()
    for run in text.split():
        first, dash, last = run.partition("-")
        ends = ids_among([first, last or first])
        if len(ends) != 2 or ends[1] - ends[0] >= MOST_CHOSEN - len(ids):
            continue
        ids.update(range(ends[0], min(ends[1], MAX_ID) + 1))
    return ids
