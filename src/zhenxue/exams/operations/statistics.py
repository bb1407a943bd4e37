"""Figures of every question of an organisation, made anew from all attempts that count."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Max

from zhenxue.exams.analysis.items import Items, Shown, Sums, gaps_of
from zhenxue.exams.data import AttemptState, ExamState
from zhenxue.exams.models import Answer, Attempt, Exam, QuestionStatistics
from zhenxue.kernel import clock

CHUNK = 500
#: Marks change after the closing, too (appeals, rulings): everything is counted anew once a day.
EVERY = dt.timedelta(hours=24)
MOST_CHOICES, LONGEST_CHOICE = 24, 40


def organisations_due(now: dt.datetime) -> list[int]:
    """Organisations with an exam that closed since their questions were counted, or not counted for a day."""
    closed = dict(
        Exam.objects.filter(state=ExamState.CLOSED)
        .values_list("cohort__organisation_id")
        .annotate(Max("closed_at"))
        .order_by()
    )
    counted = dict(
        QuestionStatistics.objects.filter(question__bank__organisation__in=closed)
        .values_list("question__bank__organisation_id")
        .annotate(Max("computed_at"))
        .order_by()
    )
    return [
        organisation
        for organisation, last in closed.items()
        if organisation not in counted or counted[organisation] < max(last, now - EVERY)
    ]


def count_questions(*, organisation_id: int, now: dt.datetime) -> int:
    """Counts all marked attempts of an organisation's cohorts, ``CHUNK`` by ``CHUNK``; how many questions have figures.
    Void attempts do not count."""
    items = Items()
    for rows in _chunks(organisation_id):
        for sheet, month in _sheets(rows):
            items.add(sheet, month)
    with transaction.atomic():
        QuestionStatistics.objects.filter(question__bank__organisation=organisation_id).exclude(
            question__in=list(items.sums)
        ).delete()
        made = [_row(question, sums, now) for question, sums in items.sums.items()]
        QuestionStatistics.objects.bulk_create(
            made,
            batch_size=CHUNK,
            update_conflicts=True,
            unique_fields=["question"],
            update_fields=[
                *("shown", "answered", "facility", "discrimination", "seconds", "choices", "drift", "computed_at"),
            ],
        )
    return len(made)


def _chunks(organisation_id: int) -> Iterator[list[Attempt]]:
    rows = Attempt.objects.filter(exam__cohort__organisation=organisation_id, state=AttemptState.MARKED)
    rows = rows.select_related("exam__original").order_by("pk")
    rows = rows.only("pk", "sheet", "started_at", "submitted_at", "exam__kind", "exam__original__kind")
    last = 0
    while chunk := list(rows.filter(pk__gt=last)[:CHUNK]):
        yield chunk
        last = chunk[-1].pk


def _sheets(attempts: list[Attempt]) -> Iterator[tuple[list[Shown], str]]:
    answers: dict[int, list[tuple[int, list[Any], Decimal | None, dt.datetime]]] = defaultdict(list)
    rows = Answer.objects.filter(attempt_id__in=[one.pk for one in attempts])
    for attempt, *answer in rows.values_list("attempt_id", "question_id", "given", "awarded", "saved_at"):
        answers[attempt].append((answer[0], answer[1], answer[2], answer[3]))
    for one in attempts:
        given = {question: (what, awarded) for question, what, awarded, _ in answers[one.pk]}
        scored = one.exam.is_practical  # examiners give points, and nothing is written
        moments = [(question, at.timestamp()) for question, what, _, at in answers[one.pk] if what]
        gaps = gaps_of(moments, one.started_at.timestamp())
        sheet = []
        for question, score, *_ in one.sheet:
            what, awarded = given.get(question, ([], None))
            sheet.append(
                Shown(
                    question,
                    float(score),
                    float(awarded or 0),
                    tuple(_choices(what)),
                    bool(what) or (scored and question in given),
                    gaps.get(question),
                )
            )
        yield sheet, f"{clock.civil_day(one.submitted_at or one.started_at):%Y-%m}"


def _choices(given: Iterable[Any]) -> Iterator[str]:
    """What of an answer is counted: letters and short texts."""
    for part in given:
        if isinstance(part, str) and part and len(part) <= LONGEST_CHOICE:
            yield part


def _row(question: int, sums: Sums, now: dt.datetime) -> QuestionStatistics:
    return QuestionStatistics(
        question_id=question,
        shown=sums.shown,
        answered=sums.answered,
        facility=_share(sums.facility),
        discrimination=_share(sums.discrimination),
        seconds=sums.median_seconds,
        choices=dict(sums.choices.most_common(MOST_CHOICES)),
        drift=[[month, shown, f"{facility:.3f}"] for month, shown, facility in sums.drift],
        computed_at=now,
    )


def _share(value: float | None) -> Decimal | None:
    return None if value is None else Decimal(f"{value:.4f}")
