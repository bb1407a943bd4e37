"""Cheats with the records: rows edited by SQL, attendance written later, one person in two cohorts.

Whoever owns the database can lift its guards and write what he likes; then only the log tells (``zhenxue verify``).
"""

import datetime as dt
import re
from typing import Any

import pytest
from django.core.management import call_command
from django.db import DatabaseError, IntegrityError, connection, transaction

from tests.adversary.reporting import Report
from tests.factories.exams import make_exam, sit
from tests.factories.identity import make_bureau, make_colleague, make_provider
from tests.factories.ledger import after, book
from tests.factories.study import BEGIN, make_studying, page_of, pass_self_test, units_of
from tests.factories.training import Running, add_learner, make_draft_cohort, make_running_cohort
from tests.support.triggers import lifted
from zhenxue.evidence import api as evidence
from zhenxue.kernel.errors import Conflict, Invalid, NotFound, Refused
from zhenxue.ledger import api as ledger
from zhenxue.ledger.data import CorrectionKind
from zhenxue.ledger.models import Coverage
from zhenxue.training import api as training
from zhenxue.training.data import AttendanceState, Mark
from zhenxue.training.models import AttendanceCorrection

pytestmark = pytest.mark.django_db
LATER = BEGIN + dt.timedelta(hours=9)

type Edit = tuple[str, str, str]


def write(statement: str) -> None:
    """As somebody with a password of the database."""
    with connection.cursor() as cursor:
        cursor.execute(statement)


def make_everything() -> Running:
    """Hours, a self-test, attendance, a correction and a marked exam of one learner, all honest."""
    sitting = make_exam(learners=1)
    sit(sitting, sitting.learners[0])
    running = sitting.running
    made = ledger.propose_correction(
        actor=running.manager,
        kind=CorrectionKind.WITHDRAW,
        enrolment_id=running.enrolments[0].pk,
        unit_id=units_of(running)[0].pk,
        began_at=BEGIN,
        ended_at=BEGIN + dt.timedelta(seconds=60),
        reason="核实后确认由他人代学",
        now=LATER,
    )
    ledger.approve_correction(actor=running.bureau, correction_id=made.pk, now=LATER)
    return running


EDITS: list[Edit] = [
    (
        "credited spans",
        "UPDATE ledger_span SET seconds = seconds + 600 WHERE seconds > 0 AND kind = 'online'",
        "ledger_span",
    ),
    ("deleted refusals and withdrawals", "DELETE FROM ledger_span WHERE seconds < 0", "ledger_span"),
    ("coverage", "UPDATE ledger_coverage SET seconds = 9000, credited_ms = 9000000", "ledger_coverage"),
    ("finished units", "UPDATE ledger_coverage SET finished_at = NULL", "ledger_coverage"),
    ("days", "UPDATE ledger_day SET online_seconds = online_seconds + 1", "ledger_day"),
    ("attendance", "UPDATE training_attendance SET minutes = minutes + 45", "training_attendance"),
    ("self-test scores", "UPDATE study_selftest SET percent = 50", "study_selftest"),
    ("exam scores", "UPDATE exams_attempt SET score = score - 1", "exams_attempt"),
    ("answers of an exam", "UPDATE exams_answer SET awarded = awarded + 1", "exams_answer"),
    ("corrections", "UPDATE ledger_correction SET reason = '其他'", "ledger_correction"),
]


@pytest.mark.parametrize(("what", "statement", "named"), EDITS, ids=[edit[0].replace(" ", "-") for edit in EDITS])
def test_rows_edited_by_sql_are_named_by_verify(
    report: Report, capsys: pytest.CaptureFixture[str], what: str, statement: str, named: str
) -> None:
    make_everything()
    evidence.integrate(LATER + dt.timedelta(days=30))
    call_command("verify")
    assert "全部相符" in capsys.readouterr().out
    with lifted():
        write(statement)
    with pytest.raises(SystemExit) as ending:
        call_command("verify")
    told = capsys.readouterr()
    assert ending.value.code == 1
    assert re.search(f"首个不符之处：.*］{named}：", told.err), told.err
    report.attack(
        f"SQL edits: {what}",
        tried=f"`{statement.split(' WHERE')[0]}` by the owner of the database, its guards lifted",
        earned="found; the true sums stay provable",
        reason=f"`zhenxue verify` exits 1 and names `{named}`",
    )


GUARDED = (
    "UPDATE ledger_span SET seconds = 9000",
    "DELETE FROM ledger_span",
    "DELETE FROM training_attendance",
    "DELETE FROM ledger_correction",
)


def test_the_database_itself_refuses_to_forget_records(report: Report) -> None:
    make_everything()
    for statement in GUARDED:
        with pytest.raises(DatabaseError), transaction.atomic():
            write(statement)
    report.attack(
        "Deleting records, guards in place",
        tried="`UPDATE` or `DELETE` of spans, attendance and corrections with the application's own password",
        earned="refused by the database",
        reason="triggers, until the retention of five years is over",
    )


