"""Incidents from the first signal to the end: deadlines, rights, rulings, appeals, what they do to hours."""

import datetime as dt

import pytest
from django.db import IntegrityError, transaction

from tests.factories import identity as people
from tests.factories import incidents as make
from tests.factories.incidents import BEGIN, LATER, REASON, WORDS
from zhenxue.evidence import api as evidence
from zhenxue.identity.data import SYSTEM, Role
from zhenxue.integrity.data import IncidentKind, IncidentState, RulingKind, StatementRole
from zhenxue.integrity.models import Incident, Ruling, Signal, Statement
from zhenxue.integrity.operations import incidents as operations
from zhenxue.integrity.operations import pictures
from zhenxue.integrity.queries import incidents as queries
from zhenxue.integrity.queries.verification import check_incidents
from zhenxue.kernel.errors import Conflict, Invalid, NotFound, Refused
from zhenxue.kernel.workdays import after_working_days
from zhenxue.ledger import api as ledger
from zhenxue.ledger.queries import check_against_log
from zhenxue.notices.models import Notice

pytestmark = pytest.mark.django_db


def hours_of(case: make.Case) -> int:
    """Credited seconds of the learner."""
    return sum(one.seconds for one in ledger.unit_progress(case.enrolment_id).values())


def faults() -> list[str]:
    return [one.text for one in (*check_incidents(), *check_against_log())]


def test_one_weak_signal_opens_nothing_and_three_kinds_of_them_do() -> None:
    running = make.make_studied()
    make.note(running, "check_missed")
    make.note(running, "check_missed", once="again")
    assert not Incident.objects.exists()
    make.note(running, "machine_input")
    assert not Incident.objects.exists()
    make.note(running, "hidden_share")
    incident = Incident.objects.get()
    assert (incident.score, incident.signal_count) == (60, 4)
    assert incident.kind == IncidentKind.BRUSHING
    make.note(running, "check_failed")
    incident.refresh_from_db()
    assert (incident.score, incident.signal_count) == (80, 5)
    assert not faults()


def test_the_same_fact_is_noted_once_and_an_unknown_one_never() -> None:
    running = make.make_studied()
    make.note(running, "check_missed", once="check:7")
    make.note(running, "check_missed", once="check:7")
    assert Signal.objects.count() == 1
    with pytest.raises(Invalid, match="没有登记"):
        make.note(running, "nobody_knows")


def test_signals_far_apart_do_not_add_up() -> None:
    running = make.make_studied()
    for number in range(3):
        at = BEGIN + dt.timedelta(days=20 * number)
        make.note(running, "machine_input", once=str(number), happened_at=at, now=at)
    assert not Incident.objects.exists()


def test_the_same_rule_again_and_again_counts_only_so_often() -> None:
    running = make.make_studied()
    for number in range(9):
        make.note(running, "check_missed", once=str(number))
    assert not Incident.objects.exists(), "nine missed checks are four at most: 40 points"


def test_deadlines_run_in_working_days_of_the_frozen_rules() -> None:
    case = make.make_case()
    opened = make.clock.civil_day(LATER)
    assert case.incident.reply_by == after_working_days(opened, 3)
    assert case.incident.rule_by == after_working_days(opened, 13)
    entries = evidence.list_entries(refs=[f"incident:{case.incident_id}"])
    assert [one.kind for one in entries] == ["integrity.incident_opened"]


def test_a_provider_explains_its_own_once_and_no_other_does() -> None:
    case = make.make_case()
    told = {"incident_id": case.incident_id, "text": "当天机房统一开机，请核对监控。", "now": LATER}
    with pytest.raises(NotFound):
        operations.explain(actor=people.make_provider(), **told)
    with pytest.raises(Refused):
        operations.explain(actor=case.operator, **told)
    with pytest.raises(Invalid) as short:
        operations.explain(actor=case.running.manager, **{**told, "text": "没有问题"})
    assert "text" in short.value.fields
    operations.explain(actor=case.running.manager, pictures=[make.photo_bytes()], **told)
    assert case.incident.state == IncidentState.EXPLAINED
    with pytest.raises(Conflict):
        operations.explain(actor=case.running.manager, **told)
    assert not faults()


def test_pictures_are_cleaned_sealed_and_bounded() -> None:
    case = make.make_case()
    told = {"actor": case.running.manager, "incident_id": case.incident_id, "text": WORDS, "now": LATER}
    with pytest.raises(Invalid, match="最多上传 6 张"):
        operations.explain(pictures=[make.photo_bytes()] * 7, **told)
    with pytest.raises(Invalid, match="第 2 张照片打不开"):
        operations.explain(pictures=[make.photo_bytes(), b"<svg onload=alert(1)>" * 200], **told)
    made = operations.explain(pictures=[make.photo_bytes(kind="PNG"), make.photo_bytes()], **told)
    assert pictures.open_picture(made, 1).startswith(b"\xff\xd8\xff")
    with pytest.raises(NotFound):
        pictures.open_picture(made, 3)
    with pictures.storage.open_file(made.pictures[0]) as stream:
        assert stream.read(3) == b"v1.", "what lies on the disk is sealed"


