"""Acts through the pages: what is typed is kept, what is refused says why, a second click does no harm."""

import datetime as dt

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from tests.factories.catalogue import OCCUPATION, make_occupations
from tests.factories.identity import NOW, citizen_number, client_for, make_provider, make_rules, phone
from tests.factories.training import (
    FIRST_DAY,
    make_approved_cohort,
    make_course,
    make_draft_cohort,
    make_draft_programme,
    make_filed_cohort,
    make_programme,
    make_running_cohort,
)
from tests.web.training.conftest import Clock
from zhenxue.kernel import clock, sheets
from zhenxue.training import api as training
from zhenxue.training import tasks
from zhenxue.training.data import ROSTER_TITLES, AttendanceState, CohortState, ImportState, Mark
from zhenxue.training.models import (
    Attendance,
    AttendanceCorrection,
    Cohort,
    Enrolment,
    PlanLine,
    Programme,
    RosterImport,
)
from zhenxue.training.operations import initial_passwords, roster

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


def post(client: Client, name: str, *args: object, **data: object) -> str:
    """Posts, follows and gives the page; the last status is checked to be 200 or 422."""
    response = client.post(reverse(f"training:{name}", args=args), data, follow=True)
    assert response.status_code in {200, 409, 422}, response.content.decode()[:1500]
    return response.content.decode()


def test_a_programme_is_built_with_its_share_shown_live() -> None:
    make_rules()
    make_occupations()
    manager = make_provider()
    client = client_for(manager)
    head = {"kind": "skill", "title": "茶艺师（五级）", "level": "5", "target_groups": ["rural"]}
    page = post(client, "new_programme", **head, occupation="没有这个职业")
    assert "没有找到这个职业" in page
    assert "茶艺师（五级）" in page
    post(client, "new_programme", **head, occupation=f"{OCCUPATION} 某职业")
    programme = Programme.objects.get(title="茶艺师（五级）")
    assert (programme.occupation_id, programme.pass_percent) == (OCCUPATION, 60)

    version = make_course(manager, minutes=60)
    address = reverse("training:add_online", args=[programme.pk])
    answer = client.post(address, {"course_version": version, "stage": 1}, headers=HTMX)
    assert answer.status_code == 200
    assert answer.content.decode().lstrip().startswith('<div id="builder"') or b'id="builder"' in answer.content
    assert "超过上限" in answer.content.decode()
    again = client.post(address, {"course_version": version, "stage": 1}, headers=HTMX)
    assert again.status_code == 422
    assert "只计一次学时" in again.content.decode()

    offline = reverse("training:add_offline", args=[programme.pk])
    bad = client.post(offline, {"title": "冲泡练习", "minutes": "很多", "stage": 1}, headers=HTMX)
    assert bad.status_code == 422
    assert "冲泡练习" in bad.content.decode()
    assert "超过规定的 40%" in post(client, "make_ready", programme.pk)
    good = client.post(offline, {"title": "冲泡练习", "minutes": 90, "stage": 1}, headers=HTMX)
    assert "符合规定" in good.content.decode()
    assert "项目已定稿" in post(client, "make_ready", programme.pk)
    assert "不能再变为" in post(client, "make_ready", programme.pk)


def test_the_occupation_picker_finds_by_name_and_code() -> None:
    make_occupations()
    client = client_for(make_provider())
    found = client.get(reverse("training:occupations"), {"occupation": OCCUPATION[:7]}).content.decode()
    assert f'value="{OCCUPATION}' in found
    assert "<option" not in client.get(reverse("training:occupations")).content.decode()


