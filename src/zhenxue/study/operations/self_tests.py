"""Judges self-tests on the server; the answers and explanations leave it only with the result."""

import datetime as dt
from collections.abc import Mapping, Sequence

from django.db import transaction
from django.db.models import QuerySet

from zhenxue.catalogue import api as catalogue
from zhenxue.catalogue.data import UnitKind
from zhenxue.evidence import api as evidence
from zhenxue.identity.data import Actor
from zhenxue.kernel.errors import Conflict, Invalid
from zhenxue.ledger import api as ledger
from zhenxue.ledger.data import coverage
from zhenxue.study.data import TEST_OPENS_PERCENT, SessionState, TestedQuestion, TestResult
from zhenxue.study.models import SelfTest, StudySession
from zhenxue.study.operations.order import check_in_order
from zhenxue.study.operations.settling import settle
from zhenxue.study.policies import check_can_open
from zhenxue.study.queries import get_planned_unit
from zhenxue.training import api as training


def submit_self_test(
    *, actor: Actor, enrolment_id: int, unit_id: int, answers: Mapping[int, Sequence[str]], now: dt.datetime
) -> TestResult:
    """Judges the answers (question id → letters), keeps them, and marks the unit when the pass mark is reached.

    A reading unit's own test opens when enough of it was read (``TEST_OPENS_PERCENT``); what its open session has
    earned is booked first. Passing a self-test unit also finishes the reading units before it that waited for it.

    Raises ``Invalid`` with one message per unanswered question (field ``question_<id>``), ``Conflict`` for a test that
    is not open yet; nothing is kept then.
    """
    with transaction.atomic():
        enrolment = training.get_enrolment(actor, enrolment_id)
        check_can_open(actor, enrolment, now)
        unit = get_planned_unit(enrolment.cohort, unit_id)
        check_in_order(enrolment, unit_id)
        questions = catalogue.list_questions(unit.pk)
        if not questions:
            raise Invalid("study.no_self_test", "这个单元没有自测题。")
        if unit.kind != UnitKind.SELF_TEST:
            _check_read(enrolment_id, unit, now)
        missing = {f"question_{one.pk}": "这道题还没有作答" for one in questions if not answers.get(one.pk)}
        if missing:
            raise Invalid("study.unanswered", f"还有 {len(missing)} 道题没有作答，请答完再提交。", fields=missing)
        judged = [
            TestedQuestion(
                position=one.position,
                stem=one.stem,
                given=tuple(answers[one.pk]),
                answer=tuple(one.answer),
                right=catalogue.judge(one.kind, one.answer, list(answers[one.pk])),
                explanation=one.explanation,
            )
            for one in questions
        ]
        percent = sum(one.right for one in judged) * 100 // len(judged)
        passed = percent >= unit.pass_percent
        row = SelfTest.objects.create(
            enrolment=enrolment,
            unit=unit,
            answers={str(one.pk): list(answers[one.pk]) for one in questions},
            percent=percent,
            passed=passed,
            submitted_at=now,
        )
        evidence.record(
            kind="study.self_test",
            actor=actor,
            subject=f"enrolment:{enrolment_id}",
            about=[f"cohort:{enrolment.cohort_id}", f"person:{enrolment.person_id}"],
            body={
                "unit": unit_id,
                "title": unit.title,
                "attempt": row.pk,
                "percent": percent,
                "passed": passed,
                "answers": row.answers,
            },
            now=now,
        )
        told = {one.pk: answer.right for one, answer in zip(questions, judged, strict=True)}
        finished_at = ledger.note_test(enrolment_id=enrolment_id, unit_id=unit_id, judged=told, passed=passed, now=now)
        if passed:
            _let_time_finish(enrolment, unit)
        return TestResult(
            percent=percent,
            pass_percent=unit.pass_percent,
            passed=passed,
            questions=tuple(judged),
            finished=finished_at is not None,
        )


def _open_sessions(enrolment_id: int, unit: catalogue.Unit) -> QuerySet[StudySession]:
    return StudySession.objects.filter(enrolment_id=enrolment_id, unit=unit, state=SessionState.OPEN)


def _let_time_finish(enrolment: training.Enrolment, unit: catalogue.Unit) -> None:
    """The rest of a reading whose test was passed before its end finishes it, and the open page is told so."""
    if unit.kind != UnitKind.SELF_TEST:
        needed = ledger.required_seconds(unit.seconds, training.rules_of(enrolment.cohort)) * 1000
        _open_sessions(enrolment.pk, unit).update(finish_ms=needed)


def _check_read(enrolment_id: int, unit: catalogue.Unit, now: dt.datetime) -> None:
    for session_id in _open_sessions(enrolment_id, unit).values_list("pk", flat=True):
        settle(session_id=session_id, now=now)
    known = ledger.find_coverage(enrolment_id, unit.pk)
    percent = coverage.length(known.covered) // (unit.seconds * 10) if known else 0
    if percent < TEST_OPENS_PERCENT and (known is None or known.finished_at is None):
        raise Conflict(
            "study.test_not_open",
            f"读到 {TEST_OPENS_PERCENT}% 才能做小测，现在读到 {percent}%。请接着读，已读的时间都会保留。",
        )
