"""Practice and the book of errors: never a question of an exam that is not over; what comes back, and when."""

import datetime as dt
from random import Random

import pytest

from tests.factories.exams import CLOSES, make_bank, make_exam, make_paper, questions_of, sit
from tests.factories.exams_plans import make_blueprint
from tests.factories.identity import NOW, make_learner, make_provider
from tests.factories.training import make_running_cohort
from zhenxue.exams.data import ExamState
from zhenxue.exams.models import ErrorCard, Exam, PracticeOpening, PracticeRound, Question
from zhenxue.exams.operations import practice as operations
from zhenxue.exams.operations.errors import collect_errors
from zhenxue.exams.queries import practice as queries
from zhenxue.kernel.errors import Conflict, Invalid, NotFound, Refused

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)
AFTER_CLOSE = CLOSES + dt.timedelta(hours=1)


def right_of(question_id: int) -> list[str]:
    return list(Question.objects.get(pk=question_id).key["right"])


def wrong_of(question_id: int) -> list[str]:
    question = Question.objects.get(pk=question_id)
    return ["错"] if question.kind == "true_false" else ["D"] if len(question.body["options"]) > 3 else ["B"]


def test_a_learner_practises_what_is_open_and_every_answer_is_judged_at_once() -> None:
    running = make_running_cohort(learners=1)
    bank, learner = make_bank(running.manager), running.learners[0]
    for stranger in (make_provider(), running.bureau):
        with pytest.raises(Refused):
            operations.open_practice(actor=stranger, cohort=running.cohort, bank=bank, now=NOW)
    opening = operations.open_practice(actor=running.teacher, cohort=running.cohort, bank=bank, now=NOW)
    assert operations.open_practice(actor=running.manager, cohort=running.cohort, bank=bank, now=NOW).pk == opening.pk
    with pytest.raises(NotFound):
        operations.start_bank(actor=make_learner(), opening_id=opening.pk, now=NOW)
    one = operations.start_bank(actor=learner, opening_id=opening.pk, count=4, now=NOW, random=Random(1))
    first, second = (line.question_id for line in queries.lines_of(one)[:2])
    shown = queries.shown_line(one, 1, NOW)
    assert shown is not None
    assert shown.key is None
    answer = {"actor": learner, "round_id": one.pk, "now": NOW}
    with pytest.raises(Invalid):
        operations.answer(**answer, position=1, given=[])  # type: ignore[arg-type]  # passed through
    assert operations.answer(**answer, position=1, given=right_of(first)) is True  # type: ignore[arg-type]  # as above
    assert operations.answer(**answer, position=2, given=wrong_of(second)) is False  # type: ignore[arg-type]  # as above
    assert operations.answer(**answer, position=2, given=right_of(second)) is False  # type: ignore[arg-type]  # once only
    one = queries.get_round(learner, one.pk)
    assert (one.answered, one.right) == (2, 1)
    seen = queries.shown_line(one, 2, NOW)
    assert seen is not None
    assert seen.key is not None
    assert [card.question_id for card in ErrorCard.objects.all()] == [second]
    ended = operations.end_round(actor=learner, round_id=one.pk, now=NOW)
    with pytest.raises(Conflict):
        operations.answer(actor=learner, round_id=ended.pk, position=3, given=["A"], now=NOW)
    operations.close_practice(actor=running.manager, opening_id=opening.pk, now=NOW)
    assert PracticeOpening.objects.get().closed_at == NOW
    with pytest.raises(NotFound):
        operations.start_bank(actor=learner, opening_id=opening.pk, now=NOW)


def test_no_question_of_an_exam_that_is_not_over_is_ever_practised() -> None:
    running = make_running_cohort(learners=1)
    bank, learner = make_bank(running.manager), running.learners[0]
    opening = operations.open_practice(actor=running.manager, cohort=running.cohort, bank=bank, now=NOW)
    before = operations.start_bank(actor=learner, opening_id=opening.pk, count=6, now=NOW)
    sitting = make_exam(running, ready=False, paper=make_paper(running.manager, bank=bank))
    with pytest.raises(Conflict, match="现在没有可以练的题"):
        operations.start_bank(actor=learner, opening_id=opening.pk, now=NOW)
    assert queries.shown_line(before, 1, NOW) is None
    assert queries.shown_lines(before, NOW) == []
    with pytest.raises(Conflict, match="还没结束的考试"):
        operations.answer(actor=learner, round_id=before.pk, position=1, given=["A"], now=NOW)
    twin = make_bank(running.manager, title="同样的题")
    other = operations.open_practice(actor=running.manager, cohort=running.cohort, bank=twin, now=NOW)
    with pytest.raises(Conflict):
        operations.start_bank(actor=learner, opening_id=other.pk, now=NOW)
    Exam.objects.filter(pk=sitting.exam.pk).update(state=ExamState.CLOSED, closed_at=AFTER_CLOSE)
    assert operations.start_bank(actor=learner, opening_id=opening.pk, now=AFTER_CLOSE).sheet