def test_nobody_rules_before_the_provider_was_heard_but_to_dismiss() -> None:
    case = make.make_case()
    told = {"actor": case.operator, "incident_id": case.incident_id, "reason": REASON}
    with pytest.raises(Conflict, match="还没有说明"):
        operations.rule(kind=RulingKind.WARN, now=LATER, **told)
    late = make.after(10)
    operations.rule(kind=RulingKind.WARN, now=late, **told)
    other = make.make_case()
    operations.rule(
        actor=other.operator, incident_id=other.incident_id, kind=RulingKind.DISMISS, reason=REASON, now=LATER
    )
    assert other.incident.state == IncidentState.CLOSED


def test_only_the_operator_and_the_regions_bureau_rule() -> None:
    case = make.make_explained()
    told = {"incident_id": case.incident_id, "kind": RulingKind.WARN, "reason": REASON, "now": LATER}
    with pytest.raises(NotFound):
        operations.rule(actor=people.make_bureau("371503"), **told)
    for nobody in (case.running.manager, case.learner):
        with pytest.raises(Refused):
            operations.rule(actor=nobody, **told)
    operations.rule(actor=case.running.bureau, **told)
    assert case.incident.state == IncidentState.RULED


def test_nothing_is_ever_withdrawn_by_a_score_alone() -> None:
    """Signals of any weight open an incident and no more: the system cannot rule, and a ruling needs a reason, an
    account in the database, and a person's click."""
    running = make.make_studied()
    before = ledger.progress_of([running.enrolments[0].pk])
    for kind in ("other_face", "duplicate_face", "identical_timelines", "machine_input", "reused_picture"):
        for number in range(20):
            make.note(running, kind, once=f"{kind}{number}")
    assert ledger.progress_of([running.enrolments[0].pk]) == before
    assert not Ruling.objects.exists()
    incident = Incident.objects.get(person__isnull=False)
    assert incident.score >= 200
    operations.remind(now=make.after(40))
    operations.close_finished(now=make.after(400))
    assert Incident.objects.get(pk=incident.pk).state == IncidentState.OPEN, "no deadline rules either"
    whole = {"since": BEGIN, "until": BEGIN + dt.timedelta(hours=1), "now": make.after(40)}
    with pytest.raises(Refused):
        operations.rule(actor=SYSTEM, incident_id=incident.pk, kind=RulingKind.WITHDRAW, reason=REASON, **whole)
    with pytest.raises(Invalid):
        operations.rule(actor=running.bureau, incident_id=incident.pk, kind=RulingKind.WITHDRAW, reason="", **whole)
    with pytest.raises(IntegrityError), transaction.atomic():
        Ruling.objects.create(
            incident=incident,
            number=1,
            kind=RulingKind.WARN,
            reason=REASON,
            account=None,  # type: ignore[misc]  # that the database refuses it is the point
            organisation_id=incident.organisation_id,
            made_at=LATER,
        )
    assert ledger.progress_of([running.enrolments[0].pk]) == before


def test_a_withdrawal_takes_back_its_stretch_and_stays_inside_the_incident() -> None:
    case = make.make_explained()
    told = {"actor": case.operator, "incident_id": case.incident_id, "kind": "withdraw", "reason": REASON}
    with pytest.raises(Invalid) as outside:
        operations.rule(since=BEGIN - dt.timedelta(days=2), until=BEGIN + dt.timedelta(hours=1), now=LATER, **told)
    assert "since" in outside.value.fields
    with pytest.raises(Invalid):
        operations.rule(since=BEGIN, until=BEGIN, now=LATER, **told)
    late = BEGIN + dt.timedelta(hours=3)
    with pytest.raises(Conflict, match="没有计入"):
        operations.rule(since=late, until=late + dt.timedelta(hours=1), now=LATER, **told)
    assert case.incident.state == IncidentState.EXPLAINED, "a ruling that cannot be carried out is undone"
    operations.rule(since=BEGIN, until=BEGIN + dt.timedelta(minutes=4), now=LATER, **told)
    assert hours_of(case) == 6 * 60
    assert case.incident.appeal_by == make.clock.civil_day(LATER) + dt.timedelta(days=15)
    assert not faults()


