"""What a ruling does outside of ``integrity``: an exam made void, hours of an open session, and both undone."""

import datetime as dt

import pytest

from tests.factories import exams as exam_room
from tests.factories import identity as people
from tests.factories import incidents as make
from tests.factories.study import BEGIN, make_studying, page_of
from zhenxue.exams import api as exams
from zhenxue.exams.data import AttemptState
from zhenxue.exams.models import Attempt
from zhenxue.exams.queries.verification import check_scores
from zhenxue.identity.data import Role
from zhenxue.integrity.data import RulingKind
from zhenxue.integrity.models import Incident
from zhenxue.integrity.operations import incidents as operations
from zhenxue.kernel.errors import Conflict, Invalid
from zhenxue.ledger import api as ledger
from zhenxue.ledger.queries import check_against_log

pytestmark = pytest.mark.django_db
AFTER = exam_room.SITTING + dt.timedelta(hours=2)


def test_a_void_exam_counts_no_more_and_an_appeal_brings_its_marks_back() -> None:
    sitting = exam_room.make_exam(learners=1)
    attempt = exam_room.sit(sitting, sitting.learners[0])
    enrolment, cohort = sitting.enrolments[0], sitting.running.cohort
    assert exams.passed(cohort.pk) == {enrolment.pk: {1}}
    make.note(sitting.running, "other_face", context=f"exam:{attempt.pk}", happened_at=exam_room.SITTING, now=AFTER)
    incident = Incident.objects.get()
    assert incident.kind == "proxy_exam"
    operations.explain(actor=sitting.manager, incident_id=incident.pk, text=make.WORDS, now=AFTER)
    operator = people.make_operator(Role.OPERATOR_REVIEWER)
    told = {"actor": operator, "incident_id": incident.pk, "kind": RulingKind.VOID_EXAM, "reason": make.REASON}
    with pytest.raises(Invalid, match="选择要作废的那次考试"):
        operations.rule(context="exam:987654", now=AFTER, **told)
    operations.rule(context=f"exam:{attempt.pk}", now=AFTER, **told)
    attempt.refresh_from_db()
    assert (attempt.state, attempt.score, attempt.passed) == (AttemptState.VOIDED, None, None)
    assert exams.passed(cohort.pk) == {}
    assert exams.results_of([enrolment.pk]) == {}
    assert not list(check_scores())
    operations.appeal(actor=sitting.learners[0], incident_id=incident.pk, text=make.WORDS, now=AFTER)
    operations.decide_appeal(
        actor=sitting.running.bureau, incident_id=incident.pk, kind="warn", reason=make.REASON, now=AFTER
    )
    attempt.refresh_from_db()
    assert (attempt.state, attempt.score, attempt.passed) == (AttemptState.MARKED, 12, True)
    assert exams.passed(cohort.pk) == {enrolment.pk: {1}}
    assert not list(check_scores())
    Attempt.objects.filter(pk=attempt.pk).update(score=3)
    assert list(check_scores()), "a score that was changed by hand is still named"


def test_an_exam_that_is_still_written_cannot_be_ruled_void() -> None:
    sitting = exam_room.make_exam(learners=1)
    attempt = exam_room.start(sitting, sitting.learners[0])
    make.note(sitting.running, "other_face", context=f"exam:{attempt.pk}", happened_at=exam_room.SITTING, now=AFTER)
    incident = Incident.objects.get()
    operations.explain(actor=sitting.manager, incident_id=incident.pk, text=make.WORDS, now=AFTER)
    with pytest.raises(Conflict, match="还没有交卷"):
        operations.rule(
            actor=sitting.running.bureau,
            incident_id=incident.pk,
            kind=RulingKind.VOID_EXAM,
            reason=make.REASON,
            context=f"exam:{attempt.pk}",
            now=AFTER,
        )
    assert Incident.objects.get().state == "explained"


def test_what_an_open_session_has_not_booked_yet_is_withdrawn_too() -> None:
    running = make_studying()
    page = page_of(running).open()
    page.study(120)
    make.note(running, now=page.now)
    incident = Incident.objects.get()
    operations.explain(actor=running.manager, incident_id=incident.pk, text=make.WORDS, now=page.now)
    stretch = {"since": BEGIN, "until": BEGIN + dt.timedelta(minutes=1)}
    operations.rule(
        actor=running.bureau,
        incident_id=incident.pk,
        kind=RulingKind.WITHDRAW,
        reason=make.REASON,
        now=page.now,
        **stretch,
    )
    [unit] = ledger.unit_progress(running.enrolments[0].pk).values()
    assert unit.seconds == 60
    assert page.beat(10)["status"] == 200, "the learner goes on"
    page.close()
    [unit] = ledger.unit_progress(running.enrolments[0].pk).values()
    assert unit.seconds == 70
    assert not list(check_against_log())
