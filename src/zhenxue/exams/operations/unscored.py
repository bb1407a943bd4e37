"""Practical examinations whose time is over while learners have no result: forgotten, ill, or still on paper.

Such an exam stays open for ``WAITS`` so that sheets on paper can be entered; those who planned it and the examiners
are told once, and the log says how many had no result when it closes.
"""

import datetime as dt

from zhenxue.evidence import api as evidence
from zhenxue.exams.models import Exam
from zhenxue.exams.operations.calling import call_for_scores
from zhenxue.exams.queries.practical import unscored
from zhenxue.identity.data import SYSTEM

WAITS = dt.timedelta(days=3)
MISSING = "exams.scores_missing"


def waits_for_scores(exam: Exam, now: dt.datetime) -> bool:
    """Whether an exam that is over has to wait for scores; whoever has to act hears of it the first time.

    In the caller's transaction, which holds the exam.
    """
    if not exam.is_practical or now >= exam.closes_at + WAITS:
        return False
    left = len(unscored(exam, now))
    if left and not evidence.list_entries(refs=[f"exam:{exam.pk}"], kinds=[MISSING], limit=1):
        about = [f"cohort:{exam.cohort_id}", f"organisation:{exam.cohort.organisation_id}"]
        evidence.record(
            kind=MISSING, actor=SYSTEM, subject=f"exam:{exam.pk}", about=about, body={"left": left}, now=now
        )
        call_for_scores(exam, left, exam.closes_at + WAITS, now)
    return bool(left)