def test_an_appeal_that_is_upheld_by_a_second_person_puts_the_hours_back() -> None:
    case = make.make_appealed()
    assert hours_of(case) == 0
    told = {"incident_id": case.incident_id, "kind": RulingKind.DISMISS, "reason": "照片确系本人，撤销原裁定。"}
    with pytest.raises(Refused, match="另一个人"):
        operations.decide_appeal(actor=case.operator, now=LATER, **told)
    operations.decide_appeal(actor=case.second, now=LATER, **told)
    assert hours_of(case) == 600
    assert case.incident.state == IncidentState.CLOSED
    with pytest.raises(Conflict):
        operations.decide_appeal(actor=case.second, now=LATER, **told)
    kinds = [one.kind for one in evidence.list_entries(refs=[f"incident:{case.incident_id}"])]
    assert kinds[0:3] == ["ledger.made_up", "integrity.appeal_decided", "integrity.incident_appealed"] or set(
        kinds
    ) >= {"integrity.appeal_decided", "integrity.incident_appealed", "integrity.incident_ruled"}
    assert not faults()


def test_an_appeal_that_is_turned_down_leaves_the_ruling_and_never_makes_it_worse() -> None:
    case = make.make_appealed(RulingKind.WARN)
    told = {"actor": case.second, "incident_id": case.incident_id, "reason": "理由不成立，维持原裁定。", "now": LATER}
    with pytest.raises(Conflict, match="只能维持或减轻"):
        operations.decide_appeal(kind=RulingKind.WITHDRAW, **told)
    operations.decide_appeal(kind=RulingKind.WARN, **told)
    assert hours_of(case) == 600
    assert [one.kind for one in queries.rulings_of(case.incident)] == ["warn", "warn"]
    assert not faults()


def test_the_database_itself_refuses_the_same_account_and_a_second_appeal() -> None:
    case = make.make_appealed()
    first = queries.rulings_of(case.incident)[0]
    values = {"incident": case.incident, "number": 2, "kind": "dismiss", "reason": REASON, "made_at": LATER}
    for account, first_by in ((first.account_id, first.account_id), (case.second.account_id, None)):
        with pytest.raises(IntegrityError), transaction.atomic():
            Ruling.objects.create(
                **values, account_id=account, first_by_id=first_by, organisation_id=first.organisation_id
            )
    with pytest.raises(IntegrityError), transaction.atomic():
        Statement.objects.create(
            incident=case.incident,
            role=StatementRole.APPEAL,
            text=WORDS,
            account_id=case.learner.account_id or 0,
            made_at=LATER,
        )


def test_a_learner_appeals_once_in_time_and_only_the_own() -> None:
    case = make.make_ruled(learners=2)
    told = {"incident_id": case.incident_id, "text": WORDS}
    with pytest.raises(NotFound):
        operations.appeal(actor=case.running.learners[1], now=LATER, **told)
    with pytest.raises(Refused, match="期限已过"):
        operations.appeal(actor=case.learner, now=make.after(20), **told)
    operations.appeal(actor=case.learner, now=make.after(15), **told)
    with pytest.raises(Conflict):
        operations.appeal(actor=case.learner, now=make.after(15), **told)


def test_what_nobody_appeals_against_is_closed_when_its_days_are_over() -> None:
    case = make.make_ruled()
    assert operations.close_finished(now=make.after(15)) == 0
    assert operations.close_finished(now=make.after(16)) == 1
    assert operations.close_finished(now=make.after(17)) == 0
    assert case.incident.state == IncidentState.CLOSED
    assert hours_of(case) == 0
    assert not faults()


def test_whoever_is_late_is_reminded_once_a_day() -> None:
    from zhenxue.integrity.signals import incident_due

    told: list[tuple[str, bool]] = []

    def hear(*, due: object, overdue: bool, **_: object) -> None:
        told.append((str(due), overdue))

    case = make.make_case()
    incident_due.connect(hear)
    try:
        assert operations.remind(now=LATER) == 0
        eve = make.clock.start_of_day(case.incident.reply_by - dt.timedelta(days=1))
        assert operations.remind(now=eve) == 1
        assert operations.remind(now=eve + dt.timedelta(hours=5)) == 0
        assert operations.remind(now=eve + dt.timedelta(days=2)) == 1
    finally:
        incident_due.disconnect(hear)
    assert ("reply", False) in told
    assert ("reply", True) in told
    late = queries.overdue(queries.visible_incidents(case.operator), case.incident.reply_by + dt.timedelta(days=1))
    assert list(late) == [case.incident]


def test_a_class_wide_heap_is_taken_apart_and_never_ruled_over_everybody() -> None:
    running = make.make_studied(learners=3)
    for number in range(3):
        make.note(running, "device_shared", learner=number)
    heap = Incident.objects.get()
    assert (heap.person_id, heap.kind, heap.score) == (None, "device_sharing", 120)
    told = {"actor": running.bureau, "incident_id": heap.pk, "reason": REASON, "now": LATER}
    with pytest.raises(Conflict, match="不能作"):
        operations.rule(kind=RulingKind.WITHDRAW, since=BEGIN, until=BEGIN + dt.timedelta(hours=1), **told)
    operations.rule(kind=RulingKind.SPLIT, **told)
    parts = Incident.objects.filter(parent=heap)
    assert {one.enrolment_id for one in parts} == {one.pk for one in running.enrolments}
    assert all(one.state == IncidentState.OPEN and one.signal_count == 1 for one in parts)
    assert list(queries.visible_incidents(running.learners[1])) == [parts.get(enrolment=running.enrolments[1])]
    assert not faults()


