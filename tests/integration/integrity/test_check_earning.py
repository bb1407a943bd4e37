"""What a means of presence earns: a weak one so often in a row, then a face or a teacher; at an exam's door none."""

import datetime as dt

import pytest

from tests.factories.checks import Class, answer, listening, make_class, right
from tests.factories.identity import NOW, ask_presence
from tests.factories.study import BEGIN
from tests.support import rules
from zhenxue.evidence import api as evidence
from zhenxue.identity import api as identity
from zhenxue.integrity import api as integrity
from zhenxue.integrity.data import CheckKind, CheckState, OtherReason
from zhenxue.integrity.models import Check
from zhenxue.integrity.queries.earning import weak_rows_of
from zhenxue.kernel.errors import Conflict

pytestmark = pytest.mark.django_db
MOST = 3
HOUR = dt.timedelta(hours=1)


@pytest.fixture
def room() -> Class:
    ask_presence()
    few = rules.newest().replace("presence_weak_in_row = { value = 8", f"presence_weak_in_row = {{ value = {MOST}")
    few = few.replace("valid_from = 2026-11-21", "valid_from = 2025-03-15").replace('"2026-1"', '"few"')
    identity.load_rules(text=few, now=NOW)
    return make_class()


def passed(room: Class, number: int, *, context: str = "") -> Check:
    """A check that is passed by a question or a puzzle."""
    check = room.ask(context=context or f"study:{number}", now=BEGIN + number * HOUR)
    assert check.kind in {CheckKind.QUESTION, CheckKind.PUZZLE}
    assert answer(room.learner, check, right(check)).passed
    check.refresh_from_db()
    return check


def told(check: Check) -> str:
    return str(integrity.for_page(check, check.asked_at)["words"])


def test_who_never_has_a_camera_is_met_by_a_teacher_once_in_a_row(room: Class) -> None:
    words = [integrity.for_page(passed(room, number), BEGIN)["outcome"] for number in range(MOST)]
    assert "再这样通过 2 次以后，要用人脸或请老师确认一次" in words[0]
    assert "下一次要用人脸，或请老师确认" in words[-1]
    [row] = weak_rows_of(room.enrolment.person_id)
    assert (row.passed, row.most, row.left) == (MOST, MOST, 0)
    check = room.ask(context="study:9", now=BEGIN + 9 * HOUR)
    assert (check.kind, list(check.offered)) == (CheckKind.WORD, ["word"])
    assert check.due_at - check.asked_at == dt.timedelta(seconds=300), "a teacher has longer"
    assert f"连续 {MOST} 次没有用人脸或老师确认" in told(check)
    assert next(iter(evidence.iterate_bodies(kinds=("integrity.check_asked",)))).body["least"] == 0
    for refused in ("question", "puzzle", ""):
        with pytest.raises(Conflict):
            integrity.take_other(
                actor=room.learner,
                check_id=check.pk,
                kind=refused,
                reason=OtherReason.NO_CAMERA,
                device=check.device,
                now=check.asked_at,
            )
    with pytest.raises(Conflict):
        answer(room.learner, check, ["A"], kind="question")
    with listening() as heard:
        integrity.word(
            actor=room.made.teacher,
            check_id=check.pk,
            note="视频通话见到本人",
            now=check.asked_at + dt.timedelta(minutes=2),
        )
    assert heard.names() == ["check_passed"]
    assert not weak_rows_of(room.enrolment.person_id)
    assert passed(room, 10).strength < 2


def test_neither_missing_nor_making_up_gets_round_the_teacher(room: Class) -> None:
    for number in range(MOST):
        passed(room, number)
    missed = room.ask(context="study:9", now=BEGIN + 9 * HOUR)
    assert integrity.sweep(BEGIN + 9 * HOUR + dt.timedelta(seconds=299)) == 0
    assert integrity.sweep(BEGIN + 9 * HOUR + dt.timedelta(seconds=300)) == 1
    again = room.ask(context="study:10", now=BEGIN + 10 * HOUR)
    made_up = integrity.begin_make_up(
        actor=room.learner, check_id=missed.pk, device=again.device, now=BEGIN + 10 * HOUR
    )
    assert [list(one.offered) for one in (again, made_up)] == [["word"]] * 2
    integrity.word(actor=room.made.teacher, check_id=made_up.pk, note="在教室看到本人", now=BEGIN + 10 * HOUR)
    missed.refresh_from_db()
    assert missed.made_up_at is not None
    integrity.cancel(context="study:10", now=BEGIN + 10 * HOUR)
    assert room.ask(context="study:11", now=BEGIN + 11 * HOUR).kind == CheckKind.QUESTION


def test_a_puzzle_does_not_open_an_exam_but_is_enough_while_sitting(room: Class) -> None:
    door = room.ask(context="exam:1", cause="entry", facts={"exam": 1})
    assert list(door.offered) == ["word"]
    assert "进考场要用人脸" in told(door)
    for number in range(MOST + 1):
        at = BEGIN + (number + 1) * HOUR
        sitting = room.ask(context=f"exam:{number + 2}", facts={"exam": 1}, now=at)
        assert list(sitting.offered) == ["puzzle", "word"]
        Check.objects.filter(pk=sitting.pk).update(state=CheckState.PASSED, answered_at=at)
    assert room.ask(context="study:1", now=BEGIN + 9 * HOUR).kind == CheckKind.QUESTION, "an exam makes no row"
    moved = room.ask(context="exam:2", cause="device", facts={"exam": 1}, now=BEGIN + 9 * HOUR)
    assert list(moved.offered) == ["word"]


def test_a_class_that_was_frozen_before_knows_no_such_limit() -> None:
    room = make_class()
    for number in range(10):
        check = passed(room, number)
        assert "再这样" not in integrity.for_page(check, BEGIN)["outcome"]
    assert list(room.ask(context="exam:1", cause="entry", facts={}).offered) == ["puzzle", "word"]
    assert not weak_rows_of(room.enrolment.person_id)
    assert Check.objects.filter(state=CheckState.PASSED).count() == 10
