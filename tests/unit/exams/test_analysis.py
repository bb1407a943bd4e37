"""The comparison of attempts: honest exams stay quiet, copies are found; times; figures of questions."""

import itertools
from typing import Any

import numpy as np
import pytest

from zhenxue.exams.analysis.answers import Sheet, find_alike, holm, table_of, upper_tails, wrong_chances
from zhenxue.exams.analysis.comparing import LEVEL, Compared, Timed, compare
from zhenxue.exams.analysis.items import Items, Shown, gaps_of
from zhenxue.exams.analysis.times import find_synchronous


def quiet(_share: float) -> None:
    """A listener that does not listen."""


def exam(random: np.random.Generator, learners: int, questions: int, *, options: int = 4) -> np.ndarray[Any, Any]:
    """Honest answers that do not come from the fitted model: questions differ in how well they discriminate, can be
    guessed, and their wrong answers are chosen with very different shares that shift with ability. 0 is right."""
    ability = random.normal(0.4, 1, learners)
    slope, difficulty = random.lognormal(0, 0.3, questions), random.normal(-0.3, 1, questions)
    right = 0.15 + 0.85 / (1 + np.exp(-slope * (ability[:, None] - difficulty)))
    wrong = random.random((learners, questions)) >= right
    pull = random.normal(0, 1, (questions, options - 1))
    bend = random.normal(0, 0.3, (questions, options - 1))
    weights = np.exp(pull[None] + bend[None] * ability[:, None, None])
    shares = np.cumsum(weights / weights.sum(axis=2, keepdims=True), axis=2)
    picked = (random.random((learners, questions, 1)) > shares).sum(axis=2) + 1
    return np.where(wrong, picked, 0)


def sheets(codes: np.ndarray[Any, Any]) -> list[Sheet]:
    return [
        Sheet(100 + row, row, {k: ("ABCDEF"[int(code)], code == 0) for k, code in enumerate(line)})
        for row, line in enumerate(codes)
    ]


def compared(codes: np.ndarray[Any, Any], timed: Timed | None = None) -> Compared:
    return compare(sheets(codes), timed, seed=1, told=quiet)


def test_exams_in_which_everybody_sat_alone_show_nobody() -> None:
    """120 honest exams of 30 and 40 questions: at the level of 1 % for answers about one may show a pair; four or more
    would be a fault of the method (probability below 4 % even at the full level)."""
    alarms = 0
    for seed in range(120):
        random = np.random.default_rng(seed)
        found = find(exam(random, 30, 30 + 10 * (seed % 2)))
        alarms += bool(found)
    assert alarms <= 3


def find(codes: np.ndarray[Any, Any]) -> list[Any]:
    return find_alike(table_of(sheets(codes)), level=LEVEL / 2)[0]


def test_who_copied_most_of_a_neighbours_paper_is_found() -> None:
    caught = 0
    for seed in range(30):
        random = np.random.default_rng(1000 + seed)
        codes = exam(random, 40, 50)
        weak = int(np.argsort((codes == 0).sum(axis=1))[5])  # of few right answers: there is something wrong to copy
        copier = (weak + 7) % 40
        copied = random.random(50) < 0.8
        codes[copier] = np.where(copied, codes[weak], codes[copier])
        found = find(codes)
        caught += any({one.first, one.second} == {weak, copier} for one in found)
        assert all(copier in {one.first, one.second} or weak in {one.first, one.second} for one in found)
    assert caught >= 27


def test_two_good_papers_are_alike_without_being_strange() -> None:
    codes = exam(np.random.default_rng(7), 30, 40)
    codes[3] = codes[4] = 0  # everything right
    assert not find(codes)


def test_a_mistake_that_the_whole_class_was_taught_says_nothing() -> None:
    codes = exam(np.random.default_rng(8), 30, 40)
    codes[:, :8] = 2  # eight questions that everybody answers with the same wrong option
    assert not find(codes)


def test_attempts_of_one_person_and_small_exams_are_not_compared() -> None:
    codes = exam(np.random.default_rng(9), 12, 40)
    codes[1] = codes[0]
    rows = [Sheet(one.key, 0 if one.person == 1 else one.person, one.answers) for one in sheets(codes)]
    assert not compare(rows, seed=1, told=quiet).found
    few = compare(rows[:7], seed=1, told=quiet)
    assert (few.pairs, few.runs) == (0, 0)


