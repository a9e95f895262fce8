"""Replies that say the same, although each names another address and another letter; and attempts counted by hand."""

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple

from mailer.domain.recipients import without_address
from mailer.models.mailings import AttemptStatus, Verdict

WORDS_CHARACTERS = 300
# A server that writes something else each time must not fill the database; what is beyond this is counted by its code.
MOST_GROUPS = 200

# A shorter local part is a word that stands in replies for other reasons.
SHORTEST_NAME = 4

_ADDRESS = re.compile(r"[^\s<>\"'()\[\],;:=]+@[^\s<>\"'()\[\],;:=]+")
# The name of a letter, a session or a machine: long, with a digit in it. Codes such as 550-5.7.26 are none.
_NAME = re.compile(r"(?<![\w.-])(?!(?:\d{3}-)?[245]\.\d+\.\d+(?![\w.-]))(?=[\w.-]*\d)[\w.-]{8,}|\d{5,}")


class ReplyKey(NamedTuple):
    """What attempts have in common that were answered alike; `words` are empty where the letter was taken."""

    status: AttemptStatus
    verdict: Verdict
    code: int | None
    words: str


class Answered(NamedTuple):
    """As much of an attempt as is counted; a tally is given its columns in this order."""

    status: AttemptStatus
    verdict: Verdict
    code: int | None
    reply: str
    quarter: int
    domain: str
    email: str


def example_of(reply: str, email: str) -> str:
    """A reply without any address, and without the recipient's local part alone: it is kept whatever is erased."""
    without = _ADDRESS.sub("<>", without_address(reply, email) if email else reply).replace("<<>>", "<>")
    name = email.rpartition("@")[0]
    if len(name) < SHORTEST_NAME:
        return without
    return re.sub(rf"(?<![\w.@+-]){re.escape(name)}(?![\w+-])", "<>", without, flags=re.IGNORECASE)


def words_of(example: str) -> str:
    """What an example has in common with all replies that say the same."""
    return _NAME.sub("…", example)[:WORDS_CHARACTERS]


@dataclass
class Group:
    """So many attempts with equal replies, and one of these; empty where the letter was taken."""

    attempts: int
    example: str


@dataclass
class ReplyTally:
    """How many attempts were answered alike. It holds at most MOST_GROUPS groups, and one more for each code."""

    groups: dict[ReplyKey, Group] = field(default_factory=dict)

    def count(self, answered: Answered) -> None:
        """Count one attempt."""
        if answered.status is AttemptStatus.SUCCESS:
            self.add(ReplyKey(answered.status, answered.verdict, answered.code, ""), Group(1, ""))
            return
        example = example_of(answered.reply, answered.email)
        self.add(ReplyKey(answered.status, answered.verdict, answered.code, words_of(example)), Group(1, example))

    def add(self, key: ReplyKey, group: Group) -> None:
        """Count attempts that are a group already."""
        if key not in self.groups and sum(bool(known.words) for known in self.groups) >= MOST_GROUPS:
            key = key._replace(words="")
        self.groups.setdefault(key, Group(0, group.example if key.words else "")).attempts += group.attempts


@dataclass
class Tally:
    """Attempts counted one by one: by quarter of an hour and status, by domain and status, and by reply."""

    quarters: Counter[tuple[int, AttemptStatus]] = field(default_factory=Counter)
    domains: Counter[tuple[str, AttemptStatus]] = field(default_factory=Counter)
    replies: ReplyTally = field(default_factory=ReplyTally)

    def count(self, answered: Answered) -> None:
        """Count one attempt in each way."""
        self.quarters[answered.quarter, answered.status] += 1
        self.domains[answered.domain, answered.status] += 1
        self.replies.count(answered)
