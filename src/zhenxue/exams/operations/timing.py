"""When an attempt may end and must end, by the server's clock alone."""

import datetime as dt

from zhenxue.exams.errors import TooEarly
from zhenxue.exams.models import Attempt, Exam
from zhenxue.kernel.clock import CIVIL_ZONE


def deadline_of(exam: Exam, began_at: dt.datetime, extra_minutes: int = 0) -> dt.datetime:
    """Until when somebody who begins now may answer: as long as the exam lasts, and not after it closes; whoever has
    extra time has it in both. Breaks put it off later (``operations/breaks``)."""
    extra = dt.timedelta(minutes=extra_minutes)
    return min(began_at + dt.timedelta(minutes=exam.duration_minutes), exam.closes_at) + extra


def may_hand_in_at(attempt: Attempt) -> dt.datetime:
    """From when the learner may hand in: so long after the start as the exam asks for, at the latest at the end."""
    earliest = attempt.started_at + dt.timedelta(minutes=attempt.exam.stay_minutes)
    return min(earliest, attempt.deadline_at)


def check_may_hand_in(attempt: Attempt, now: dt.datetime) -> None:
    """Raises ``TooEarly`` with the moment; the deadline and an invigilator are not asked."""
    earliest = may_hand_in_at(attempt)
    if now < earliest:
        raise TooEarly(f"{earliest.astimezone(CIVIL_ZONE):%H:%M}")
