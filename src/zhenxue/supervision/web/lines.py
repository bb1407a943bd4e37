"""The rows of long lists as words, made once in Python: a template spends its time on looking things up in objects."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from zhenxue.kernel import masking
from zhenxue.kernel.templatetags.ui import progress_line, row_link, state_tag
from zhenxue.supervision.queries import LearnerRow
from zhenxue.training.data import CohortState, EnrolmentState


class CohortLine(NamedTuple):
    """A cohort in a list; ``learners`` is how many there are and how many there may be."""

    id: int
    code: str
    title: str
    organisation: str
    region: str
    starts_on: str
    ends_on: str
    learners: str
    state: str
    tone: str


NOT_EXAMINED = SafeString('<span class="muted">未考</span>')
LEARNER_LINE = (
    '<tr><th scope="row"><a href="{}">{}</a></th><td class="nowrap">{}</td><td class="nowrap">{}</td>'
    '<td class="num">{}</td><td class="num">{}</td><td>{}</td><td>{}</td></tr>'
)


def cohort_lines(rows: Iterable[tuple[Any, ...]]) -> list[CohortLine]:
    """Rows of ``queries.cohort_shelf``."""
    return [
        CohortLine(
            *(pk, code, title, organisation, region, str(starts_on), str(ends_on)),
            *(f"{learners}/{capacity}", CohortState(state).label, CohortState(state).tone),
        )
        for pk, code, title, organisation, region, starts_on, ends_on, learners, capacity, state in rows
    ]


def learner_lines(rows: Iterable[LearnerRow]) -> SafeString:
    """Rows of ``queries.learner_rows`` as rows of the table."""
    return format_html_join("\n", LEARNER_LINE, map(_learner, rows))


def _learner(row: LearnerRow) -> tuple[str, ...]:
    progress = row.progress
    results = [
        state_tag(f"{one.score.normalize():f} 分 {'合格' if one.passed else '不合格'}", "ok" if one.passed else "bad")
        for one in row.results
    ]
    return (
        *(row_link("supervision:learner", row.id), row.name),
        *(masking.citizen_number(str(row.citizen_number or "")), EnrolmentState(row.state).label),
        f"{progress.online_hours!s} / {progress.online_required_hours!s}" if progress else "—",
        f"{progress.offline_hours!s} / {progress.offline_required_hours!s}" if progress else "—",
        progress_line(progress.percent if progress else ""),
        SafeString("".join(results)) if results else NOT_EXAMINED,
    )
