"""By what the mail servers answered: whose side it is on, what it means, and one of the replies."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from werkzeug.wrappers import Response

from mailer.domain.replies import Group, ReplyKey
from mailer.domain.sums import Tried, replies_counted
from mailer.extensions import db
from mailer.models.mailings import AttemptStatus, Verdict
from mailer.reports.asking import NO_CODE_WORD, Asked, asked_report, refused_report, report_page
from mailer.web.verdict_words import VerdictWords, answer_words, verdict_name

# Of each code: the rest is counted together, so that the page stays one that somebody reads.
REPLIES_SHOWN = 5


@dataclass
class Meaning:
    """Replies that mean the same, with one of them."""

    words: VerdictWords
    attempts: int
    example: str


@dataclass(frozen=True)
class CodeLine:
    """The attempts of one status that one code answered, and what the replies meant, the most frequent first."""

    status: AttemptStatus
    code: int | None
    attempts: int
    url: str
    meanings: Sequence[Meaning]

    @property
    def shown(self) -> Sequence[Meaning]:
        return self.meanings[:REPLIES_SHOWN]

    @property
    def others(self) -> int:
        """The attempts whose replies are not shown."""
        return sum(meaning.attempts for meaning in self.meanings[REPLIES_SHOWN:])


@dataclass
class VerdictLines:
    """All attempts of one verdict."""

    verdict: Verdict
    tried: Tried
    urls: dict[str, str]
    codes: list[CodeLine] = field(default_factory=list)

    @property
    def words(self) -> str:
        return verdict_name(self.verdict).capitalize()

    @property
    def url(self) -> str:
        """Its own part of the page."""
        return f"#verdict-{self.verdict}"


def by_reply() -> Response:
    asked = asked_report()
    if not asked.form.validate():
        return refused_report(asked, "replies")
    groups = replies_counted(db.session, asked.mailings)
    verdicts = verdict_lines(asked, groups)
    return report_page(
        asked,
        "replies",
        "reports/_replies.html",
        verdicts=verdicts,
        total=sum((of_verdict.tried for of_verdict in verdicts), Tried()),
        total_urls=asked.urls_behind(),
        csv_url=asked.url("reports.replies_csv"),
    )


def verdict_lines(asked: Asked, groups: Mapping[ReplyKey, Group]) -> list[VerdictLines]:
    """The verdicts in the order of DESIGN, each with its codes, the most frequent first."""
    return [lines for verdict in Verdict if (lines := _verdict_lines(asked, verdict, groups)).tried.total]


def _verdict_lines(asked: Asked, verdict: Verdict, groups: Mapping[ReplyKey, Group]) -> VerdictLines:
    of_code: dict[tuple[AttemptStatus, int | None], dict[ReplyKey, Group]] = defaultdict(dict)
    counts = dict.fromkeys(AttemptStatus, 0)
    for key, group in groups.items():
        if key.verdict is verdict:
            of_code[key.status, key.code][key] = group
            counts[key.status] += group.attempts
    codes = [_code_line(asked, verdict, status, code, found) for (status, code), found in of_code.items()]
    return VerdictLines(
        verdict=verdict,
        tried=Tried(*counts.values()),
        urls=asked.urls_behind(verdict=verdict),
        codes=sorted(codes, key=lambda line: line.attempts, reverse=True),
    )


def _code_line(
    asked: Asked, verdict: Verdict, status: AttemptStatus, code: int | None, groups: Mapping[ReplyKey, Group]
) -> CodeLine:
    meanings: dict[object, Meaning] = {}
    for key, group in sorted(groups.items(), key=lambda found: found[1].attempts, reverse=True):
        words = answer_words(status, verdict, code, group.example)
        # Replies that Mailer knows say the same if they mean the same; the others if they read alike.
        alike = str(words.meaning) if words.is_known else key.words
        meanings.setdefault(alike, Meaning(words, 0, group.example)).attempts += group.attempts
    ordered = sorted(meanings.values(), key=lambda meaning: meaning.attempts, reverse=True)
    count = sum(meaning.attempts for meaning in ordered)
    urls = asked.urls_behind(verdict=verdict, code=str(code or NO_CODE_WORD))
    return CodeLine(status, code, count, urls[status], ordered)
