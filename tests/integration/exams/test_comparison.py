"""After an exam: the job that compares attempts, handing a pair on, and the figures of questions."""

import datetime as dt
from typing import Any

import numpy as np
import pytest

from tests.factories.exams import CLOSES, RIGHT, SITTING, Sitting, make_exam, questions_of, sit
from tests.factories.exams_rooms import answer_all, close, make_long_exam
from tests.factories.identity import make_provider
from tests.factories.training import make_running_cohort
from zhenxue.evidence.models import Entry
from zhenxue.exams.data import BatchState
from zhenxue.exams.models import Attempt, Comparison, ComparisonRun, Question, QuestionBank, QuestionStatistics
from zhenxue.exams.operations import comparing, comparison, statistics
from zhenxue.exams.queries import comparison as pairs
from zhenxue.exams.queries import statistics as figures
from zhenxue.integrity.models import Incident, Signal
from zhenxue.kernel.errors import Conflict, Invalid, Refused

pytestmark = pytest.mark.django_db
AFTER = CLOSES + dt.timedelta(minutes=5)


def sat() -> Sitting:
    """Nine learners and thirty questions; the last two share fifteen wrong answers, one of them answers in no time."""
    sitting = make_long_exam(learners=9, questions=30)
    random = np.random.default_rng(4)
    for learner in range(8):
        answers = ["B" if random.random() < 0.7 else "ACD"[random.integers(3)] for _ in range(30)]
        if learner == 7:
            shared = answers = ["ACD"[at % 3] if at % 2 else "B" for at in range(30)]
        seconds = [1] * 30 if learner == 0 else random.integers(20, 90, 30).tolist()
        answer_all(sitting, learner, answers, seconds)
    answer_all(sitting, 8, shared, random.integers(20, 90, 30).tolist())
    return sitting


def test_a_closed_exam_is_compared_once_and_a_pair_is_handed_on_by_a_person() -> None:
    sitting = sat()
    with pytest.raises(Conflict):
        comparison.ask_comparison(actor=sitting.manager, exam=sitting.exam, now=AFTER)
    exam = close(sitting)
    assert pairs.exams_to_compare(AFTER) == [exam.pk]
    found = comparing.compare_exam(exam_id=exam.pk, now=AFTER)
    assert found is not None
    assert comparing.compare_exam(exam_id=exam.pk, now=AFTER) is None
    assert pairs.exams_to_compare(AFTER) == []
    run, pair = ComparisonRun.objects.get(), Comparison.objects.get()
    assert (run.state, run.percent, run.attempts, run.pairs, run.found) == (BatchState.DONE, 100, 9, 36, 1)
    assert run.facts["runs"] >= 20
    assert {one.enrolment.person.name for one, _ in pairs.fast_attempts(run)} == {sitting.enrolments[0].person.name}
    copied = {sitting.enrolments[7].pk, sitting.enrolments[8].pk}
    assert {pair.first.enrolment_id, pair.second.enrolment_id} == copied
    assert (pair.same_wrong, pair.common) == (15, 30)
    assert pair.probability < 1e-4
    rows = pairs.side_by_side(pair)
    assert sum(one.is_same_wrong for one in rows) == 15
    refer: dict[str, Any] = {"pair": pair, "now": AFTER}
    with pytest.raises(Refused):
        comparison.refer_pair(actor=make_provider(), reason="像是照抄", **refer)
    with pytest.raises(Invalid):
        comparison.refer_pair(actor=sitting.manager, reason=" ", **refer)
    assert not Signal.objects.exists()
    for _ in range(2):
        comparison.refer_pair(actor=sitting.manager, reason="像是照抄", **refer)
    assert Signal.objects.filter(kind="answers_alike").count() == Incident.objects.count() == 2
    assert set(Attempt.objects.values_list("state", flat=True)) == {"marked"}
    comparison.ask_comparison(actor=sitting.manager, exam=exam, now=AFTER)
    comparing.compare_exam(exam_id=exam.pk, now=AFTER)
    assert Comparison.objects.get().facts["referred"]["reason"] == "像是照抄"
    kinds = Entry.objects.values_list("kind", flat=True)
    assert (list(kinds).count("exams.exam_compared"), list(kinds).count("exams.pair_referred")) == (2, 2)