def test_the_wizard_saves_each_step_and_files() -> None:
    made = make_draft_cohort()
    programme = made.cohort.programme
    client = client_for(made.manager)
    basics = {
        "programme_id": programme.pk,
        "title": "直播销售员二班",
        "starts_on": "2026-03-05",
        "ends_on": "2026-03-20",
        "capacity": 20,
        "venue": "四楼教室",
        "head_teacher": made.teacher.person_id,
        "assessment_plan": "理论和实操各一次，均达到合格线为合格。",
    }
    page = post(client, "new_cohort", **{**basics, "ends_on": "2026-03-01"})
    assert "结班日期不能早于开班日期" in page
    assert "直播销售员二班" in page
    post(client, "new_cohort", **basics)
    cohort = Cohort.objects.get(title="直播销售员二班")
    lines = list(PlanLine.objects.filter(cohort=cohort, mode="offline").order_by("position"))

    plan: dict[str, object] = {"stage-1": "理论与实操"}
    for day, line in zip(("2026-03-06", "2026-03-07"), lines, strict=True):
        plan |= {
            f"line-{line.pk}-day": day,
            f"line-{line.pk}-starts": "14:00",
            f"line-{line.pk}-ends": "14:45",
            f"line-{line.pk}-place": "四楼教室",
            f"line-{line.pk}-teacher": made.teacher.person_id,
        }
    wrong = {**plan, f"line-{lines[0].pk}-ends": "13:00"}
    page = post(client, "edit_plan", cohort.pk, **wrong)
    assert "下课时间要晚于上课时间" in page
    assert 'value="13:00"' in page
    assert "教学计划已保存" in post(client, "edit_plan", cohort.pk, **plan, next="1")
    assert training.list_stages(cohort.pk)[0].title == "理论与实操"

    client.post(
        reverse("training:add_learner", args=[cohort.pk]),
        {"name": "王小明", "citizen_number": citizen_number(), "phone": phone(), "target_group": "rural"},
    )
    assert "可以提交" in client.get(reverse("training:check_cohort", args=[cohort.pk])).content.decode()
    assert "等待人社部门审批" in post(client, "file_cohort", cohort.pk)
    assert "不能再变为" in post(client, "file_cohort", cohort.pk)
    assert "变更申请" in post(client, "edit_cohort", cohort.pk, **basics)


def test_a_lesson_left_empty_stays_unplanned_and_one_half_filled_is_named() -> None:
    made = make_draft_cohort(programme=None, learners=0)
    client = client_for(made.manager)
    first, second = made.lessons
    half = {
        "stage-1": "第一阶段",
        f"line-{first.pk}-day": "2026-03-09",
        f"line-{first.pk}-starts": "",
        f"line-{second.pk}-place": "三楼教室",
    }
    page = post(client, "edit_plan", made.cohort.pk, **half)
    assert "内容还没有保存" in page
    assert PlanLine.objects.get(pk=second.pk).starts_at == second.starts_at
    page = post(client, "split_lesson", made.cohort.pk, first.pk, minutes="15")
    assert "已拆成两节" in page
    assert PlanLine.objects.filter(cohort=made.cohort, mode="offline").count() == 3


def test_a_roster_goes_from_file_to_preview_to_import() -> None:
    made = make_draft_cohort(learners=0)
    client = client_for(made.manager)
    template = client.get(reverse("training:roster_template"))
    assert template["Content-Type"].endswith("sheet")
    assert "请先选择名册文件" in post(client, "upload_roster", made.cohort.pk)
    broken = SimpleUploadedFile("名册.xlsx", b"PK\x03\x04 not a workbook")
    assert "另存为" in post(client, "upload_roster", made.cohort.pk, file=broken)

    number = citizen_number()
    rows = [("王小明", number, phone(), "", "农村转移劳动力"), ("李小花", "123", phone(), "", "农村转移劳动力")]
    data = sheets.write_xlsx("名册", list(ROSTER_TITLES), rows, as_text=True)
    page = post(client, "upload_roster", made.cohort.pk, file=SimpleUploadedFile("名册.xlsx", data))
    assert "应为18位" in page
    assert number not in page
    found = RosterImport.objects.get()
    assert "有问题的行不导入" in post(client, "confirm_import", found.pk)
    assert not Enrolment.objects.exists()
    assert "已导入 1 人" in post(client, "confirm_import", found.pk, skip_invalid="on")
    assert "不能再变为" in post(client, "confirm_import", found.pk, skip_invalid="on")
    assert client.get(reverse("training:import_result", args=[found.pk])).status_code == 200
    accounts = client.post(reverse("training:take_accounts", args=[found.pk]))
    assert "attachment" in accounts["Content-Disposition"]
    assert client.post(reverse("training:take_accounts", args=[found.pk])).status_code == 409
    stranger = client_for(make_provider())
    for name in ("roster_import", "import_result"):
        assert stranger.get(reverse(f"training:{name}", args=[found.pk])).status_code == 404


