"""Rosters: every row answered, nothing half imported."""

import datetime as dt
from typing import Any

import pytest
from django.db import connection

from tests.factories.identity import DEVICE, NOW, citizen_number, make_person, make_provider, person_name, phone
from tests.factories.training import (
    LAST_DAY,
    Running,
    add_learner,
    make_approved_cohort,
    make_draft_cohort,
    make_filed_cohort,
)
from zhenxue.evidence import api as evidence
from zhenxue.identity import api as identity
from zhenxue.identity.data import SYSTEM
from zhenxue.kernel import sheets
from zhenxue.kernel.errors import Conflict, Invalid, NotFound, Refused
from zhenxue.training import api as training
from zhenxue.training.data import ROSTER_TITLES, EnrolmentState, ImportState, InitialAccount, PasswordsState, RosterRow
from zhenxue.training.models import Enrolment, RosterImport
from zhenxue.training.operations import initial_passwords as passwords
from zhenxue.training.operations import roster as operations
from zhenxue.training.queries import roster as queries

pytestmark = pytest.mark.django_db
Row = tuple[str, str, str, str, str]


def row(name: str = "", number: str = "", tel: str = "", group: str = "农村转移劳动力") -> Row:
    return (name or person_name(), number or citizen_number(), tel or phone(), "", group)


def workbook(*rows: Row) -> bytes:
    return sheets.write_xlsx("学员名册", list(ROSTER_TITLES), rows, as_text=True)


def upload(made: Running, data: bytes, name: str = "名册.xlsx") -> RosterImport:
    return operations.upload_roster(actor=made.manager, cohort_id=made.cohort.pk, data=data, file_name=name, now=NOW)


def confirm(made: Running, found: RosterImport, *, skip: bool = False) -> RosterImport:
    return operations.confirm_import(actor=made.manager, import_id=found.pk, skip_invalid=skip, now=NOW)


def answers(found: RosterImport) -> dict[int, str]:
    return {one.number: "；".join(one.problems) for one in queries.load_rows(found.rows)}


def test_a_good_roster_is_imported_with_accounts_shown_once() -> None:
    made = make_draft_cohort(learners=0)
    found = confirm(made, upload(made, workbook(row("王小明"), row("李小花"))))
    assert (found.state, found.imported) == (ImportState.DONE, 2)
    enrolments = Enrolment.objects.filter(cohort=made.cohort)
    assert sorted(one.person.name for one in enrolments) == ["李小花", "王小明"]
    accounts = passwords.take_accounts(actor=made.manager, import_id=found.pk, now=NOW)
    assert {one.name for one in accounts} == {"李小花", "王小明"}
    account = identity.find_account_of(enrolments[0].person_id)
    assert account is not None
    assert account.must_change_password
    with pytest.raises(Conflict, match="已经下载过"):
        passwords.take_accounts(actor=made.manager, import_id=found.pk, now=NOW)
    entry = evidence.list_entries(refs=[f"enrolment:{enrolments[0].pk}"], kinds=["training.learners_enrolled"])[0]
    assert ("人数", "2") in entry.lines


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk"])
def test_csv_is_read_in_the_encodings_people_send(encoding: str) -> None:
    made = make_draft_cohort(learners=0)
    lines = [",".join(ROSTER_TITLES), ",".join(row("王小明"))]
    found = upload(made, "\r\n".join(lines).encode(encoding), "名册.csv")
    assert (found.total, found.valid) == (1, 1)


def test_every_faulty_row_says_what_is_wrong_and_nothing_is_imported() -> None:
    made = make_draft_cohort(learners=0)
    good = citizen_number()
    known = make_person(name="赵子文")
    wrong = good[:-1] + ("0" if good[-1] != "0" else "1")
    found = upload(
        made,
        workbook(
            row("王小明", good),
            row("王小明", good),
            ("", citizen_number(), "", "", "农村转移劳动力"),
            row("李小花", wrong),
            row("孙学明", "37150219901301"),
            row("周海山", citizen_number()[:6] + "19901301" + "1234"),
            row("钱另名", known.citizen_number),
            row("吴春晓", tel="12345"),
            row("郑云平", group="外星人"),
            row("冯文子", group="企业职工"),
        ),
    )
    said = answers(found)
    assert (found.total, found.valid, said[2]) == (10, 1, "")
    for number, words in {
        3: "与第 2 行的公民身份号码重复",
        4: "缺少“姓名”",
        5: "校验位",
        6: "应为18位",
        7: "出生日期",
        8: "另一个姓名",
        9: "手机号码",
        10: "不认识",
        11: "不在项目的培训对象",
    }.items():
        assert words in said[number], (number, said[number])
    with pytest.raises(Invalid) as refused:
        confirm(made, found)
    assert "skip_invalid" in refused.value.fields
    assert not Enrolment.objects.filter(cohort=made.cohort).exists()
    assert confirm(made, found, skip=True).imported == 1
    with pytest.raises(Conflict):
        confirm(made, found, skip=True)


