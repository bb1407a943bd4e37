"""The book of errors: a wrong answer becomes a card, which comes back at growing distances (FSRS) until it is known.

Deterministic: no fuzzing, times in UTC, whole days; the same answers at the same times give the same days.
"""

import datetime as dt
from collections.abc import Iterable

from django.db import IntegrityError, transaction
from django.db.models import Q
from fsrs import Card, Rating, Scheduler, State

from zhenxue.exams.data import AttemptState, ExamState
from zhenxue.exams.kinds import JUDGED
from zhenxue.exams.models import Answer, ErrorCard, Exam

#: So often in a row a question is answered right when it comes back, and it counts as known.
KNOWN_AFTER = 3
_scheduler = Scheduler(learning_steps=(), relearning_steps=(), enable_fuzzing=False, maximum_interval=180)


def note_answer(*, enrolment_id: int, question_id: int, correct: bool, now: dt.datetime) -> ErrorCard | None:
    """An answer in practice: a wrong one opens a card or brings it back soon, a right one lets it rest longer; in the
    caller's transaction. A right answer to what has no card leaves nothing.

    A card that rests is not advanced by practising it again before it is due: only by time and memory.
    """
    rows = ErrorCard.objects.select_for_update().filter(enrolment=enrolment_id, question=question_id)
    card = rows.first()
    if card is None:
        return None if correct else _open(enrolment_id, question_id, now)
    if not correct:
        card.wrong, card.streak, card.mastered_at = card.wrong + 1, 0, None
        _review(card, Rating.Again, now)
    elif now >= card.due_at:
        card.right, card.streak = card.right + 1, card.streak + 1
        _review(card, Rating.Good, now)
        if card.streak >= KNOWN_AFTER:
            card.mastered_at = card.mastered_at or now
    card.last_at = now
    card.save()
    return card


def collect_errors(*, now: dt.datetime) -> int:
    """Wrong answers of exams that are over and whose results are out become cards, once for each exam; how many were
    added."""
    waiting = Exam.objects.filter(state=ExamState.CLOSED, collected_at__isnull=True)
    out = waiting.filter(Q(publish_at__isnull=True) | Q(published_at__isnull=False)).order_by("pk")
    count = 0
    for pk in list(out.values_list("pk", flat=True)):
        with transaction.atomic():
            exam = Exam.objects.select_for_update(of=("self",)).select_related("original").get(pk=pk)
            if exam.collected_at is None:
                count += 0 if exam.is_practical else _collect(exam, now)
                exam.collected_at = now
                exam.save(update_fields=["collected_at"])
    return count


def collect_again(exam_id: int, *, right: Iterable[tuple[int, int]] = ()) -> None:
    """Marks changed after the collecting: what is wrong now is added the next time, and a card that came of nothing but
    what is ``right`` by now (enrolment and question) goes; in the caller's transaction."""
    for enrolment, question in right:
        ErrorCard.objects.filter(enrolment=enrolment, question=question, wrong=1, right=0).delete()
    Exam.objects.filter(pk=exam_id).update(collected_at=None)


def _collect(exam: Exam, now: dt.datetime) -> int:
    wrong = Answer.objects.filter(attempt__exam=exam, attempt__state=AttemptState.MARKED, correct=False)
    wrong = wrong.filter(question__kind__in=JUDGED)
    pairs = set(wrong.values_list("attempt__enrolment_id", "question_id"))
    have = ErrorCard.objects.filter(enrolment__in={one for one, _ in pairs})
    missing = sorted(pairs - set(have.values_list("enrolment_id", "question_id")))
    made = [_new(enrolment, question, now) for enrolment, question in missing]
    ErrorCard.objects.bulk_create(made, ignore_conflicts=True, batch_size=200)
    return len(made)


def _open(enrolment_id: int, question_id: int, now: dt.datetime) -> ErrorCard:
    card = _new(enrolment_id, question_id, now)
    try:
        with transaction.atomic():
            card.save()
    except IntegrityError:  # the same was sent twice at one moment
        return ErrorCard.objects.get(enrolment=enrolment_id, question=question_id)
    return card


def _new(enrolment_id: int, question_id: int, now: dt.datetime) -> ErrorCard:
    card = ErrorCard(enrolment_id=enrolment_id, question_id=question_id, wrong=1, last_at=now)
    _review(card, Rating.Again, now)
    return card


def _review(card: ErrorCard, rating: Rating, now: dt.datetime) -> None:
    moment = now.astimezone(dt.UTC)
    state = Card.from_dict(card.repetition) if card.repetition else Card(card_id=1, state=State.Learning, due=moment)
    after, _log = _scheduler.review_card(state, rating, moment)
    card.repetition, card.due_at = dict(after.to_dict()), after.due
