"""Words to the people who score: named for an exam, or needed to decide between two."""

import datetime as dt
from collections.abc import Iterable

from django.urls import reverse

from zhenxue.exams.models import Exam, Examiner
from zhenxue.identity import api as identity
from zhenxue.kernel.clock import CIVIL_ZONE
from zhenxue.notices import api as notices

NOTICE = "exams.scoring"


def tell_named(exam: Exam, people: Iterable[int], now: dt.datetime) -> None:
    """Those who were just named know where to score."""
    work = "考评员" if exam.is_practical else "评卷人员"
    notices.notify_many(
        person_ids=people,
        kind=NOTICE,
        title=f"你是“{exam.title}”的{work}"[:80],
        text=f"班期 {exam.cohort.code}。点开后可以看到要评的内容。",
        link=_desk(exam),
        now=now,
    )


def call_chiefs(exam: Exam, now: dt.datetime) -> None:
    """The chiefs know that two people are too far apart; without chiefs whoever comes next decides."""
    notices.notify_many(
        person_ids=Examiner.objects.filter(exam=exam, is_chief=True).values_list("person_id", flat=True),
        kind=NOTICE,
        title="有两人评分相差太大，请评定",
        text=f"“{exam.title}”：两人的评分相差超过规定，要由组长评定。",
        link=_desk(exam),
        now=now,
    )


def call_for_scores(exam: Exam, left: int, until: dt.datetime, now: dt.datetime) -> None:
    """Managers and examiners know who has no result although the time is over."""
    named = set(Examiner.objects.filter(exam=exam).values_list("person_id", flat=True))
    notices.notify_many(
        person_ids=named | set(identity.managers_of(exam.cohort.organisation_id)),
        kind=NOTICE,
        title=f"“{exam.title}”还有 {left} 名学员没有成绩"[:80],
        text=f"考核时间已过。纸质评分表请在 {until.astimezone(CIVIL_ZONE):%m-%d %H:%M} 前导入，缺考的可以另安排补考。",
        link=f"{_desk(exam)}?state=todo",
        now=now,
    )


def _desk(exam: Exam) -> str:
    name = "exams:practical" if exam.is_practical else "exams:exam_desk"
    return reverse(name, args=[exam.pk])
