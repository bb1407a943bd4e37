"""Practice and the book of errors: never a question of an exam that is not over; what comes back, and when."""

import datetime as dt
from random import Random

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from tests.factories.catalogue import make_standard, right_answers
from tests.factories.exams import CLOSES, choice, make_bank, make_exam, make_paper, questions_of, sit
from tests.factories.exams_kinds import facts_of_kinds, make_picture
from tests.factories.exams_plans import make_blueprint
from tests.factories.identity import NOW, client_for, make_learner, make_provider
from tests.factories.study import units_of
from tests.factories.training import make_running_cohort
from tests.support.triggers import lifted
from zhenxue.catalogue import api as catalogue
from zhenxue.exams.data import ExamState, QuestionState
from zhenxue.exams.models import ErrorCard, Exam, PracticeOpening, PracticeRound, Question
from zhenxue.exams.operations import practice as operations
from zhenxue.exams.operations.banks import add_question
from zhenxue.exams.operations.errors import collect_again, collect_errors, note_answer
from zhenxue.exams.queries import practice as queries
from zhenxue.kernel.errors import Conflict, Invalid, NotFound, Refused
from zhenxue.ledger import api as ledger
from zhenxue.training import api as training
from zhenxue.training.models import Enrolment

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


def test_a_copy_with_a_picture_is_known_by_the_picture_and_not_by_its_number() -> None:
    running = make_running_cohort(learners=1)
    manager, learner = running.manager, running.learners[0]
    banks = [make_bank(manager, title=title, questions=0) for title in ("考试", "照抄", "另图")]
    make_picture(manager, banks[1], "white")  # so that the numbers differ, too
    pictures = [
        make_picture(manager, bank, colour) for bank, colour in zip(banks, ["teal", "teal", "red"], strict=True)
    ]
    for bank, picture in zip(banks, pictures, strict=True):
        stem = f"看图，先做什么？![图](asset:{picture.pk})"
        add_question(actor=manager, bank=bank, facts=choice(stem), now=NOW)
    spots = [facts_of_kinds(one.pk)[9] for one in (pictures[1], make_picture(manager, banks[1], "blue"))]
    kept = [add_question(actor=manager, bank=banks[1], facts=one, now=NOW).digest for one in spots]
    assert kept[0] != kept[1]  # the same words under two pictures are two questions
    with pytest.raises(Invalid, match="已有相同的题"):
        add_question(actor=manager, bank=banks[1], facts=spots[0], now=NOW)
    make_exam(running, ready=False, paper=make_paper(manager, bank=banks[0]))
    openings = [operations.open_practice(actor=manager, cohort=running.cohort, bank=bank, now=NOW) for bank in banks]
    with pytest.raises(Conflict, match="现在没有可以练的题"):
        operations.start_bank(actor=learner, opening_id=openings[1].pk, kind="single", now=NOW)
    assert operations.start_bank(actor=learner, opening_id=openings[2].pk, kind="single", now=NOW).sheet


def test_wrong_answers_of_an_exam_come_into_the_book_only_when_it_is_over_and_come_back_in_growing_distances() -> None:
    sitting = make_exam(learners=2)
    learner = sitting.learners[0]
    sit(sitting, learner, answers=[["A"], ["B"], ["A", "C"], ["A", "C"], ["对"], ["错"]])
    assert collect_errors(now=AFTER_CLOSE) == 0
    Exam.objects.filter(pk=sitting.exam.pk).update(state=ExamState.CLOSED, closed_at=AFTER_CLOSE)
    assert collect_errors(now=AFTER_CLOSE + 30 * DAY) == 2  # however late the worker comes
    ErrorCard.objects.all().delete()
    assert collect_errors(now=AFTER_CLOSE) == 0
    first = sitting.exam.attempts.get().answers.order_by("pk")[0].question_id
    collect_again(sitting.exam.pk)
    assert collect_errors(now=AFTER_CLOSE) == 2
    collect_again(sitting.exam.pk, right=[(sitting.enrolments[0].pk, first)])
    assert not ErrorCard.objects.filter(question=first).exists()
    assert collect_errors(now=AFTER_CLOSE) == 1  # the answer itself is wrong still
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
    with pytest.raises(IntegrityError), transaction.atomic():  # two clicks at one moment
        PracticeRound.objects.create(enrolment=one.enrolment, mode=one.mode, opening=opening, began_at=NOW)
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
    again = operations.start_mock(actor=learner, opening_id=opening.pk, now=late)
    assert again.pk != one.pk
    much_later = late + DAY
    assert operations.start_mock(actor=learner, opening_id=opening.pk, now=much_later).pk != again.pk
    again.refresh_from_db()
    assert again.ended_at == again.deadline_at


