"""Rosters: every row answered, nothing half imported."""

import datetime as dt

import pytest
from django.db import connection

from tests.factories.identity import NOW, citizen_number, make_person, make_provider
from tests.factories.rosters import answers, confirm, row, upload, workbook
from tests.factories.training import (
    LAST_DAY,
    add_learner,
    make_approved_cohort,
    make_draft_cohort,
    make_filed_cohort,
)
from zhenxue.evidence import api as evidence
from zhenxue.identity import api as identity
from zhenxue.kernel import sheets
from zhenxue.kernel.errors import Conflict, Invalid, NotFound, Refused
from zhenxue.training import api as training
from zhenxue.training.data import ROSTER_TITLES, EnrolmentState, ImportState, RosterRow
from zhenxue.training.models import Enrolment, RosterImport
from zhenxue.training.operations import initial_passwords as passwords
from zhenxue.training.operations import roster as operations
from zhenxue.training.queries import roster as queries

pytestmark = pytest.mark.django_db


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