def test_the_tail_of_unequal_draws_is_exact() -> None:
    chances = np.array([[0.1, 0.5, 0.9, 0.0], [0.3, 0.3, 0.3, 0.3]])
    for least in (1, 2, 3):
        tails = upper_tails(chances, np.array([least, least]))
        for row, tail in zip(chances, tails, strict=True):
            exact = sum(
                np.prod([p if hit else 1 - p for p, hit in zip(row, hits, strict=True)])
                for hits in itertools.product((0, 1), repeat=4)
                if sum(hits) >= least
            )
            assert tail == pytest.approx(exact)


def test_holm_stops_at_the_first_that_is_not_small_enough() -> None:
    assert holm([0.001, 0.004, 0.2], 10, 0.04) == 2
    assert holm([0.005, 0.006], 10, 0.04) == 0
    assert holm([], 10, 0.04) == 0


def test_the_model_tells_the_weak_from_the_able_and_the_hard_from_the_easy() -> None:
    codes = exam(np.random.default_rng(3), 60, 40)
    chances = wrong_chances(table_of(sheets(codes)))
    wrong = codes > 0
    assert np.corrcoef(chances.mean(axis=1), wrong.mean(axis=1))[0, 1] > 0.98
    assert np.corrcoef(chances.mean(axis=0), wrong.mean(axis=0))[0, 1] > 0.98
    assert chances.sum() == pytest.approx(wrong.sum(), rel=0.03)


def times(random: np.random.Generator, learners: int, questions: int) -> np.ndarray[Any, Any]:
    """Heavy-tailed times: gamma about a lognormal mean per question and learner."""
    usual, speed = random.lognormal(3.2, 0.5, questions), random.lognormal(0, 0.3, learners)
    return random.gamma(2.0, 0.5, (learners, questions)) * usual[None] * speed[:, None]


def test_times_of_the_honest_do_not_run_alike_and_those_of_two_as_one_do() -> None:
    alarms = 0
    for seed in range(60):
        random = np.random.default_rng(seed)
        seconds = times(random, 40, 30)
        found = compared(exam(random, 40, 30), Timed(seconds, [60] * 30)).found if seed == 0 else ()
        assert not [one for one in found if "times" in one.by]
        alarms += bool(synchronous(seconds))
    assert alarms <= 2
    random = np.random.default_rng(99)
    seconds = times(random, 40, 30)
    seconds[5] = seconds[9] * 1.1 + random.normal(0, 1, 30)
    assert [(one.first, one.second) for one in synchronous(seconds)] == [(5, 9)]


def synchronous(seconds: np.ndarray[Any, Any]) -> list[Any]:
    return find_synchronous(seconds, list(range(len(seconds))), level=LEVEL / 2)[0]


def test_who_answers_faster_than_anybody_reads_is_told_and_the_quick_are_not() -> None:
    random = np.random.default_rng(5)
    seconds = times(random, 30, 20)
    seconds[4] = random.uniform(0.4, 1.5, 20)
    seconds[8] /= 2  # a quick learner
    result = compared(exam(random, 30, 20), Timed(seconds, [60] * 20))
    assert [key for key, _ in result.fast] == [104]
    assert result.fast[0][1].below >= 18


def test_the_false_alarms_of_an_exam_are_reckoned_from_simulated_honest_ones() -> None:
    codes = exam(np.random.default_rng(11), 20, 30)
    first, again = compared(codes), compared(codes)
    assert first == again
    assert first.runs >= 50
    assert first.false_alarms <= first.runs * 0.05


def test_figures_of_a_question_tell_easy_from_hard_and_good_from_bad() -> None:
    items = Items()
    for strong in [True] * 10 + [False] * 10:
        items.add(
            [
                Shown(1, 2, 2 if strong else 0, ("A",) if strong else ("B",), True, 10),
                Shown(2, 2, 0 if strong else 2, ("C",), True, 30),
                Shown(3, 6, 6 if strong else 1, (), True),
                Shown(4, 2, 2, ("D",), True, 4000),
                Shown(5, 2, 0),
            ],
            "2026-05" if strong else "2026-06",
        )
    good, bad, _, easy, blank = (items.sums[number] for number in range(1, 6))
    assert good.facility == 0.5
    assert good.discrimination == pytest.approx(1, abs=0.01)
    assert bad.discrimination is not None
    assert bad.discrimination < -0.9
    assert (easy.facility, easy.discrimination, easy.median_seconds) == (1.0, None, None)
    assert (blank.shown, blank.answered, blank.facility) == (20, 0, 0.0)
    assert good.choices == {"A": 10, "B": 10}
    assert good.drift == [("2026-05", 10, 1.0), ("2026-06", 10, 0.0)]
    assert good.median_seconds == 10


def test_the_time_of_a_question_is_counted_from_the_answer_before() -> None:
    assert gaps_of([(2, 130.0), (1, 110.0)], 100.0) == {1: 10.0, 2: 20.0}