def test_a_large_roster_is_worked_off_behind_the_page_with_passwords_on_demand(
    monkeypatch: pytest.MonkeyPatch, at: Clock
) -> None:
    monkeypatch.setattr(roster, "ROSTER_BACKGROUND_ROWS", 1)
    made = make_draft_cohort(learners=0)
    client, manager = client_for(made.manager), (made.manager.account_id or 0, str(made.manager.role))
    rows = [(name, citizen_number(), phone(), "", "农村转移劳动力") for name in ("王小明", "李小花")]
    data = sheets.write_xlsx("名册", list(ROSTER_TITLES), rows, as_text=True)
    assert "正在检查" in post(client, "upload_roster", made.cohort.pk, file=SimpleUploadedFile("名册.xlsx", data))
    found = RosterImport.objects.get()
    assert client.post(reverse("training:resume_import", args=[found.pk])).status_code == 409
    at(NOW + dt.timedelta(minutes=11))
    assert "接着处理" in client.get(reverse("training:roster_import", args=[found.pk])).content.decode()
    assert "接着处理" not in post(client, "resume_import", found.pk)
    tasks.check_roster.call(found.pk)
    assert "正在导入" in post(client, "confirm_import", found.pk)
    tasks.import_roster.call(found.pk, *manager)
    assert "已导入 2 人" in client.get(reverse("training:roster_import", args=[found.pk])).content.decode()

    assert client.post(reverse("training:take_accounts", args=[found.pk])).status_code == 409
    assert "正在生成初始密码" in post(client, "start_passwords", found.pk)
    tasks.make_passwords.call(found.pk, manager[0], "learner")
    assert "正在生成初始密码" in client.get(reverse("training:roster_import", args=[found.pk])).content.decode()
    tasks.make_passwords.call(found.pk, *manager)
    assert "只能下载一次" in client.get(reverse("training:roster_import", args=[found.pk])).content.decode()
    stranger = client_for(make_provider())
    for name in ("resume_import", "start_passwords", "take_accounts"):
        assert stranger.post(reverse(f"training:{name}", args=[found.pk])).status_code == 404
    answer = client.post(reverse("training:take_accounts", args=[found.pk]))
    assert len(sheets.read_sheet(answer.content, "初始密码.xlsx").rows) >= 3
    assert "没有需要生成初始密码的学员" not in post(client, "start_passwords", found.pk, again="on")
    tasks.make_passwords.call(found.pk, *manager)
    at(NOW + dt.timedelta(days=2))
    initial_passwords.drop_due_passwords(now=NOW + dt.timedelta(days=2))
    assert "已经销毁" in client.post(reverse("training:take_accounts", args=[found.pk])).content.decode()


def test_an_import_can_be_given_up() -> None:
    made = make_draft_cohort(learners=0)
    client = client_for(made.manager)
    data = sheets.write_xlsx("名册", list(ROSTER_TITLES), [("王小明", citizen_number(), "", "", "rural")], as_text=True)
    post(client, "upload_roster", made.cohort.pk, file=SimpleUploadedFile("名册.xlsx", data))
    found = RosterImport.objects.get()
    assert "没有导入任何学员" in post(client, "discard_import", found.pk)
    found.refresh_from_db()
    assert found.state == ImportState.DISCARDED


def test_the_bureau_approves_or_returns_and_what_it_typed_is_kept() -> None:
    manager = make_provider()
    programme = make_programme(manager, online_minutes=60, offline=(("实操", 45, 1),), reason="偏远山区集中困难")
    made = make_filed_cohort(manager, programme=programme)
    client = client_for(made.bureau)
    page = post(client, "approve_filing", made.cohort.pk, note="材料齐全")
    assert "偏远山区集中困难" in page
    assert "同意线上占比超限" in page
    assert "材料齐全" in page
    assert "退回原因" in post(client, "return_filing", made.cohort.pk, reason="改")
    assert "已通过" in post(client, "approve_filing", made.cohort.pk, note="材料齐全", accept_share_exception="on")
    assert Cohort.objects.get(pk=made.cohort.pk).state == CohortState.APPROVED
    assert "刷新页面" in post(client, "return_filing", made.cohort.pk, reason="请重新核对名册")


