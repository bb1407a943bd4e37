"""A make-up for everybody who did not pass an exam, or never came."""

import datetime as dt
from dataclasses import replace

from zhenxue.exams.data import ExamKind
from zhenxue.exams.models import Exam
from zhenxue.exams.operations.exams import create_exam, facts_of
from zhenxue.exams.queries import failing_of
from zhenxue.identity.data import Actor
from zhenxue.kernel.errors import Invalid


def plan_make_up(
    *,
    actor: Actor,
    exam: Exam,
    title: str,
    opens_at: dt.datetime,
    closes_at: dt.datetime,
    duration_minutes: int,
    paper_id: int | None,
    blueprint_id: int | None,
    now: dt.datetime,
) -> Exam:
    """A draft that takes all its rules from the exam (of a make-up: from what that makes up for), one try each.

    Raises ``Invalid`` when everybody passed, and by field as ``create_exam``.
    """
    root = exam.original or exam
    failing = failing_of(root)
    if not failing.everybody and not failing.waiting:
        raise Invalid("exams.nobody_failed", "这场考试的学员都已通过，不用安排补考。")
    facts = replace(
        facts_of(root),
        kind=ExamKind.MAKE_UP,
        original_id=root.pk,
        title=title,
        opens_at=opens_at,
        closes_at=closes_at,
        duration_minutes=duration_minutes,
        paper_id=paper_id,
        blueprint_id=blueprint_id,
        attempts_allowed=1,
        publish_at=None,
    )
    return create_exam(actor=actor, cohort=root.cohort, facts=facts, now=now)
