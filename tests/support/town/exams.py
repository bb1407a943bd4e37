"""Exams in the demo city at steps that do not last: a room, a pair that was compared, an answer in hand."""

import datetime as dt
import time
from typing import Any

from tests.support.town import QUESTIONS
from tests.support.town.people import actor
from zhenxue.exams.data import BatchState, ExamFacts
from zhenxue.exams.models import Answer, Attempt, Blueprint, Comparison, ComparisonRun, Paper, QuestionStatistics
from zhenxue.exams.operations import banks, exams, importing, marking_desk, statistics
from zhenxue.training.models import Cohort


def lay_exams(running: Cohort, now: dt.datetime) -> dict[str, list[str]]:
    """A draft exam, an import with a refused row, the rooms, and an answer that the teacher has claimed; by role."""
    manager, teacher = actor("provider"), actor("teacher")
    facts = ExamFacts(
        title="第 2 阶段考核",
        stage_number=2,
        paper_id=Paper.objects.get(organisation_id=manager.organisation_id, title__contains="理论卷").pk,
        opens_at=now,
        closes_at=now + dt.timedelta(days=3),
        duration_minutes=60,
    )
    exam = exams.create_exam(actor=manager, cohort=running, facts=facts, now=now)
    bank = banks.create_bank(actor=manager, title="新题库", now=now)
    source = (QUESTIONS + "单选题,没有答案的题,甲,乙,,,,,1\n").encode()
    preview = importing.preview_import(actor=manager, bank=bank, source=source, file_name="题目.csv", now=now)
    waiting = Answer.objects.filter(awarded__isnull=True, attempt__state="submitted").order_by("pk")[0]
    claimed = marking_desk.claim_next(
        actor=teacher, exam=waiting.attempt.exam, question_id=waiting.question_id, now=now
    )
    assert claimed is not None
    drawn_up = Blueprint.objects.get(organisation_id=manager.organisation_id, state="draft")
    pages = (
        *(f"exams/{exam.pk}", f"exams/{waiting.attempt.exam_id}/make-up", f"banks/blueprints/{drawn_up.pk}"),
        *(f"banks/{bank.pk}/import/{preview.pk}", f"banks/{bank.pk}/export"),
    )
    return {
        "provider_manager": [*(f"/{page}/" for page in pages), *lay_rooms(manager, now)],
        "teacher": [f"/exams/scoring/marks/{claimed.pk}/"],
    }


def lay_rooms(manager: Any, now: dt.datetime) -> list[str]:
    """Two attempts that were compared, and figures of the questions they held."""
    statistics.count_questions(organisation_id=manager.organisation_id, now=now)
    sat = Attempt.objects.filter(exam__cohort__organisation=manager.organisation_id, state="marked")
    first, second = sat.order_by("exam", "pk")[:2]
    _settle_comparison(first.exam_id, now)
    pair = Comparison.objects.create(
        exam_id=first.exam_id,
        first=first,
        second=second,
        same_wrong=7,
        common=40,
        probability=2e-7,
        facts={"by": ["answers"], "expected": "1.20", "times": 0, "correlation": "0.10", "times_probability": 1.0},
        computed_at=now,
    )
    counted = QuestionStatistics.objects.order_by("pk")[0]
    pages = (f"exams/{first.exam_id}/room", f"exams/{first.exam_id}/comparison", f"exams/comparison/{pair.pk}")
    seat = (f"exams/attempts/{first.pk}/room", f"exams/attempts/{first.pk}/conduct")
    return [f"/{page}/" for page in (*pages, *seat, f"banks/questions/{counted.question_id}/statistics")]


def _settle_comparison(exam_id: int, now: dt.datetime) -> None:
    """The worker of the city has compared this exam, or will not any more: what is laid here stays."""
    run, _ = ComparisonRun.objects.get_or_create(exam_id=exam_id)
    end = time.monotonic() + 120
    while run.state == BatchState.RUNNING and time.monotonic() < end:
        time.sleep(0.2)
        run.refresh_from_db()
    ComparisonRun.objects.filter(pk=run.pk).update(state=BatchState.DONE, percent=100, started_at=now)