def test_a_number_ruined_by_the_spreadsheet_and_a_formula_are_named() -> None:
    made = make_draft_cohort(learners=0)
    lines = [",".join(ROSTER_TITLES), "王小明,3.71502E+17,,,农村转移劳动力", "李小花,=A1,,,农村转移劳动力"]
    said = answers(upload(made, "\n".join(lines).encode(), "名册.csv"))
    assert "文本" in said[2]
    assert "公式" in said[3]


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"", "a.xlsx"),
        (b"PK\x03\x04broken", "a.xlsx"),
        ("序号,备注\n1,无".encode(), "a.csv"),
        (b"\x00\x01\x02", "a.csv"),
    ],
)
def test_a_file_that_is_no_roster_is_refused_as_a_whole(data: bytes, name: str) -> None:
    made = make_draft_cohort(learners=0)
    with pytest.raises(Invalid):
        upload(made, data, name)
    assert not RosterImport.objects.exists()


def test_people_already_here_or_elsewhere_at_the_time_are_named() -> None:
    elsewhere = make_filed_cohort(learners=1)
    taken = elsewhere.enrolments[0].person
    made = make_draft_cohort(learners=1)
    here = made.enrolments[0].person
    found = upload(made, workbook(row(here.name, here.citizen_number), row(taken.name, taken.citizen_number)))
    said = answers(found)
    assert "已在本班名册中" in said[2]
    assert elsewhere.cohort.title in said[3]
    after = make_draft_cohort(
        learners=0, starts_on=LAST_DAY + dt.timedelta(days=1), ends_on=LAST_DAY + dt.timedelta(days=20)
    )
    assert answers(upload(after, workbook(row(taken.name, taken.citizen_number)))) == {2: ""}


def test_places_are_given_in_the_order_of_the_file() -> None:
    made = make_draft_cohort(learners=1, capacity=2)
    said = answers(upload(made, workbook(row(), row(), row())))
    assert [bool(words) for words in said.values()] == [False, True, True]
    assert "没有名额" in said[3]


def test_somebody_enrolled_elsewhere_between_preview_and_confirmation_stops_the_import() -> None:
    made, number = make_draft_cohort(learners=0), citizen_number()
    found = upload(made, workbook(row("王小明", number), row("李小花")))
    add_learner(made, name="王小明", number=number)
    with pytest.raises(Conflict, match="重新上传"):
        confirm(made, found)
    assert Enrolment.objects.filter(cohort=made.cohort).count() == 1


def test_only_the_organisations_managers_import_and_only_into_an_open_roster() -> None:
    made = make_draft_cohort(learners=0)
    data = workbook(row())
    with pytest.raises(NotFound):
        operations.upload_roster(
            actor=make_provider(), cohort_id=made.cohort.pk, data=data, file_name="a.xlsx", now=NOW
        )
    with pytest.raises(Refused):
        operations.upload_roster(actor=made.teacher, cohort_id=made.cohort.pk, data=data, file_name="a.xlsx", now=NOW)
    filed = make_filed_cohort()
    with pytest.raises(Conflict):
        upload(filed, data)


def test_one_learner_is_added_removed_and_added_again_before_filing() -> None:
    made, number = make_draft_cohort(learners=0), citizen_number()
    first = add_learner(made, name="王小明", number=number)
    with pytest.raises(Invalid, match="已在本班名册中"):
        add_learner(made, name="王小明", number=number)
    operations.remove_learner(actor=made.manager, enrolment_id=first.pk, now=NOW)
    with pytest.raises(NotFound):
        operations.remove_learner(actor=made.manager, enrolment_id=first.pk, now=NOW)
    assert add_learner(made, name="王小明", number=number).person_id == first.person_id


