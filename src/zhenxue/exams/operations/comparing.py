"""Comparing the attempts of a closed exam. The worker loads this: numpy stays out of the pages (tests/architecture)."""

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from django.db import transaction
from django.db.models import QuerySet

from zhenxue.evidence import api as evidence
from zhenxue.exams.analysis.answers import Sheet
from zhenxue.exams.analysis.comparing import FEWEST_ATTEMPTS, LEVEL, Compared, Pair, Timed, compare
from zhenxue.exams.analysis.items import gaps_of
from zhenxue.exams.data import AttemptState, BatchState, Kind
from zhenxue.exams.models import Answer, Attempt, Comparison, ComparisonRun, Exam, Question
from zhenxue.exams.operations.marking import digest_of
from zhenxue.exams.queries.comparison import LOST_AFTER
from zhenxue.identity.data import SYSTEM

STEP = 10
#: Kinds of which two answers are the same or not; free texts and places on a picture are not like that.
COMPARED = (Kind.SINGLE, Kind.MULTIPLE, Kind.TRUE_FALSE, Kind.FILL_IN, Kind.MATCHING, Kind.ORDERING)


def begin_comparison(*, exam_id: int, now: dt.datetime) -> bool:
    """Takes an exam for comparing; false where another worker has it in hand, or it is done."""
    with transaction.atomic():
        run, _ = ComparisonRun.objects.select_for_update().get_or_create(exam_id=exam_id)
        if run.state in {BatchState.RUNNING, BatchState.DONE} and run.started_at is not None:
            lost = run.state == BatchState.RUNNING and run.started_at < now - LOST_AFTER
            if not lost:
                return False
        run.state, run.percent, run.started_at = BatchState.RUNNING, 0, now
        run.save(update_fields=["state", "percent", "started_at"])
    return True


def compare_exam(*, exam_id: int, now: dt.datetime) -> Compared | None:
    """Compares all attempts of a closed exam and keeps what was found; ``None`` where somebody else does it."""
    if not begin_comparison(exam_id=exam_id, now=now):
        return None
    percent = 0

    def told(share: float) -> None:
        nonlocal percent
        reached = int(share * 100) // STEP * STEP
        if reached > percent:
            percent = reached
            ComparisonRun.objects.filter(exam_id=exam_id).update(percent=min(reached, 99))

    try:
        sheets, timed = sheets_of(exam_id)
        compared = compare(sheets, timed, seed=exam_id, told=told)
    except Exception:
        ComparisonRun.objects.filter(exam_id=exam_id).update(state=BatchState.FAILED)
        raise
    _keep(exam_id, compared, now)
    return compared


def sheets_of(exam_id: int) -> tuple[list[Sheet], Timed]:
    """The handed-in attempts of an exam as the comparison takes them; three queries."""
    rows = list(
        Attempt.objects.filter(exam=exam_id, state__in=[AttemptState.SUBMITTED, AttemptState.MARKED])
        .order_by("pk")
        .values_list("pk", "enrolment__person_id", "started_at", "sheet")
    )
    drawn = {pk: {row[0] for row in sheet if row[4]} for pk, _, _, sheet in rows}
    known = Answer.objects.filter(attempt_id__in=[row[0] for row in rows]).exclude(given=[]).order_by("sequence")
    answers: dict[int, dict[int, tuple[str, bool]]] = defaultdict(dict)
    moments: dict[int, list[tuple[int, float]]] = defaultdict(list)
    columns = ("attempt_id", "question_id", "question__kind", "given", "correct", "saved_at")
    for attempt, question, kind, given, correct, saved_at in known.values_list(*columns).iterator():
        moments[attempt].append((question, saved_at.timestamp()))
        if kind in COMPARED and correct is not None and question not in drawn[attempt]:
            answers[attempt][question] = "\x1f".join(str(part) for part in given), correct
    sheets = [Sheet(pk, person, answers[pk]) for pk, person, _, _ in rows]
    questions = sorted({question for several in moments.values() for question, _ in several})
    places = {question: at for at, question in enumerate(questions)}
    seconds = np.full((len(rows), len(questions)), np.nan)
    for at, (pk, _, started_at, _) in enumerate(rows):
        for question, gap in gaps_of(moments[pk], started_at.timestamp()).items():
            seconds[at, places[question]] = gap
    texts = {pk: _length(stem, body) for pk, stem, body in _texts(questions)}
    return sheets, Timed(seconds, [texts[question] for question in questions])


def _texts(questions: Sequence[int]) -> QuerySet[Question, tuple[int, str, Any]]:
    return Question.objects.filter(pk__in=questions).values_list("pk", "stem", "body")


def _length(stem: str, body: Mapping[str, Any]) -> int:
    """Characters that have to be read."""
    return len(stem) + sum(len(str(option)) for option in body.get("options", ()))


def _keep(exam_id: int, compared: Compared, now: dt.datetime) -> None:
    with transaction.atomic():
        run = ComparisonRun.objects.select_for_update().get(exam_id=exam_id)
        before = {(one.first_id, one.second_id): one for one in Comparison.objects.filter(exam_id=exam_id)}
        for pair in compared.found:
            row = before.pop((pair.first, pair.second), None) or Comparison(
                exam_id=exam_id, first_id=pair.first, second_id=pair.second
            )
            row.same_wrong, row.common, row.probability = pair.same_wrong, pair.common, pair.probability
            row.facts = {**_facts(pair), **{k: v for k, v in row.facts.items() if k == "referred"}}
            row.computed_at = now
            row.save()
        for row in before.values():
            if not row.facts.get("referred"):
                row.delete()
        run.state, run.percent, run.computed_at = BatchState.DONE, 100, now
        run.attempts, run.pairs, run.found = compared.attempts, compared.pairs, len(compared.found)
        run.facts = {
            "level_percent": str(LEVEL * 100),
            "fewest": FEWEST_ATTEMPTS,
            "runs": compared.runs,
            "false_alarms": compared.false_alarms,
            "fast": [
                {"attempt": key, "answers": one.answers, "below": one.below, "faster": f"{one.times_faster:.1f}"}
                for key, one in compared.fast
            ],
        }
        run.save()
        body = {
            "attempts": compared.attempts,
            "pairs": compared.pairs,
            "found": len(compared.found),
            "pairs_sha256": digest_of([[one.first, one.second, one.same_wrong] for one in compared.found]),
        }
        exam = Exam.objects.select_related("cohort").get(pk=exam_id)
        about = [f"cohort:{exam.cohort_id}"]
        evidence.record(
            kind="exams.exam_compared", actor=SYSTEM, subject=f"exam:{exam_id}", about=about, body=body, now=now
        )


def _facts(pair: Pair) -> dict[str, object]:
    return {
        "by": list(pair.by),
        "expected": f"{pair.expected:.2f}",
        "times": pair.times,
        "correlation": f"{pair.correlation:.2f}",
        "times_probability": pair.times_probability,
    }
