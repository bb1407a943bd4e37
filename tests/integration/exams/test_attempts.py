"""Sitting an exam: who may, every answer kept once, the server's deadline, marking."""

import datetime as dt
import json
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from tests.factories.exams import (
    CLOSES,
    DEVICE,
    OPENS,
    RIGHT,
    SITTING,
    finish_lessons,
    make_exam,
    make_paper,
    sit,
    start,
    study_all,
)
from tests.factories.identity import make_learner
from tests.factories.training import make_running_cohort
from zhenxue.evidence.models import Entry
from zhenxue.exams import api as exams
from zhenxue.exams import queries
from zhenxue.exams.errors import AttemptEnded, CannotStart, DeadlinePassed, NotReleased, OtherDevice
from zhenxue.exams.models import Answer, Attempt
from zhenxue.exams.operations import attempts as operations
from zhenxue.exams.operations.moving import move_attempt, release_device
from zhenxue.identity.data import Actor
from zhenxue.kernel.errors import Invalid, NotFound, Refused

pytestmark = pytest.mark.django_db

SECOND = dt.timedelta(seconds=1)


def save(attempt: Attempt, learner: Actor, position: int, *given: str, **more: object) -> exams.AttemptState:
    fields: dict[str, object] = {"device": DEVICE, "now": SITTING + SECOND, **more}
    return exams.save_answer(actor=learner, attempt_id=attempt.pk, position=position, given=given, **fields)  # type: ignore[arg-type, return-value]  # passed through


def test_the_hours_come_before_the_exam_and_the_refusal_names_what_is_missing() -> None:
    sitting = make_exam(ready=False)
    learner, other = sitting.learners
    with pytest.raises(CannotStart, match="认识直播") as caught:
        start(sitting, learner)
    assert caught.value.code == "exams.hours_missing"
    study_all(sitting.running, sitting.enrolments[0])
    with pytest.raises(CannotStart, match="线下课"):
        start(sitting, learner)
    finish_lessons(sitting.running, only=[])
    assert start(sitting, learner).number == 1
    with pytest.raises(CannotStart, match="开始直播"):
        start(sitting, other)


def test_outside_its_times_and_for_strangers_an_exam_does_not_start() -> None:
    sitting = make_exam()
    learner = sitting.learners[0]
    for moment, code in ((OPENS - SECOND, "not_open"), (CLOSES, "over")):
        with pytest.raises(CannotStart) as caught:
            start(sitting, learner, at=moment)
        assert caught.value.code == f"exams.{code}"
    for stranger in (make_learner(), sitting.manager, sitting.running.teacher):
        with pytest.raises(Refused):
            start(sitting, stranger)
    assert start(sitting, learner, at=OPENS).started_at == OPENS


def test_starting_twice_gives_the_same_attempt() -> None:
    sitting = make_exam()
    learner = sitting.learners[0]
    first = start(sitting, learner)
    assert start(sitting, learner, at=SITTING + SECOND).pk == first.pk
    assert Entry.objects.filter(kind="exams.attempt_started").count() == 1
    with pytest.raises(IntegrityError), transaction.atomic():
        Attempt.objects.create(
            exam=sitting.exam,
            enrolment=sitting.enrolments[0],
            number=2,
            started_at=SITTING,
            deadline_at=SITTING + SECOND,
            device=DEVICE,
        )


def test_two_starts_at_one_moment_make_one_attempt(monkeypatch: pytest.MonkeyPatch) -> None:
    sitting = make_exam()
    first, real, asked = start(sitting, sitting.learners[0]), operations.attempts_at, []

    def nothing_yet(*where: Any) -> list[Attempt]:
        asked.append(where)
        return [] if len(asked) == 1 else real(*where)

    monkeypatch.setattr(operations, "attempts_at", nothing_yet)
    assert start(sitting, sitting.learners[0]).pk == first.pk
    assert len(asked) == 2
    assert Entry.objects.filter(kind="exams.attempt_started").count() == Attempt.objects.count() == 1