def test_leaving_after_approval_keeps_the_trace_and_the_digest() -> None:
    made = make_approved_cohort(learners=2)
    one = made.enrolments[0]
    with pytest.raises(Conflict):
        operations.remove_learner(actor=made.manager, enrolment_id=one.pk, now=NOW)
    with pytest.raises(Invalid):
        training.leave(actor=made.manager, enrolment_id=one.pk, reason="走", now=NOW)
    left = training.leave(actor=made.manager, enrolment_id=one.pk, reason="本人外出务工", now=NOW)
    assert (left.state, left.left_at, left.leave_reason) == (EnrolmentState.LEFT, NOW, "本人外出务工")
    with pytest.raises(Conflict, match="已经退出"):
        training.leave(actor=made.manager, enrolment_id=one.pk, reason="本人外出务工", now=NOW)
    cohort = training.get_cohort(made.manager, made.cohort.pk)
    assert (cohort.learner_count, training.plan_digest(cohort)) == (1, made.cohort.plan_digest)


def test_a_large_roster_waits_for_the_worker_and_is_then_whole() -> None:
    made = make_draft_cohort(learners=0, capacity=700)
    rows = [
        row(f"学员{name}") for name in ("甲乙丙丁戊己庚辛壬癸子丑寅卯辰巳午未申酉"[n % 20] + "文" for n in range(520))
    ]
    found = upload(made, workbook(*rows))
    assert (found.state, found.done) == (ImportState.CHECKING, 0)
    operations.check_import(import_id=found.pk, now=NOW)
    found.refresh_from_db()
    assert (found.state, found.done, found.total) == (ImportState.CHECKED, 520, 520)
    confirmed = confirm(made, found, skip=found.valid < found.total)
    assert confirmed.state == ImportState.IMPORTING
    operations.run_import(actor=made.manager, import_id=found.pk, now=NOW)
    found.refresh_from_db()
    assert (found.state, found.imported) == (ImportState.DONE, found.valid), found.failure
    assert Enrolment.objects.filter(cohort=made.cohort).count() == found.valid


def make_large(made: Running, count: int = 12) -> RosterImport:
    """An import that waits for the worker, checked and confirmed (the limit is lowered by the test)."""
    found = upload(made, workbook(*[row() for _ in range(count)]))
    assert found.state == ImportState.CHECKING
    operations.check_import(import_id=found.pk, now=NOW)
    return confirm(made, found)


def run(made: Running, found: RosterImport) -> RosterImport:
    operations.run_import(actor=made.manager, import_id=found.pk, now=NOW)
    found.refresh_from_db()
    return found


@pytest.fixture
def small_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operations, "ROSTER_BACKGROUND_ROWS", 5)
    monkeypatch.setattr(operations, "CHUNK", 4)
    monkeypatch.setattr(passwords, "BATCH", 4)


@pytest.mark.usefixtures("small_limits")
def test_a_large_import_is_recorded_for_each_person_in_few_entries() -> None:
    made = make_draft_cohort(learners=0)
    found = run(made, make_large(made))
    assert (found.state, found.imported, found.done) == (ImportState.DONE, 12, 12)
    assert found.passwords_state == PasswordsState.NONE
    enrolment = Enrolment.objects.filter(cohort=made.cohort).latest("pk")
    for ref in (f"person:{enrolment.person_id}", f"enrolment:{enrolment.pk}"):
        kinds = {entry.kind for entry in evidence.list_entries(refs=[ref])}
        assert "training.learners_enrolled" in kinds
    kinds = {entry.kind for entry in evidence.list_entries(refs=[f"person:{enrolment.person_id}"])}
    assert {"identity.people_registered", "identity.accounts_opened"} <= kinds
    entries = evidence.list_entries(refs=[f"cohort:{made.cohort.pk}"], kinds=["training.learners_enrolled"])
    assert len(entries) == 3
    account = identity.find_account_of(enrolment.person_id)
    assert account is not None
    assert not account.has_usable_password()


