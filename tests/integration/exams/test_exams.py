"""Arranging exams: cohort, stage, paper, times; publish, cancel, close."""

import datetime as dt

import pytest

from tests.factories.exams import (
    CLOSES,
    OPENS,
    SITTING,
    make_draft_exam,
    make_exam,
    make_paper,
    sit,
    start,
)
from tests.factories.identity import NOW, make_bureau, make_operator, make_provider
from tests.factories.training import make_draft_cohort, make_running_cohort
from zhenxue.evidence.models import Entry
from zhenxue.exams import api as exams
from zhenxue.exams import queries
from zhenxue.exams.models import Exam
from zhenxue.exams.operations.exams import cancel_exam
from zhenxue.kernel.errors import Invalid, Refused

pytestmark = pytest.mark.django_db


def create(running: object, **changes: object) -> Exam:
    fields: dict[str, object] = {
        "stage_number": 1,
        "title": "考核",
        "opens_at": OPENS,
        "closes_at": CLOSES,
        "duration_minutes": 60,
        "attempts_allowed": 1,
        **changes,
    }
    cohort, manager = running.cohort, running.manager  # type: ignore[attr-defined]  # a Running
    fields.setdefault("paper", None)
    paper = fields.pop("paper") or make_paper(manager, title=f"卷{Exam.objects.count()}{len(changes)}{changes!s:.30}")
    facts = exams.ExamFacts(paper_id=paper.pk, **fields)  # type: ignore[arg-type, attr-defined]  # wrong on purpose
    return exams.create_exam(actor=manager, cohort=cohort, facts=facts, now=NOW)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"stage_number": 9}, "stage_number"),
        ({"title": " "}, "title"),
        ({"closes_at": OPENS}, "closes_at"),
        ({"opens_at": NOW - dt.timedelta(days=3)}, "opens_at"),
        ({"closes_at": OPENS + dt.timedelta(days=60)}, "opens_at"),
        ({"duration_minutes": 0}, "duration_minutes"),
        ({"closes_at": OPENS + dt.timedelta(minutes=30)}, "duration_minutes"),
        ({"attempts_allowed": 0}, "attempts_allowed"),
    ],
)
def test_a_wrong_arrangement_is_answered_by_field(changes: dict[str, object], field: str) -> None:
    running = make_running_cohort(learners=1)
    with pytest.raises(Invalid) as caught:
        create(running, **changes)
    assert field in caught.value.fields
    assert create(running).pass_percent == running.cohort.pass_percent


def test_only_an_approved_cohort_and_a_final_own_paper_will_do() -> None:
    with pytest.raises(Invalid) as caught:
        create(make_draft_cohort(learners=1))
    assert "cohort" in caught.value.fields
    with pytest.raises(Invalid) as caught:
        create(make_running_cohort(learners=1), paper=make_paper(make_provider()))
    assert "paper" in caught.value.fields


def test_publishing_twice_is_harmless_and_strangers_are_refused() -> None:
    sitting = make_draft_exam()
    for actor in (make_provider(), sitting.running.teacher, sitting.running.bureau):
        with pytest.raises(Refused):
            exams.schedule_exam(actor=actor, exam=sitting.exam, now=NOW)
    for _ in range(2):
        assert exams.schedule_exam(actor=sitting.manager, exam=sitting.exam, now=NOW).state == "scheduled"
    assert Entry.objects.filter(kind="exams.exam_scheduled").count() == 1
    late = make_draft_exam(sitting.running, title="补考")
    with pytest.raises(Invalid, match="已经过去"):
        exams.schedule_exam(actor=late.manager, exam=late.exam, now=CLOSES)


def test_an_exam_is_cancelled_with_a_reason_and_only_before_anybody_began() -> None:
    sitting = make_exam()
    with pytest.raises(Invalid, match="原因"):
        cancel_exam(actor=sitting.manager, exam=sitting.exam, reason=" ", now=NOW)
    other = make_exam(sitting.running, title="补考", ready=False)
    cancel_exam(actor=other.manager, exam=other.exam, reason="改期", now=NOW)
    cancel_exam(actor=other.manager, exam=other.exam, reason="改期", now=NOW)
    start(sitting, sitting.learners[0])
    with pytest.raises(Refused, match="已有学员开始"):
        cancel_exam(actor=sitting.manager, exam=sitting.exam, reason="改期", now=SITTING)


def test_an_exam_closes_when_its_time_is_over_and_all_is_handed_in() -> None:
    sitting = make_exam()
    sit(sitting, sitting.learners[0])
    start(sitting, sitting.learners[1], at=CLOSES - dt.timedelta(minutes=5))
    assert exams.close_due_exams(now=CLOSES - dt.timedelta(seconds=1)) == 0
    assert exams.close_due_exams(now=CLOSES) == 0
    assert exams.close_due_attempts(now=CLOSES) == 1
    assert exams.close_due_exams(now=CLOSES) == 1
    assert exams.close_due_exams(now=CLOSES) == 0
    assert Exam.objects.get(pk=sitting.exam.pk).state == "closed"
    entry = Entry.objects.get(kind="exams.exam_closed")
    assert '"passed":1' in entry.envelope
    assert '"sat":2' in entry.envelope


def test_who_sees_an_exam_and_its_attempts() -> None:
    sitting = make_exam()
    mine, other = sitting.learners
    attempt = sit(sitting, mine)
    draft = make_draft_exam(sitting.running, title="草稿")
    running = sitting.running
    for actor, sees_exam, sees_draft, sees_attempt in (
        (sitting.manager, True, True, True),
        (running.teacher, True, True, True),
        (running.bureau, True, True, True),
        (make_bureau("3715"), True, True, True),
        (make_operator(), True, True, True),
        (mine, True, False, True),
        (other, True, False, False),
        (make_bureau("371521"), False, False, False),
        (make_provider(), False, False, False),
    ):
        assert queries.visible_exams(actor).filter(pk=sitting.exam.pk).exists() is sees_exam, actor.label
        assert queries.visible_exams(actor).filter(pk=draft.exam.pk).exists() is sees_draft, actor.label
        assert queries.visible_attempts(actor).filter(pk=attempt.pk).exists() is sees_attempt, actor.label