def test_wrong_answers_of_an_exam_come_into_the_book_only_when_it_is_over_and_come_back_in_growing_distances() -> None:
    sitting = make_exam(learners=2)
    learner = sitting.learners[0]
    sit(sitting, learner, answers=[["A"], ["B"], ["A", "C"], ["A", "C"], ["对"], ["错"]])
    assert collect_errors(now=AFTER_CLOSE) == 0
    Exam.objects.filter(pk=sitting.exam.pk).update(state=ExamState.CLOSED, closed_at=AFTER_CLOSE)
    assert collect_errors(now=AFTER_CLOSE) == 2
    assert collect_errors(now=AFTER_CLOSE) == 0
    assert not queries.due_cards(learner, AFTER_CLOSE).exists()
    with pytest.raises(Conflict, match="没有要练"):
        operations.start_errors(actor=learner, now=AFTER_CLOSE)
    now, gaps = AFTER_CLOSE, []
    for _ in range(3):
        card = ErrorCard.objects.order_by("pk")[0]
        gaps.append(card.due_at - now)
        now = card.due_at
        one = operations.start_errors(actor=learner, now=now)
        for line in queries.lines_of(one):
            given = right_of(line.question_id)
            operations.answer(actor=learner, round_id=one.pk, position=line.position, given=given, now=now)
    assert gaps == [DAY, 2 * DAY, 6 * DAY]
    assert all(card.mastered_at == now for card in ErrorCard.objects.all())
    assert not queries.visible_cards(sitting.learners[1]).exists()
    weak = queries.points_of(queries.cards_of_cohort(sitting.manager, sitting.running.cohort))
    assert [(one.cards, one.learners, one.mastered) for one in weak] == [(2, 1, 2)]
    assert not queries.points_of(queries.cards_of_cohort(make_provider(), sitting.running.cohort))


def test_a_card_practised_again_before_it_is_due_is_not_known_sooner() -> None:
    running = make_running_cohort(learners=1)
    bank, learner = make_bank(running.manager, questions=3), running.learners[0]
    opening = operations.open_practice(actor=running.manager, cohort=running.cohort, bank=bank, now=NOW)
    questions = [one.pk for one in questions_of(bank)]

    def go(given_right: bool, now: dt.datetime) -> None:
        one = operations.start_bank(actor=learner, opening_id=opening.pk, now=now)
        for line in queries.lines_of(one):
            given = right_of(line.question_id) if given_right else wrong_of(line.question_id)
            operations.answer(actor=learner, round_id=one.pk, position=line.position, given=given, now=now)

    go(False, NOW)
    for _ in range(4):
        go(True, NOW)
    assert {card.question_id for card in ErrorCard.objects.filter(mastered_at__isnull=True)} == set(questions)
    assert ErrorCard.objects.first().streak == 0  # type: ignore[union-attr]  # there are three
    assert PracticeRound.objects.filter(ended_at__isnull=False).count() == 5


def test_a_mock_exam_runs_against_the_clock_and_is_judged_at_its_end() -> None:
    running = make_running_cohort(learners=1)
    blueprint, learner = make_blueprint(running.manager), running.learners[0]
    with pytest.raises(Invalid, match="时长"):
        operations.open_practice(actor=running.manager, cohort=running.cohort, blueprint=blueprint, now=NOW)
    opened = {"actor": running.manager, "cohort": running.cohort, "blueprint": blueprint, "minutes": 30, "now": NOW}
    opening = operations.open_practice(**opened)  # type: ignore[arg-type]  # passed through
    one = operations.start_mock(actor=learner, opening_id=opening.pk, now=NOW)
    assert operations.start_mock(actor=learner, opening_id=opening.pk, now=NOW).pk == one.pk
    line = queries.lines_of(one)[0]
    for given in (wrong_of(line.question_id), right_of(line.question_id)):
        assert operations.answer(actor=learner, round_id=one.pk, position=1, given=given, now=NOW) is None
    shown = queries.shown_line(queries.get_round(learner, one.pk), 1, NOW)
    assert shown is not None
    assert shown.key is None
    late = NOW + dt.timedelta(minutes=31)
    with pytest.raises(Conflict):
        operations.answer(actor=learner, round_id=one.pk, position=2, given=["A"], now=late)
    operations.settle(actor=learner, now=late)
    one = queries.get_round(learner, one.pk)
    assert (one.right, one.answered) == (1, 1)
    assert one.ended_at == one.deadline_at