def test_a_signal_before_the_class_waits_until_its_learner_is_in_one() -> None:
    from zhenxue.integrity.operations.signals import gather_free, note_signal

    running = make.make_studied()
    stranger = people.make_person()
    face = {"kind": "duplicate_face", "facts": {"other_person": running.enrolments[0].person_id}}
    note_signal(person_id=stranger.pk, once_key="pair", now=LATER, **face)
    assert not Incident.objects.exists()
    assert gather_free(now=LATER) == 0
    Signal.objects.update(person=running.enrolments[0].person_id)
    assert gather_free(now=LATER) == 1
    assert Incident.objects.get().kind == IncidentKind.DUPLICATE_FACE


def test_a_row_that_was_changed_by_hand_is_named() -> None:
    case = make.make_appealed()
    Incident.objects.filter(pk=case.incident_id).update(score=1)
    Ruling.objects.filter(incident_id=case.incident_id).update(reason="改过的理由在这里")
    Signal.objects.update(weight=1)
    Statement.objects.filter(role=StatementRole.APPEAL).update(text="改过的申诉")
    words = "\n".join(faults())
    assert "integrity_signal" in words
    Signal.objects.update(weight=60, facts={"check": 2})
    assert any("integrity_signal" in one for one in faults()), "its facts, too"
    for table in ("integrity_incident", "integrity_ruling", "integrity_signal", "integrity_statement"):
        assert table in words


def test_an_operator_sees_all_a_bureau_its_region_a_provider_its_own() -> None:
    case = make.make_case()
    seen = [
        case.operator,
        people.make_operator(Role.OPERATOR_ADMIN),
        people.make_bureau("3715"),
        case.running.bureau,
        case.running.manager,
        case.learner,
    ]
    for actor in seen:
        assert list(queries.visible_incidents(actor)) == [case.incident], actor.label
    for actor in (people.make_bureau("371503"), people.make_provider(), case.running.teacher, people.make_learner()):
        assert not queries.visible_incidents(actor).exists(), actor.label


def test_everybody_concerned_finds_it_in_the_inbox() -> None:
    case = make.make_appealed()
    operations.decide_appeal(
        actor=case.second, incident_id=case.incident_id, kind="dismiss", reason="照片确系本人，撤销原裁定。", now=LATER
    )
    told: dict[int | None, list[str]] = {}
    for account, title in Notice.objects.order_by("pk").values_list("account_id", "title"):
        told.setdefault(account, []).append(title)
    assert told[case.learner.account_id] == ["有一件事正在核实", "核查结果：撤销学时", "申诉复核结果"]
    assert told[case.running.manager.account_id] == ["有核查等待说明", "核查已裁定"]
    assert told[case.running.bureau.account_id] == ["有核查等待裁定", "有申诉等待复核"]
    assert all("分" not in notice.text for notice in Notice.objects.all()), "no score is told"


def test_pictures_of_statements_follow_a_change_of_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    case = make.make_appealed()
    [appeal] = [one for one in queries.statements_of(case.incident) if one.role == StatementRole.APPEAL]
    before, content = appeal.pictures, pictures.open_picture(appeal, 1)
    assert [claim.path for claim in pictures.picture_claims()] == before
    assert pictures.reseal_pictures() == 0
    monkeypatch.setattr(pictures.crypto, "needs_resealing", lambda _: True)
    assert pictures.reseal_pictures() == 1
    appeal.refresh_from_db()
    assert appeal.pictures != before
    assert pictures.open_picture(appeal, 1) == content
    assert not pictures.storage.full_path(before[0]).exists()
    [head] = pictures.picture_heads()
    assert pictures.give_up_pictures(pictures.crypto.key_id_of(head)) == 1
    appeal.refresh_from_db()
    assert appeal.pictures == []


def test_an_entry_about_a_class_is_read_by_its_staff_and_by_no_learner() -> None:
    running = make.make_studied(learners=3)
    for number in range(3):
        make.note(running, "device_shared", learner=number)
    refs = [f"incident:{Incident.objects.get().pk}", f"cohort:{running.cohort.pk}"]
    assert queries.may_view_incident(running.manager, refs)
    assert queries.may_view_incident(running.bureau, refs)
    for nobody in (running.learners[0], people.make_provider(), people.make_bureau("371503")):
        assert not queries.may_view_incident(nobody, refs)