def test_what_went_wrong_in_a_self_test_comes_into_the_book_and_can_be_practised() -> None:
    running = make_running_cohort(learners=2)
    learner, enrolment = running.learners[0], running.enrolments[0]
    unit = next(one for one in units_of(running) if right_answers(one))
    right = right_answers(unit)
    asked = next(one for one in catalogue.list_questions(unit.pk) if one.kind != "multiple")
    wrong = {"对": ["错"], "错": ["对"], "A": ["B"]}.get(asked.answer[0], ["A"])

    def hand_in(number: int, **answers: bool) -> None:
        judged = {pk: answers.get("all_right", False) or pk != asked.pk for pk in right}
        with transaction.atomic():
            ledger.note_test(
                enrolment_id=running.enrolments[number].pk, unit_id=unit.pk, judged=judged, passed=False, now=NOW
            )

    hand_in(0, all_right=True)
    assert not ErrorCard.objects.exists()
    hand_in(0)
    hand_in(0)
    hand_in(1)
    question = Question.objects.get()
    assert (question.bank.title, question.bank.organisation_id) == ("课程自测错题", running.cohort.organisation_id)
    assert (question.stem, question.key, question.version) == (asked.stem, {"right": asked.answer}, 1)
    assert unit.title in question.source
    own = ErrorCard.objects.get(enrolment=enrolment)
    assert (own.question_id, own.wrong, ErrorCard.objects.count()) == (question.pk, 2, 2)
    one = operations.start_errors(actor=learner, now=own.due_at)
    assert operations.answer(actor=learner, round_id=one.pk, position=1, given=right[asked.pk], now=own.due_at) is True
    Question.objects.update(key={"right": wrong})  # what an older version of the course said
    hand_in(0)
    assert sorted(Question.objects.values_list("version", "state")) == [(1, "replaced"), (2, "active")]
    Question.objects.filter(version=2).update(state="retired")  # staff does not want it practised
    hand_in(0)
    assert Question.objects.count() == 2


def test_retired_questions_and_classes_that_were_left_are_no_longer_due_and_hide_no_others() -> None:
    left, first, second = (make_running_cohort(learners=1) for _ in range(3))
    learner = first.learners[0]
    asked = []
    for number, running in enumerate((left, first, second)):
        with lifted():  # one person in three classes, whatever their rosters say
            Enrolment.objects.filter(pk=running.enrolments[0].pk).update(person=learner.person_id)
        asked.append(questions_of(make_bank(running.manager, title=f"题库{number}"))[0])
        note_answer(
            enrolment_id=running.enrolments[0].pk, question_id=asked[-1].pk, correct=False, now=NOW + number * DAY
        )
    later = NOW + 30 * DAY
    assert queries.due_cards(learner, later).count() == 3
    training.leave(actor=left.manager, enrolment_id=left.enrolments[0].pk, reason="本人申请退出", now=later)
    Question.objects.filter(pk=asked[1].pk).update(state=QuestionState.RETIRED)
    assert [card.question_id for card in queries.due_cards(learner, later)] == [asked[2].pk]
    one = operations.start_errors(actor=learner, now=later)
    assert [line.question_id for line in queries.lines_of(one)] == [asked[2].pk]
    Question.objects.filter(pk=asked[2].pk).update(state=QuestionState.RETIRED)
    with pytest.raises(Conflict, match="现在没有要练的错题"):
        operations.start_errors(actor=learner, now=later)
    book = queries.visible_cards(learner).order_by("pk")
    assert list(book.values_list("comes_back", flat=True)) == [False] * 3, "the book keeps them"
    page = client_for(learner).get(reverse("exams:errors")).content.decode()
    assert (page.count("不再练习"), page.count("下次练习 2")) == (3, 0)


def test_a_bank_is_practised_by_point() -> None:
    running = make_running_cohort(learners=1)
    bank, learner = make_bank(running.manager), running.learners[0]
    point = catalogue.list_points(make_standard(running.manager).pk)[0]
    chosen = questions_of(bank)[2]
    Question.objects.filter(pk=chosen.pk).update(point=point)
    assert queries.points_to_practise([bank.pk]) == {bank.pk: [(point.pk, f"{point.code} {point.title}")]}
    opening = operations.open_practice(actor=running.manager, cohort=running.cohort, bank=bank, now=NOW)
    one = operations.start_bank(actor=learner, opening_id=opening.pk, point_id=point.pk, now=NOW)
    assert [line.question_id for line in queries.lines_of(one)] == [chosen.pk]