def test_every_answer_gets_the_next_number_and_repeats_change_nothing() -> None:
    sitting = make_exam()
    learner = sitting.learners[0]
    attempt = start(sitting, learner)
    kwargs = {"actor": learner, "attempt_id": attempt.pk, "device": DEVICE}
    first = exams.save_answer(position=1, given=["A"], client_sequence=1, now=SITTING + SECOND, **kwargs)  # type: ignore[arg-type]  # plain fields
    second = exams.save_answer(position=3, given=["C", "A"], client_sequence=2, now=SITTING + 2 * SECOND, **kwargs)  # type: ignore[arg-type]  # plain fields
    changed = exams.save_answer(position=1, given=["B"], client_sequence=4, now=SITTING + 3 * SECOND, **kwargs)  # type: ignore[arg-type]  # plain fields
    assert [first.sequence, second.sequence, changed.sequence] == [1, 2, 3]
    late = exams.save_answer(position=1, given=["C"], client_sequence=3, now=SITTING + 4 * SECOND, **kwargs)  # type: ignore[arg-type]  # plain fields
    again = exams.save_answer(position=1, given=["B"], client_sequence=4, now=SITTING + 5 * SECOND, **kwargs)  # type: ignore[arg-type]  # plain fields
    same = exams.save_answer(position=1, given=["B"], now=SITTING + 6 * SECOND, **kwargs)  # type: ignore[arg-type]  # plain fields
    assert {late.sequence, again.sequence, same.sequence} == {3}
    assert late.repeated
    assert again.repeated
    assert same.repeated
    assert same.saved_at == changed.saved_at
    assert {answer.given[0] for answer in Answer.objects.filter(attempt=attempt)} == {"A", "B"}
    taken_back = exams.save_answer(position=1, given=[], client_sequence=5, now=SITTING + 7 * SECOND, **kwargs)  # type: ignore[arg-type]  # plain fields
    assert taken_back.sequence == 4
    assert Attempt.objects.get(pk=attempt.pk).sequence == 4


def test_answers_that_do_not_belong_are_refused() -> None:
    sitting = make_exam()
    learner, other = sitting.learners
    attempt = start(sitting, learner)
    with pytest.raises(Invalid):
        save(attempt, learner, 1, "A", "B")
    with pytest.raises(Invalid):
        save(attempt, learner, 1, "Z")
    with pytest.raises(NotFound):
        save(attempt, learner, 99, "A")
    with pytest.raises(NotFound):
        exams.save_answer(actor=learner, attempt_id=10**9, position=1, given=["A"], device=DEVICE, now=SITTING)
    for stranger in (other, sitting.manager):
        with pytest.raises(Refused):
            save(attempt, stranger, 1, "A")
    assert not Answer.objects.exists()


def test_the_deadline_is_the_servers_and_hands_in_by_itself() -> None:
    sitting = make_exam(duration=30)
    learner = sitting.learners[0]
    attempt = start(sitting, learner)
    assert attempt.deadline_at == SITTING + dt.timedelta(minutes=30)
    save(attempt, learner, 1, "B", now=attempt.deadline_at - SECOND)
    with pytest.raises(DeadlinePassed):
        save(attempt, learner, 2, "B", now=attempt.deadline_at)
    attempt.refresh_from_db()
    assert (attempt.state, attempt.ended_by, attempt.score) == ("marked", "deadline", Decimal(2))
    assert attempt.submitted_at == attempt.deadline_at
    with pytest.raises(AttemptEnded):
        save(attempt, learner, 2, "B", now=attempt.deadline_at + SECOND)
    late = exams.submit_attempt(actor=learner, attempt_id=attempt.pk, device=DEVICE, now=attempt.deadline_at + SECOND)
    assert late.score == 2


def test_the_deadline_never_lies_behind_the_end_of_the_exam() -> None:
    sitting = make_exam()
    attempt = start(sitting, sitting.learners[0], at=CLOSES - dt.timedelta(minutes=5))
    assert attempt.deadline_at == CLOSES


def test_the_background_closes_what_is_due_and_only_that() -> None:
    sitting = make_exam(duration=30)
    first, second = sitting.learners
    early, late = start(sitting, first), start(sitting, second, at=SITTING + dt.timedelta(minutes=10))
    due = early.deadline_at
    assert exams.close_due_attempts(now=due - SECOND) == 0
    assert exams.close_due_attempts(now=due, cohort_id=0) == 0
    assert exams.close_due_attempts(now=due, cohort_id=sitting.running.cohort.pk) == 1
    assert exams.close_due_attempts(now=due) == 0
    late.refresh_from_db()
    assert late.state == "open"


def test_a_full_score_a_pass_and_a_fail_are_marked_and_proven() -> None:
    sitting = make_exam()
    good, bad = sitting.learners
    full = sit(sitting, good)
    assert (full.score, full.passed, full.ended_by) == (Decimal(12), True, "learner")
    poor = sit(sitting, bad, answers=[["A"], ["A"], ["A"], ["A", "C"], [], ["错"]])
    assert (poor.score, poor.passed) == (Decimal(3), False)
    assert queries.passed(sitting.running.cohort.pk) == {sitting.enrolments[0].pk: {1}}
    submitted = Entry.objects.get(kind="exams.attempt_submitted", subject=f"attempt:{full.pk}")
    body = json.loads(submitted.envelope)["body"]
    assert (body["answered"], body["questions"], body["saves"], len(body["answers_sha256"])) == (6, 6, 6, 64)
    marked = Entry.objects.get(kind="exams.attempt_marked", subject=f"attempt:{poor.pk}")
    assert json.loads(marked.envelope)["body"]["score"] == "3"
    assert f"enrolment:{poor.enrolment_id}" in json.loads(marked.envelope)["about"]