def test_back_dated_attendance_is_said_everywhere_and_changed_only_by_a_second_person(report: Report) -> None:
    running = make_running_cohort(learners=1)
    line, enrolment = running.lessons[0], running.enrolments[0]
    assert line.ends_at is not None
    absent = [Mark(enrolment.pk, AttendanceState.ABSENT, "家中有事")]
    late = line.ends_at + dt.timedelta(days=4)
    with pytest.raises(Refused):
        training.record_attendance(actor=running.teacher, line_id=line.pk, marks=absent, now=late)
    [one] = training.record_attendance(actor=running.manager, line_id=line.pk, marks=absent, now=late)
    asked = training.propose_attendance_correction(
        actor=running.manager,
        attendance_id=one.pk,
        state=AttendanceState.PRESENT,
        reason="签到表上有本人签名",
        now=late,
    )
    assert ledger.progress_of([enrolment.pk])[enrolment.pk].offline_seconds == 0
    for nobody in (running.manager, running.teacher, running.learners[0], make_provider()):
        with pytest.raises((Refused, NotFound, Conflict)):
            training.approve_attendance_correction(actor=nobody, correction_id=asked.pk, now=late)
    with pytest.raises(IntegrityError), transaction.atomic():
        AttendanceCorrection.objects.filter(pk=asked.pk).update(
            state="approved", decided_by=asked.proposed_by, decided_at=late
        )
    assert ledger.progress_of([enrolment.pk])[enrolment.pk].offline_seconds == 0
    second = make_colleague(running.manager)
    training.approve_attendance_correction(actor=second, correction_id=asked.pk, now=late)
    assert ledger.progress_of([enrolment.pk])[enrolment.pk].offline_seconds == 45 * 60
    one.refresh_from_db()
    assert one.late_words == "课后 4 天补登"
    entries = evidence.list_entries(refs=[f"enrolment:{enrolment.pk}"], kinds=["training.attendance_recorded"])
    assert ("课后几天补登", "4") in entries[0].lines
    report.attack(
        "Back-dated attendance",
        tried="recorded four days after the lesson, then changed to present by the same hand",
        earned="nothing by one hand; 45 min once a second manager approved",
        reason='"课后 4 天补登" wherever it shows and in the log; the proposer may not approve (also in the database)',
    )


def test_one_person_in_two_cohorts_at_once_counts_one_second_once(report: Report) -> None:
    """The roster refuses a second cohort at the same time; and were it to slip through, the person has one clock."""
    running = make_studying()
    person = running.enrolments[0].person
    twin = make_draft_cohort(learners=0, title="直播销售员二班")
    with pytest.raises(Invalid):
        add_learner(twin, name=person.name, number=person.citizen_number)
    minute = [ledger.Claim(0, 60_000, BEGIN, BEGIN + dt.timedelta(seconds=60))]

    def credit(unit: int) -> Any:
        return ledger.credit(
            enrolment_id=running.enrolments[0].pk,
            unit_id=page_of(running, unit=unit).unit_id,
            claims=minute,
            source=f"study:{unit}",
            now=BEGIN + dt.timedelta(seconds=60),
        )

    first, second = credit(0), credit(1)
    assert (first.seconds, second.seconds) == (60, 0)
    assert {str(reason) for reason in second.refused} == {"overlap"}
    assert sum(row.seconds for row in Coverage.objects.all()) == 60
    report.attack(
        "One person in two cohorts at once",
        tried="a second roster in the same weeks; the same minute credited to two units",
        earned="60 s of 120 s",
        reason="refused at the roster; `overlap`, in the ledger",
    )


def test_hours_of_ones_own_are_not_corrected_by_one_hand(report: Report) -> None:
    running = make_studying()
    book(running, 0, 300)
    book(running, 300, 300, at=after(300), lasted=120, reason=ledger.Reason.HIDDEN)

    def propose(actor: Any) -> Any:
        return ledger.propose_correction(
            actor=actor,
            kind=CorrectionKind.MAKE_UP,
            enrolment_id=running.enrolments[0].pk,
            unit_id=units_of(running)[0].pk,
            began_at=after(300),
            ended_at=after(420),
            seconds=120,
            reason="教室停电，学习没有中断",
            now=LATER,
        )

    for nobody in (running.learners[0], make_provider()):
        with pytest.raises((Refused, NotFound)):
            propose(nobody)
    made = propose(running.manager)
    deciders: list[Any] = [running.manager, running.learners[0], running.teacher, make_bureau("371521")]
    for nobody in deciders:
        with pytest.raises((Refused, NotFound, Conflict)):
            ledger.approve_correction(actor=nobody, correction_id=made.pk, now=LATER)
    assert Coverage.objects.get().seconds == 300
    ledger.approve_correction(actor=running.bureau, correction_id=made.pk, now=LATER)
    assert Coverage.objects.get().seconds == 420
    report.attack(
        "Hours made up by one hand",
        tried="a learner proposes, another provider proposes, the proposer approves, another county approves",
        earned="0 s; 120 s once the county bureau approved",
        reason="403; proposer ≠ approver also in the database",
    )


def test_self_test_scores_are_kept_with_their_answers(report: Report) -> None:
    """Trying a self-test until it is right is allowed; every attempt stays, with what was ticked."""
    running = make_studying()
    with pytest.raises(Conflict):
        pass_self_test(running)
    page = page_of(running).open()
    page.study(600)
    results = [pass_self_test(running) for _ in range(2)]
    assert all(result.passed for result in results)
    entries = evidence.list_entries(refs=[f"enrolment:{running.enrolments[0].pk}"], kinds=["study.self_test"])
    assert len(entries) == 2
    report.attack(
        "Self-tests until one fits",
        tried="a self-test submitted before reading, and twice after",
        earned="no time; the unit once",
        reason="409 `study.test_not_open`; each attempt with its answers in the log",
    )