@pytest.mark.usefixtures("small_limits")
def test_a_large_import_that_is_refused_at_the_end_enrols_nobody_and_says_so() -> None:
    made = make_draft_cohort(learners=0, capacity=12)
    found = make_large(made)
    late = answers(found)
    add_learner(
        made, number=queries.load_rows(found.rows)[0].citizen_number, name=queries.load_rows(found.rows)[0].name
    )
    found = run(made, found)
    assert (found.state, found.imported, len(late)) == (ImportState.FAILED, 0, 12)
    assert "没有学员被加入名册" in found.failure
    assert "重新上传" in found.failure
    assert Enrolment.objects.filter(cohort=made.cohort).count() == 1


@pytest.mark.usefixtures("small_limits")
def test_an_import_whose_worker_died_goes_on_where_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    made = make_draft_cohort(learners=0)
    found = make_large(made)
    with pytest.raises(Conflict, match="刷新"):
        operations.resume_import(actor=made.manager, import_id=found.pk, now=NOW)

    def die(*args: object, **more: object) -> None:
        raise SystemExit

    with monkeypatch.context() as patched:
        patched.setattr(operations, "_finish", die)
        with pytest.raises(SystemExit):
            run(made, found)
    assert not Enrolment.objects.filter(cohort=made.cohort).exists()
    RosterImport.objects.filter(pk=found.pk).update(progress_at=NOW)
    later = NOW + dt.timedelta(minutes=11)
    with pytest.raises(NotFound):
        operations.resume_import(actor=make_provider(), import_id=found.pk, now=later)
    operations.resume_import(actor=made.manager, import_id=found.pk, now=later)
    found = run(made, found)
    assert (found.state, found.imported) == (ImportState.DONE, 12)
    run(made, found)
    assert Enrolment.objects.filter(cohort=made.cohort).count() == 12


@pytest.mark.usefixtures("small_limits")
def test_first_passwords_of_a_large_import_are_made_once_asked_and_taken_once() -> None:
    made = make_draft_cohort(learners=0)
    found = make_large(made)
    with pytest.raises(Conflict, match="还没有导入完"):
        start(made, found)
    found = run(made, found)
    with pytest.raises(Conflict, match="还没有生成"):
        take(made, found)
    with pytest.raises(NotFound):
        passwords.start_passwords(actor=make_provider(), import_id=found.pk, again=False, now=NOW)
    start(made, found)
    with pytest.raises(Conflict, match="正在生成"):
        start(made, found)
    make(made, found)
    assert (found.passwords_state, found.passwords_done) == (PasswordsState.READY, 12)
    with pytest.raises(Conflict, match="请先下载"):
        start(made, found)
    stored = stored_accounts(found)
    accounts = take(made, found)
    assert len({one.password for one in accounts}) == 12
    assert not [one for one in accounts if one.password in stored or one.name in stored]
    for one in accounts:
        account = identity.visible_accounts(SYSTEM).get(username=one.username)
        assert account.check_password(one.password)
        assert account.must_change_password
    with pytest.raises(Conflict, match="已经下载过"):
        take(made, found)
    kinds = {entry.kind for entry in evidence.list_entries(refs=[f"cohort:{made.cohort.pk}"])}
    assert {"training.initial_passwords_made", "training.initial_passwords_taken"} <= kinds


@pytest.mark.usefixtures("small_limits")
def test_only_who_never_signed_in_gets_another_first_password() -> None:
    made = make_draft_cohort(learners=0)
    found = run(made, make_large(made, 6))
    start(made, found)
    make(made, found)
    first = take(made, found)
    account = identity.visible_accounts(SYSTEM).get(username=first[0].username)
    identity.open_session(account=account, device=DEVICE, now=NOW)
    start(made, found)
    make(made, found)
    assert found.passwords_state == PasswordsState.NONE
    assert "都已经登录过" in found.passwords_note
    start(made, found, again=True)
    make(made, found)
    second = take(made, found)
    assert {one.username for one in second} == {one.username for one in first} - {account.username}
    assert not {one.password for one in second} & {one.password for one in first}


