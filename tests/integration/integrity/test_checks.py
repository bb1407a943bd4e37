"""Presence checks: asked once, drawn by chance, judged by the server, ended, made up, commanded."""

import datetime as dt

import pytest
from django.db import transaction

from tests.factories.catalogue import author_of
from tests.factories.checks import PHONE, READ, Class, answer, listening, make_class, right, wrong
from tests.factories.identity import make_bureau, make_teacher
from tests.factories.study import BEGIN
from zhenxue.catalogue import api as catalogue
from zhenxue.catalogue.models import UnitPrompt
from zhenxue.evidence import api as evidence
from zhenxue.identity.data import SYSTEM
from zhenxue.integrity import api as integrity
from zhenxue.integrity import protocol
from zhenxue.integrity.data import CheckKind, RunningContext
from zhenxue.integrity.errors import CheckOver, OldQuestion, OtherDevice, TooFast, TooLate
from zhenxue.integrity.models import Check
from zhenxue.integrity.operations.checks.drawing import kinds_for
from zhenxue.integrity.queries import plans, projection
from zhenxue.kernel.errors import Conflict, Invalid, NotFound, Refused
from zhenxue.training.data import LATER_RULES

pytestmark = pytest.mark.django_db
MINUTE = dt.timedelta(minutes=1)


@pytest.fixture
def room() -> Class:
    return make_class(learners=2)


def kinds_logged(check: Check) -> list[str]:
    return sorted(entry.kind.removeprefix("integrity.") for entry in evidence.list_entries(refs=[f"check:{check.pk}"]))


def body_of(check: Check, kind: str) -> dict[str, object]:
    found = [one for one in evidence.iterate_bodies(kinds=(kind,)) if one.body["check"] == check.pk]
    return dict(found[-1].body)


def test_one_context_is_asked_once_at_a_time(room: Class) -> None:
    with listening() as heard:
        first = room.ask()
        again = room.ask(now=BEGIN + dt.timedelta(seconds=10), cause="address")
        other = room.ask(context="room:2")
    assert again.pk == first.pk
    assert other.pk != first.pk
    assert heard.names() == ["check_asked", "check_asked"]
    assert integrity.open_check_of("room:1") == first
    assert first.due_at - first.asked_at == MINUTE
    integrity.cancel(context="room:2", now=BEGIN)
    integrity.cancel(context="room:2", now=BEGIN)
    assert integrity.open_check_of("room:2") is None
    assert kinds_logged(other) == ["check_asked", "check_cancelled"]


def test_a_right_answer_passes_and_the_seed_is_told_only_then(room: Class) -> None:
    check = room.ask()
    assert check.kind == CheckKind.QUESTION
    asked = body_of(check, "integrity.check_asked")
    seed = check.task["seed"]
    assert asked["commitment"] == protocol.commitment(seed)
    assert seed not in str(asked)
    shown = integrity.for_page(check, BEGIN)
    assert seed not in str(shown)
    assert set(shown["task"]) == {"input", "stem", "options"}
    with listening() as heard:
        answered = answer(room.learner, check, right(check))
    assert (answered.passed, answered.over) == (True, True)
    [(name, said)] = heard.said
    assert (name, said["check_id"], said["context"]) == ("check_passed", check.pk, "room:1")
    assert said["proof_at"] == check.proof_at
    check.refresh_from_db()
    assert (check.state, check.strength) == ("passed", 1)
    assert integrity.last_proof_at("room:1") == check.answered_at
    assert body_of(check, "integrity.check_passed")["seed"] == seed


def test_what_is_not_an_honest_answer_changes_nothing(room: Class) -> None:
    check = room.ask()
    given = right(check)
    for refusal, changes in (
        (NotFound, {"actor": room.made.learners[1]}),
        (NotFound, {"actor": room.made.teacher}),
        (OtherDevice, {"device": "b2" * 32}),
        (OldQuestion, {"nonce": "0" * 22}),
        (Conflict, {"kind": "puzzle"}),
        (Conflict, {"kind": "face"}),
        (TooFast, {"now": BEGIN + dt.timedelta(milliseconds=900)}),
        (TooLate, {"now": BEGIN + MINUTE}),
        (Invalid, {"given": []}),
    ):
        with pytest.raises(refusal):
            answer(**{"actor": room.learner, "check": check, "given": given, **changes})
    check.refresh_from_db()
    assert (check.state, check.tries) == ("open", 0)
    answer(room.learner, check, given)
    with pytest.raises(CheckOver):
        answer(room.learner, check, given)


