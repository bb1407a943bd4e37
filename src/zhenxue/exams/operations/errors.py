"""The book of errors: a wrong answer becomes a card, which comes back at growing distances (FSRS) until it is known.

Deterministic: no fuzzing, times in UTC, whole days; the same answers at the same times give the same days.
"""

import datetime as dt

from django.db import transaction
from fsrs import Card, Rating, Scheduler, State

from zhenxue.exams.data import AttemptState, ExamState
from zhenxue.exams.kinds import JUDGED
from zhenxue.exams.models import Answer, ErrorCard, Exam

#: So often in a row a question is answered right when it comes back, and it counts as known.
KNOWN_AFTER = 3
#: Results that came out within so many days are looked through; a second time nothing is added.
LOOK_BACK = dt.timedelta(days=3)
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
    """Wrong answers of exams that are over and whose results are out become cards; how many were added. Twice is
    harmless."""
    since = now - LOOK_BACK
    over = Exam.objects.filter(state=ExamState.CLOSED, closed_at__gte=since)
    late = Exam.objects.filter(state=ExamState.CLOSED, published_at__gte=since)
    count = 0
    for exam in (over | late).distinct():
        if exam.is_out and not exam.is_practical:
            count += _collect(exam, now)
    return count


def _collect(exam: Exam, now: dt.datetime) -> int:
    wrong = Answer.objects.filter(attempt__exam=exam, attempt__state=AttemptState.MARKED, correct=False)
    wrong = wrong.filter(question__kind__in=JUDGED)
    pairs = set(wrong.values_list("attempt__enrolment_id", "question_id"))
    have = ErrorCard.objects.filter(enrolment__in={one for one, _ in pairs})
    missing = sorted(pairs - set(have.values_list("enrolment_id", "question_id")))
    made = [_new(enrolment, question, now) for enrolment, question in missing]
    with transaction.atomic():
        ErrorCard.objects.bulk_create(made, ignore_conflicts=True, batch_size=200)
    return len(made)


def _open(enrolment_id: int, question_id: int, now: dt.datetime) -> ErrorCard:
    card = _new(enrolment_id, question_id, now)
    card.save()
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