@pytest.mark.usefixtures("small_limits")
def test_a_list_that_nobody_takes_is_destroyed_after_a_day() -> None:
    made = make_draft_cohort(learners=0)
    found = run(made, make_large(made, 6))
    start(made, found)
    make(made, found)
    passwords.drop_due_passwords(now=NOW + dt.timedelta(hours=23))
    found.refresh_from_db()
    assert found.accounts
    with pytest.raises(Conflict, match="已经销毁"):
        take(made, found, now=NOW + dt.timedelta(hours=24))
    found.refresh_from_db()
    assert (found.accounts, found.passwords_state) == ("", PasswordsState.EXPIRED)
    kinds = {entry.kind for entry in evidence.list_entries(refs=[f"cohort:{made.cohort.pk}"])}
    assert "training.initial_passwords_expired" in kinds
    start(made, found, again=True)
    make(made, found)
    passwords.drop_due_passwords(now=NOW + dt.timedelta(hours=24))
    found.refresh_from_db()
    assert (found.accounts, found.passwords_state) == ("", PasswordsState.EXPIRED)


@pytest.mark.usefixtures("small_limits")
def test_the_making_of_passwords_that_died_goes_on_with_an_exact_list(monkeypatch: pytest.MonkeyPatch) -> None:
    made = make_draft_cohort(learners=0)
    found = run(made, make_large(made))
    start(made, found)
    done = passwords._make

    def die_at_four(*args: Any) -> bool:
        if args[1].passwords_done == 4:
            raise SystemExit
        return done(*args)

    with monkeypatch.context() as patched:
        patched.setattr(passwords, "_make", die_at_four)
        with pytest.raises(SystemExit):
            make(made, found)
    RosterImport.objects.filter(pk=found.pk).update(progress_at=NOW)
    passwords.start_passwords(actor=made.manager, import_id=found.pk, again=False, now=NOW + dt.timedelta(minutes=11))
    make(made, found)
    accounts = take(made, found)
    assert len(accounts) == len({one.username for one in accounts}) == 12
    for one in accounts:
        assert identity.visible_accounts(SYSTEM).get(username=one.username).check_password(one.password)


def test_a_small_import_leaves_alone_a_first_password_from_elsewhere() -> None:
    other = make_draft_cohort(learners=0)
    number = citizen_number()
    add_learner(other, name="王小明", number=number)
    person = identity.find_person_by_citizen_number(number)
    assert person is not None
    before = identity.find_account_of(person.pk)
    made = make_draft_cohort(learners=0)
    found = confirm(made, upload(made, workbook(row("王小明", number), row("李小花"))))
    assert [one.name for one in passwords.take_accounts(actor=made.manager, import_id=found.pk, now=NOW)] == ["李小花"]
    after = identity.find_account_of(person.pk)
    assert before is not None
    assert after is not None
    assert before.password == after.password


def start(made: Running, found: RosterImport, *, again: bool = False) -> None:
    passwords.start_passwords(actor=made.manager, import_id=found.pk, again=again, now=NOW)


def make(made: Running, found: RosterImport) -> None:
    passwords.make_passwords(actor=made.manager, import_id=found.pk, now=NOW)
    found.refresh_from_db()


def take(made: Running, found: RosterImport, *, now: dt.datetime = NOW) -> list[InitialAccount]:
    return passwords.take_accounts(actor=made.manager, import_id=found.pk, now=now)


def stored_accounts(found: RosterImport) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT accounts FROM training_rosterimport WHERE id = %s", [found.pk])
        return str(cursor.fetchone()[0])


def test_rows_are_sealed_in_the_database() -> None:
    made, number = make_draft_cohort(learners=0), citizen_number()
    found = upload(made, workbook(row("王小明", number)))
    with connection.cursor() as cursor:
        cursor.execute("SELECT rows FROM training_rosterimport WHERE id = %s", [found.pk])
        stored = cursor.fetchone()[0]
    assert number not in stored
    assert stored.startswith("v1.")
    operations.discard_import(actor=made.manager, import_id=found.pk, now=NOW)
    found.refresh_from_db()
    assert (found.state, found.rows) == (ImportState.DISCARDED, "")


def test_the_template_can_be_filled_and_read_back() -> None:
    with pytest.raises(Invalid, match="没有数据行"):
        queries.read_roster(queries.template(), "模板.xlsx")
    answered = RosterRow(2, "王小明", citizen_number(), target_group="rural", problems=("有问题",))
    sheet = sheets.read_sheet(queries.answer_sheet([answered], imported=False), "结果.xlsx")
    assert sheet.rows[1].cells[-1] == "有问题"