def test_handing_in_twice_is_harmless() -> None:
    sitting = make_exam()
    learner = sitting.learners[0]
    attempt = sit(sitting, learner)
    again = exams.submit_attempt(actor=learner, attempt_id=attempt.pk, device="another", now=CLOSES)
    assert (again.submitted_at, again.score) == (attempt.submitted_at, attempt.score)
    assert Entry.objects.filter(kind="exams.attempt_submitted").count() == 1


def test_attempts_run_out_and_who_passed_need_not_sit_again() -> None:
    sitting = make_exam(attempts=2)
    good, bad = sitting.learners
    sit(sitting, good)
    with pytest.raises(CannotStart) as caught:
        start(sitting, good, at=SITTING + dt.timedelta(hours=2))
    assert caught.value.code == "exams.passed"
    for hour in (0, 2):
        sit(sitting, bad, answers=[["A"]], at=SITTING + dt.timedelta(hours=hour))
    with pytest.raises(CannotStart) as caught:
        start(sitting, bad, at=SITTING + dt.timedelta(hours=4))
    assert caught.value.code == "exams.no_attempts"
    result = queries.results_of([sitting.enrolments[1].pk])[sitting.enrolments[1].pk][0]
    assert (result.attempts, result.passed) == (2, False)


def test_a_second_device_is_refused_until_the_invigilator_lets_it_go_on() -> None:
    sitting = make_exam()
    learner, other = sitting.learners
    attempt = start(sitting, learner)
    with pytest.raises(OtherDevice):
        save(attempt, learner, 1, "B", device="e" * 64)
    with pytest.raises(OtherDevice):
        exams.submit_attempt(actor=learner, attempt_id=attempt.pk, device="e" * 64, now=SITTING)
    with pytest.raises(Refused):
        move_attempt(actor=other, attempt_id=attempt.pk, device="e" * 64, now=SITTING)
    with pytest.raises(NotReleased):
        move_attempt(actor=learner, attempt_id=attempt.pk, device="e" * 64, now=SITTING)
    release_device(actor=sitting.manager, attempt=attempt, reason="手机没电", now=SITTING)
    move_attempt(actor=learner, attempt_id=attempt.pk, device="e" * 64, now=SITTING)
    move_attempt(actor=learner, attempt_id=attempt.pk, device="e" * 64, now=SITTING)
    with pytest.raises(OtherDevice):
        save(attempt, learner, 1, "B")
    assert save(attempt, learner, 1, "B", device="e" * 64)
    assert Entry.objects.filter(kind="exams.attempt_moved").count() == 1


def test_half_points_for_incomplete_choices_where_the_paper_says_so() -> None:
    running = make_running_cohort(learners=1)
    paper = make_paper(running.manager)
    type(paper).objects.filter(pk=paper.pk).update(multiple_rule="half")
    sitting = make_exam(running, paper=paper)
    attempt = sit(sitting, sitting.learners[0], answers=[*RIGHT[:2], ["A"], ["A", "B"], *RIGHT[4:]])
    assert attempt.score == Decimal("7.5")


def test_right_answers_are_not_on_the_sheet_unless_asked_for() -> None:
    sitting = make_exam()
    attempt = start(sitting, sitting.learners[0])
    assert all(
        not line.answer and not line.explanation and line.correct is None for line in queries.paper_sheet(attempt)
    )
    solved = queries.paper_sheet(attempt, with_solutions=True)
    assert [list(line.answer) for line in solved] == [list(one) for one in RIGHT]


def test_figures_tell_results_times_and_what_went_wrong() -> None:
    sitting = make_exam()
    good, bad = sitting.learners
    sit(sitting, good)
    sit(sitting, bad, answers=[["A"], ["B"], ["A", "C"], ["A", "C"], ["对"], []])
    figures = queries.figures_of(sitting.exam)
    assert (figures["sat"], figures["passed"], figures["attempts"], figures["sitting"]) == (2, 2, 2, 0)
    assert figures["took"] == dt.timedelta(minutes=7)
    worst = queries.question_figures(sitting.exam)[:2]
    assert [(one.position, one.wrong_percent) for one in worst] == [(1, 50), (6, 50)]
    assert worst[0].choices == (("A", 1), ("B", 1))
    assert sum(count for _, count in figures["bands"]) == 2
