"""The clients chosen for a mailing, carried from page to page of the chooser in one field of the form."""

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import cached_property

from werkzeug.datastructures import MultiDict

from mailer.domain.chosen_ids import runs_of
from mailer.web.ids import MAX_ID, ids_among

# More than anybody chooses; without an end, "1-9999999999" in a form would fill the memory.
MOST_CHOSEN = 1_000_000


@dataclass(frozen=True)
class Selection:
    """The ids of the chosen clients; nobody changes the set, which would take long to copy."""

    ids: AbstractSet[int] = frozenset()

    @classmethod
    def sent(cls, form: MultiDict[str, str]) -> "Selection":
        """What a form says: those chosen on earlier pages, and on this page those that are ticked.

        A form without the chooser sends `client_ids` only.
        """
        ids = unpacked(form.get("chosen", ""))
        ids -= unpacked(form.get("shown", ""))
        ids.update(ids_among(form.getlist("client_ids")))
        return cls(ids)

    def with_ids(self, ids: Iterable[int]) -> "Selection":
        return Selection(self.ids | frozenset(ids))

    @cached_property
    def packed(self) -> str:
        return packed(self.ids)


def packed(ids: Iterable[int]) -> str:
    """Ids as text, runs of them as "12-40", so that ten thousand clients are a short field."""
    return " ".join(str(first) if first == last else f"{first}-{last}" for first, last in runs_of(ids))


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