def test_attendance_is_typed_kept_saved_and_corrected(at: Clock) -> None:
    made = make_running_cohort()
    line = made.lessons[0]
    assert line.starts_at is not None
    client = client_for(made.teacher)
    address = reverse("training:lesson_attendance", args=[line.pk])
    assert "还没有上课" in client.get(address).content.decode()
    at(line.starts_at)
    filled = client.get(address, {"fill": "present"}).content.decode()
    assert filled.count("checked") == 3
    first, second, third = made.enrolments
    marks = {f"state-{first.pk}": "present", f"state-{second.pk}": "late", f"state-{third.pk}": "present"}
    page = post(client, "lesson_attendance", line.pk, **marks)
    assert "迟到请写明原因" in page
    assert page.count("checked") == 3
    assert not Attendance.objects.exists()
    page = post(client, "lesson_attendance", line.pk, **marks, **{f"reason-{second.pk}": "路上堵车"})
    assert "已登记 3 人的考勤" in page
    record = Attendance.objects.get(enrolment=second)
    page = post(client, "correct_attendance", line.pk, record.pk, state="present", reason="核对")
    assert "请写明更正原因" in page
    page = post(client, "correct_attendance", line.pk, record.pk, state="present", reason="核对签到表")
    assert "更正已提交" in page
    assert "等待复核" in page
    asked = AttendanceCorrection.objects.get()
    bureau = client_for(made.bureau)
    assert second.person.name in bureau.get(reverse("training:bureau_block")).content.decode()
    queue = bureau.get(reverse("training:attendance_corrections"), {"for": "mine"}).content.decode()
    assert second.person.name in queue
    assert "请写明不予同意的理由" in post(bureau, "reject_attendance_correction", asked.pk, reason="不")
    page = post(bureau, "approve_attendance_correction", asked.pk, note="看过签到表")
    assert "考勤已更正" in page
    assert "看过签到表" in page
    assert "已更正" in post(bureau, "approve_attendance_correction", asked.pk)
    page = client.get(address).content.decode()
    assert "原为迟到" in page
    assert f"{made.bureau.name}复核" in page


def test_a_late_record_says_so_to_everybody(at: Clock) -> None:
    made = make_running_cohort(learners=1)
    line = made.lessons[0]
    assert line.starts_at is not None
    at(line.starts_at + dt.timedelta(days=3))
    [one] = made.enrolments
    training.record_attendance(
        actor=made.manager, line_id=line.pk, marks=[Mark(one.pk, AttendanceState.PRESENT)], now=clock.now()
    )
    pages = [
        (made.manager, reverse("training:lesson_attendance", args=[line.pk])),
        (made.learners[0], reverse("training:schedule")),
        (made.learners[0], reverse("ledger:day", args=[one.pk, clock.civil_day(line.starts_at)])),
        (made.bureau, reverse("training:attendance", args=[made.cohort.pk])),
        (made.bureau, reverse("training:lesson_sheet", args=[line.pk])),
        (made.bureau, reverse("supervision:learner", args=[one.pk])),
        (made.bureau, reverse("ledger:day", args=[one.pk, clock.civil_day(line.starts_at)])),
    ]
    for who, address in pages:
        assert "课后 3 天补登" in client_for(who).get(address).content.decode(), address


def test_a_learner_sees_place_and_teacher_of_the_next_lesson(at: Clock) -> None:
    made = make_running_cohort(learners=1)
    client = client_for(made.learners[0])
    page = client.get(reverse("training:schedule")).content.decode()
    assert made.lessons[0].place in page
    assert made.teacher.name in page


def test_an_amendment_is_asked_for_and_decided_on_pages() -> None:
    made = make_approved_cohort()
    line = made.lessons[0]
    manager, bureau = client_for(made.manager), client_for(made.bureau)
    form = {
        f"line-{line.pk}-day": str(FIRST_DAY + dt.timedelta(days=6)),
        f"line-{line.pk}-starts": "09:00",
        f"line-{line.pk}-ends": "09:45",
        f"line-{line.pk}-place": "二楼教室",
        f"line-{line.pk}-teacher": made.teacher.person_id,
        f"line-{line.pk}-reason": "",
    }
    assert "变更理由" in post(manager, "amend_lesson", line.pk, **form)
    page = post(manager, "amend_lesson", line.pk, **{**form, f"line-{line.pk}-reason": "教室临时占用，改到二楼"})
    assert "变更申请已提交" in page
    amendment = made.cohort.amendments.get()
    queue = bureau.get(reverse("training:amendment_queue")).content.decode()
    assert made.cohort.title in queue
    assert "二楼教室" in bureau.get(reverse("training:amendment", args=[amendment.pk])).content.decode()
    assert "已批准并生效" in post(bureau, "approve_amendment", amendment.pk, note="同意")
    assert PlanLine.objects.get(pk=line.pk).place == "二楼教室"
    make_up = manager.get(reverse("training:make_up_lesson", args=[line.pk])).content.decode()
    assert "计学时分钟" in make_up
    assert manager.get(reverse("training:amend_end_date", args=[made.cohort.pk])).status_code == 200


def test_drafts_of_others_cannot_be_touched() -> None:
    draft = make_draft_programme()
    stranger = client_for(make_provider())
    for name in ("add_offline", "make_ready", "copy_programme"):
        answer = stranger.post(
            reverse(f"training:{name}", args=[draft.pk]), {"title": "课课", "minutes": 45, "stage": 1}
        )
        assert answer.status_code == 404, name