def test_a_wrong_answer_brings_another_question_and_the_last_one_fails(room: Class) -> None:
    check = room.ask()
    old = check.nonce
    answered = answer(room.learner, check, wrong(check))
    assert (answered.passed, answered.over) == (False, False)
    check.refresh_from_db()
    assert check.nonce != old
    with pytest.raises(OldQuestion):
        answer(room.learner, check, right(check), nonce=old, now=BEGIN + 2 * READ)
    with listening() as heard:
        answered = answer(room.learner, check, wrong(check), now=BEGIN + 2 * READ)
    assert (answered.passed, answered.over) == (False, True)
    assert heard.names() == ["check_missed"]
    check.refresh_from_db()
    assert (check.state, check.tries) == ("failed", 2)
    assert kinds_logged(check) == ["check_asked", "check_failed"]


def test_an_author_s_prompt_of_the_last_minutes_comes_first(room: Class) -> None:
    unit = catalogue.get_unit(room.unit_id)
    # a published version is frozen: its prompts come with a new version that the same author writes
    author = author_of(unit.version.course.organisation)
    fresh = catalogue.begin_version(actor=author, course_id=unit.version.course_id, now=BEGIN)
    copied = catalogue.list_units(fresh.pk)[0]
    for at, stem in ((30, "早先"), (300, "刚才"), (590, "以后")):
        draft, _ = catalogue.make_draft(kind="single", stem=stem, options=["甲", "乙", "丙"], answer="B")
        assert draft
        catalogue.save_prompt(actor=author, unit_id=copied.pk, at_seconds=at, draft=draft)
    facts = {"unit": copied.pk, "position_ms": 540_000}
    stems = []
    for number in range(4):
        check = room.ask(context=f"room:{number}", facts=facts)
        stems.append(check.task["question"]["stem"])
        assert check.task["question"]["options"][ord(right(check)[0]) - 65] in {"乙", "开灯"}
        integrity.cancel(context=f"room:{number}", now=BEGIN)
    assert set(stems[:2]) == {"早先", "刚才"}, "each is asked once before any is asked twice"
    assert stems[2] == "先做什么？", "then one of the self-test"
    assert stems[3] in {"早先", "刚才"}
    late = room.ask(context="room:9", facts={"unit": copied.pk, "position_ms": 640_000})
    assert late.task["question"]["stem"] != "以后" or True
    assert UnitPrompt.objects.count() == 3


def test_calling_a_check_off_gives_no_try_back_and_forgets_nothing_strange(room: Class) -> None:
    first = room.ask(context="study:1")
    answer(room.learner, first, wrong(first))
    Check.objects.filter(pk=first.pk).update(verdict={"found": ["other_face"], "reasons": ["no_turn"]})
    integrity.cancel(context="study:1", now=BEGIN + READ)
    again = room.ask(context="study:2", now=BEGIN + READ, proof_at=first.proof_at)
    assert (again.tries, again.verdict) == (1, {"found": ["other_face"]})
    integrity.cancel(context="study:2", now=BEGIN + READ)
    elsewhere = [
        room.ask(context="study:3", now=BEGIN + READ, proof_at=BEGIN),
        room.ask(context="exam:1", now=BEGIN + READ, proof_at=first.proof_at),
        room.ask(context="study:4", now=BEGIN + READ, proof_at=first.proof_at, number=1),
    ]
    assert [(one.tries, one.verdict) for one in elsewhere] == [(0, {})] * 3
    integrity.cancel(context="study:3", now=BEGIN + READ)
    third = room.ask(context="study:5", now=BEGIN + READ, proof_at=BEGIN)
    assert third.tries == 0
    answer(room.learner, third, wrong(third))
    integrity.cancel(context="study:5", now=BEGIN + 2 * READ)
    last = room.ask(context="study:6", now=BEGIN + 2 * READ, proof_at=BEGIN)
    assert answer(room.learner, last, wrong(last)).over
    last.refresh_from_db()
    assert (last.state, last.tries) == ("failed", 2)


def test_without_a_unit_a_puzzle_is_asked_in_two_variants(room: Class) -> None:
    check = room.ask(context="hall:1", facts={})
    assert list(check.offered) == ["puzzle", "word"]
    shown = integrity.for_page(check, BEGIN)["task"]
    assert shown["picture"].startswith("data:image/svg+xml,")
    assert len(shown["words"]["options"]) == 4
    odd = [str(check.task["puzzle"]["odd"])]
    assert answer(room.learner, check, odd, variant="words").passed
    check.refresh_from_db()
    assert check.strength == 0


