"""Which exams count for a stage. One place, so that learners, subsidies and certificates get the same answer.

A stage is passed by its *assessment*: any exam of kind STAGE of it, or any MAKE_UP of one (a family: one passed is
enough). Where a PRACTICAL examination of the stage is scheduled (or over), that or a make-up of it has to be passed
too. FINAL and CHAPTER never count for a stage. Results that are not out do not count yet.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from django.db.models import FilteredRelation, Q

from zhenxue.exams.data import ExamKind, ExamState
from zhenxue.exams.models import Exam

#: What a learner could sit, or could have sat.
HELD = (ExamState.SCHEDULED, ExamState.CLOSED)


class StageExam(NamedTuple):
    """An exam of a stage that is held, and somebody who passed it with the result out; 0: nobody (it is held)."""

    root_kind: str
    stage: int
    enrolment_id: int


def count_stages(rows: Iterable[StageExam]) -> dict[int, set[int]]:
    """Per enrolment the stages that are passed; pure."""
    theory: dict[int, set[int]] = defaultdict(set)
    practice: dict[int, set[int]] = {}
    for row in rows:
        if row.root_kind == ExamKind.STAGE:
            theory[row.stage].add(row.enrolment_id)
        elif row.root_kind == ExamKind.PRACTICAL:
            practice.setdefault(row.stage, set()).add(row.enrolment_id)
    found: dict[int, set[int]] = defaultdict(set)
    for stage, enrolments in theory.items():
        for enrolment in enrolments & practice.get(stage, enrolments):
            if enrolment:
                found[enrolment].add(stage)
    return dict(found)


def passed(cohort_id: int, enrolment_id: int | None = None) -> dict[int, set[int]]:
    """Per enrolment of a cohort (or of one) the numbers of the stages that are passed; one query.

    Theory: STAGE or a MAKE_UP of it, any of them passed; and, if one is scheduled for the stage, PRACTICAL (or a
    MAKE_UP of it) too. FINAL and CHAPTER do not count for a stage.
    """
    won = Q(attempts__passed=True)
    if enrolment_id is not None:
        won &= Q(attempts__enrolment=enrolment_id)
    rows = Exam.objects.filter(cohort=cohort_id, stage_number__isnull=False, state__in=HELD)
    rows = rows.annotate(won=FilteredRelation("attempts", condition=won))
    columns = ("kind", "original__kind", "stage_number", "publish_at", "published_at", "won__enrolment_id")
    return count_stages(_stage_exam(*row) for row in rows.values_list(*columns))


def _stage_exam(
    kind: str,
    original: str | None,
    stage: int | None,
    publish_at: dt.datetime | None,
    published_at: dt.datetime | None,
    enrolment_id: int | None,
) -> StageExam:
    is_out = publish_at is None or published_at is not None
    root = original if kind == ExamKind.MAKE_UP and original else kind
    return StageExam(root, stage or 0, (enrolment_id or 0) if is_out else 0)