def test_a_comparison_that_was_lost_is_begun_again() -> None:
    sitting = make_exam(learners=1)
    exam = close(sitting)
    assert comparing.begin_comparison(exam_id=exam.pk, now=AFTER)
    assert not comparing.begin_comparison(exam_id=exam.pk, now=AFTER)
    later = AFTER + dt.timedelta(hours=1)
    assert pairs.exams_to_compare(later) == [exam.pk]
    found = comparing.compare_exam(exam_id=exam.pk, now=later)
    assert found is not None
    assert found.pairs == 0  # too few


def test_a_probability_is_told_as_one_in_so_many() -> None:
    words = [pairs.odds_in_words(one) for one in (0.25, 0.004, 1 / 30_000, 1 / 420_000_000, 1e-15)]
    assert words == ["25%", "约 250 分之一", "约 3 万分之一", "约 4 亿分之一", "不到一万亿分之一"]


def counted(learners: int = 3) -> tuple[Sitting, list[Question]]:
    running = make_running_cohort(learners=learners)
    sitting = make_exam(running)
    for learner in sitting.learners[:-1]:
        sit(sitting, learner)
    sit(sitting, sitting.learners[-1], answers=[["A"], *RIGHT[1:5]])
    close(sitting)
    return sitting, questions_of(QuestionBank.objects.get())


def test_figures_of_questions_come_from_all_attempts_that_count() -> None:
    sitting, questions = counted()
    organisation = sitting.exam.cohort.organisation_id
    assert statistics.organisations_due(AFTER) == [organisation]
    assert statistics.count_questions(organisation_id=organisation, now=AFTER) == 6
    assert statistics.organisations_due(AFTER) == []
    assert statistics.organisations_due(AFTER + dt.timedelta(hours=25)) == [organisation]
    first, last = (QuestionStatistics.objects.get(question=questions[at]) for at in (0, 5))
    assert (first.shown, first.answered, first.choices, first.seconds) == (3, 3, {"A": 1, "B": 2}, 60)
    assert str(first.facility) == "0.6667"
    assert first.discrimination is None  # too few
    assert (last.shown, last.answered, str(last.facility)) == (3, 2, "0.6667")
    assert first.drift == [[f"{SITTING:%Y-%m}", 3, "0.667"]]
    Attempt.objects.filter(enrolment=sitting.enrolments[-1]).update(state="voided", score=None, passed=None)
    statistics.count_questions(organisation_id=organisation, now=AFTER)
    assert str(QuestionStatistics.objects.get(question=questions[0]).facility) == "1.0000"


def test_flags_name_what_an_author_should_look_at() -> None:
    sitting, questions = counted(learners=1)
    statistics.count_questions(organisation_id=sitting.exam.cohort.organisation_id, now=AFTER)
    bank = QuestionBank.objects.get()
    rows = figures.questions_with_figures(bank)
    assert not any(figures.flags_of(one) for one in rows)
    facts = {"easy": (0, "0.99", "0.3"), "hard": (1, "0.10", "0.2"), "negative": (2, "0.50", "-0.1")}
    for at, facility, discrimination in facts.values():
        QuestionStatistics.objects.filter(question=questions[at]).update(
            shown=50, facility=facility, discrimination=discrimination, choices={"A": 10, "B": 40, "C": 5, "D": 1}
        )
    QuestionStatistics.objects.filter(question=questions[0]).update(choices={"B": 50}, shown=2000)
    for key, (at, _, _) in facts.items():
        assert [one.pk for one in figures.with_flag(rows, key)] == [questions[at].pk]
    first = rows.get(pk=questions[0].pk)
    assert [one.key for one in figures.flags_of(first)] == ["easy", "unused", "exposed"]
    assert figures.unused_of(first) == ["A", "C", "D"]
    assert [one.pk for one in figures.with_flag(rows, "unused")] == [questions[0].pk]
    assert [(one.value, one.count, one.right) for one in figures.choices_with_counts(first)][1] == ("B", 50, True)
