"""The rows of long lists as words, made once in Python: a template spends its time on looking things up in objects."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from django.utils.safestring import SafeString

from zhenxue.kernel import masking
from zhenxue.kernel.templatetags.ui import progress_line, state_tag
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
    state: SafeString


class LearnerLine(NamedTuple):
    """A learner of a cohort, the number masked; hours are those done and those needed."""

    id: int
    name: str
    citizen_number: str
    state: str
    online: str
    offline: str
    progress: SafeString
    results: SafeString


NOT_EXAMINED = SafeString('<span class="muted">未考</span>')


def cohort_lines(rows: Iterable[tuple[Any, ...]]) -> list[CohortLine]:
    """Rows of ``queries.cohort_shelf``."""
    return [
        CohortLine(
            *(pk, code, title, organisation, region, str(starts_on), str(ends_on)),
            *(f"{learners}/{capacity}", state_tag(CohortState(state).label, CohortState(state).tone)),
        )
        for pk, code, title, organisation, region, starts_on, ends_on, learners, capacity, state in rows
    ]


def learner_lines(rows: Iterable[LearnerRow]) -> list[LearnerLine]:
    """Rows of ``queries.learner_rows``."""
    return [_learner(row) for row in rows]


def _learner(row: LearnerRow) -> LearnerLine:
    progress = row.progress
    results = [
        state_tag(f"{one.score.normalize():f} 分 {'合格' if one.passed else '不合格'}", "ok" if one.passed else "bad")
        for one in row.results
    ]
    return LearnerLine(
        *(row.id, row.name, masking.citizen_number(str(row.citizen_number or "")), EnrolmentState(row.state).label),
        f"{progress.online_hours!s} / {progress.online_required_hours!s}" if progress else "—",
        f"{progress.offline_hours!s} / {progress.offline_required_hours!s}" if progress else "—",
        progress_line(progress.percent if progress else ""),
        SafeString("".join(results)) if results else NOT_EXAMINED,
    )