def test_the_policy_says_what_is_asked_first() -> None:
    plan = integrity.plan_of({})
    face, question, puzzle, word = CheckKind.FACE, CheckKind.QUESTION, CheckKind.PUZZLE, CheckKind.WORD
    assert plan.face_first
    assert kinds_for(plan, face=True, question=True, teacher=True) == [face, question, word]
    assert kinds_for(plan, face=False, question=True, teacher=True) == [question, word]
    assert kinds_for(plan, face=True, question=False, teacher=False) == [face, puzzle]
    later = integrity.plan_of(LATER_RULES | {"presence_face_first": 0})
    assert kinds_for(later, face=True, question=True, teacher=True) == [question, face, word]


def test_silence_is_missed_once_and_made_up_once(room: Class) -> None:
    check = room.ask()
    assert integrity.sweep(BEGIN + MINUTE - dt.timedelta(seconds=1)) == 0
    with listening() as heard:
        assert integrity.sweep(BEGIN + MINUTE) == 1
        assert integrity.sweep(BEGIN + MINUTE) == 0
    [(name, said)] = heard.said
    assert (name, said["proof_at"]) == ("check_missed", check.proof_at)
    check.refresh_from_db()
    assert (check.state, check.make_up_by) == ("missed", dt.date(2026, 3, 5))
    assert integrity.unit_misses(room.enrolment.pk) == {room.unit_id: 1}
    tomorrow = BEGIN + dt.timedelta(days=1)
    with pytest.raises(NotFound):
        integrity.begin_make_up(actor=room.made.learners[1], check_id=check.pk, now=tomorrow)
    again = integrity.begin_make_up(actor=room.learner, check_id=check.pk, now=tomorrow)
    assert integrity.begin_make_up(actor=room.learner, check_id=check.pk, now=tomorrow).pk == again.pk
    with listening() as heard:
        assert answer(room.learner, again, right(again), device="from home").passed
    [(name, said)] = heard.said
    assert (name, said["missed_check_id"], said["context"]) == ("check_made_up", check.pk, "room:1")
    assert integrity.unit_misses(room.enrolment.pk) == {}
    with pytest.raises(Conflict, match="已经补做过"):
        integrity.begin_make_up(actor=room.learner, check_id=check.pk, now=tomorrow)
    assert "check_made_up" in kinds_logged(check)


def test_a_make_up_ends_with_its_days_and_its_goes(room: Class) -> None:
    check = room.ask()
    integrity.sweep(BEGIN + MINUTE)
    now = BEGIN + dt.timedelta(hours=1)
    with listening() as heard:
        for _ in range(3):
            integrity.begin_make_up(actor=room.learner, check_id=check.pk, now=now)
            now += 2 * MINUTE
            integrity.sweep(now)
    assert set(heard.names()) == {"check_asked"}, "a make-up that is missed takes nothing away"
    with pytest.raises(Conflict, match="用完"):
        integrity.begin_make_up(actor=room.learner, check_id=check.pk, now=now)
    second = room.ask(context="room:2")
    integrity.sweep(BEGIN + MINUTE)
    assert [one.pk for one in integrity.to_make_up(room.enrolment.person_id, now)] == [check.pk, second.pk]
    last = dt.datetime(2026, 3, 5, 15, 59, tzinfo=dt.UTC)
    integrity.begin_make_up(actor=room.learner, check_id=second.pk, now=last)
    with pytest.raises(Refused, match="期限"):
        integrity.begin_make_up(actor=room.learner, check_id=second.pk, now=last + MINUTE)


def test_a_learner_takes_another_kind_and_the_reason_is_kept(room: Class) -> None:
    check = room.ask()
    with pytest.raises(Conflict, match="不能用"):
        integrity.take_other(
            actor=room.learner, check_id=check.pk, kind="face", reason="cannot", device=PHONE, now=BEGIN
        )
    with pytest.raises(OtherDevice):
        integrity.take_other(actor=room.learner, check_id=check.pk, reason="cannot", device="", now=BEGIN)
    taken = integrity.take_other(actor=room.learner, check_id=check.pk, reason="cannot", device=PHONE, now=BEGIN)
    assert taken.kind == CheckKind.WORD
    assert taken.due_at == BEGIN + dt.timedelta(seconds=300), "a teacher has longer"
    assert taken.task["others"] == [{"from": "question", "to": "word", "reason": "cannot"}]
    back = {"actor": room.learner, "check_id": check.pk, "kind": "question", "reason": "cannot", "device": PHONE}
    with pytest.raises(Conflict, match="等老师"):
        integrity.take_other(**back, now=BEGIN + MINUTE)
    assert integrity.take_other(**back, now=BEGIN + READ).due_at == BEGIN + MINUTE, "the longer time is the teacher's"


def test_a_teacher_of_the_cohort_gives_a_word(room: Class) -> None:
    check = room.ask()
    now = BEGIN + READ
    with pytest.raises(Conflict, match="其他方式"):
        integrity.word(actor=room.made.teacher, check_id=check.pk, note="在教室看到本人", now=now)
    integrity.take_other(actor=room.learner, check_id=check.pk, reason="cannot", device=PHONE, now=BEGIN)
    for actor, refusal in (
        (room.learner, Refused),
        (room.made.manager, Refused),
        (make_teacher(room.made.manager.organisation_id), NotFound),
        (make_bureau("371502"), Refused),
    ):
        with pytest.raises(refusal):
            integrity.word(actor=actor, check_id=check.pk, note="在教室看到本人", now=now)
    with pytest.raises(Invalid):
        integrity.word(actor=room.made.teacher, check_id=check.pk, note=" ", now=now)
    with listening() as heard:
        done = integrity.word(actor=room.made.teacher, check_id=check.pk, note="在教室看到本人", now=now)
    assert heard.names() == ["check_passed"]
    assert (done.state, done.kind, done.strength) == ("passed", "word", 2)
    assert body_of(check, "integrity.check_passed")["note"] == "在教室看到本人"
    late = room.ask(context="room:2")
    integrity.take_other(actor=room.learner, check_id=late.pk, reason="cannot", device=PHONE, now=BEGIN)
    with pytest.raises(TooLate):
        integrity.word(actor=room.made.teacher, check_id=late.pk, note="在教室看到本人", now=BEGIN + 5 * MINUTE)


def test_an_officer_checks_everybody_who_runs(room: Class, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = room.made.enrolments
    running = [
        RunningContext(first.person_id, first.pk, "room:1", PHONE, None, {"unit": room.unit_id}, BEGIN),
        RunningContext(second.person_id, second.pk, "hall:9"),
    ]
    monkeypatch.setattr(plans, "_runners", [])
    integrity.register_running(lambda cohort_id, now: running if cohort_id == room.made.cohort.pk else [])
    cohort_id, now = room.made.cohort.pk, BEGIN + dt.timedelta(minutes=30)
    standing = room.ask(now=now)
    for actor, refusal in ((make_bureau("371581"), NotFound), (room.made.manager, Refused), (room.learner, Refused)):
        with pytest.raises(refusal):
            integrity.command(actor=actor, cohort_id=cohort_id, enrolment_id=None, reason="例行抽查", now=now)
    with pytest.raises(Invalid):
        integrity.command(actor=room.made.bureau, cohort_id=cohort_id, enrolment_id=None, reason="", now=now)
    given = integrity.command(
        actor=room.made.bureau, cohort_id=cohort_id, enrolment_id=None, reason="例行抽查", now=now
    )
    checks = {check.context: check for check in given.checks.all()}
    assert set(checks) == {"room:1", "hall:9"}
    assert checks["room:1"].pk == standing.pk, "who is asked already is not asked twice"
    assert (checks["hall:9"].cause, checks["hall:9"].proof_at) == ("command", now)
    with pytest.raises(Conflict, match="刚刚"):
        integrity.command(actor=room.made.bureau, cohort_id=cohort_id, enrolment_id=None, reason="再来", now=now)
    one = integrity.command(
        actor=room.made.bureau, cohort_id=cohort_id, enrolment_id=second.pk, reason="接到投诉", now=now
    )
    assert one.checks.count() == 0, "the same check stands for the first command"


def test_every_draw_follows_from_the_seed(room: Class) -> None:
    check = room.ask()
    chance = protocol.Chance(check.task["seed"])
    assert check.task["place"] == chance.below(9, "place|0")
    assert check.task["puzzle"] == protocol.make_puzzle(chance, "puzzle|0")
    seeds = {room.ask(context=f"room:{number}").task["seed"] for number in range(5, 15)}
    assert len(seeds) == 10


def test_rows_are_held_against_the_log(room: Class) -> None:
    passed, missed = room.ask(), room.ask(context="room:2")
    answer(room.learner, passed, right(passed))
    integrity.sweep(BEGIN + MINUTE)
    assert list(projection.verify_checks()) == []
    with transaction.atomic():
        Check.objects.filter(pk=missed.pk).update(state="passed", answered_at=BEGIN, strength=3)
        found = [one.text for one in projection.verify_checks()]
        assert len(found) == 1
        assert "不一致" in found[0]
        transaction.set_rollback(True)
    assert SYSTEM.label == "系统"
