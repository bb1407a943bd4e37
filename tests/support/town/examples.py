"""Unfinished work in the demo city, so that every kind of page has an example."""

import datetime as dt

from tests.factories.witnesses import witness_signer
from tests.support.town.corrections import lay_corrections
from tests.support.town.exams import lay_exams
from tests.support.town.people import actor
from tests.support.town.presence import lay_identity, lay_integrity
from zhenxue.catalogue import api as catalogue
from zhenxue.catalogue.data import QuestionKind
from zhenxue.catalogue.models import Course, Unit
from zhenxue.config.demo import people
from zhenxue.evidence import api as evidence
from zhenxue.kernel import clock, sheets
from zhenxue.ledger import api as ledger
from zhenxue.tlog.cosignatures import WitnessKey
from zhenxue.training import api as training
from zhenxue.training.models import Attendance, Cohort, PlanLine, Programme
from zhenxue.training.operations import amendments, roster


def lay_examples() -> dict[str, list[str]]:
    """Unfinished work in the demo city, so that every kind of page has an example; addresses by role."""
    now, manager = clock.now(), actor("provider")
    running = Cohort.objects.get(title="养老护理员晨光三班")
    version = catalogue.begin_version(
        actor=manager, course_id=Course.objects.get(organisation_id=manager.organisation_id).pk, now=now
    )
    test = Unit.objects.get(chapter__version=version, kind="self_test")
    empty = catalogue.add_chapter(actor=manager, version_id=version.pk, title="还没有单元的一章")
    programme = Programme.objects.get(organisation_id=manager.organisation_id)
    copy = training.copy_programme(actor=manager, programme_id=programme.pk, now=now)
    today = clock.civil_day(now)
    cohort = training.create_cohort(
        actor=manager,
        programme_id=programme.pk,
        title="养老护理员草稿班",
        starts_on=today + dt.timedelta(days=30),
        ends_on=today + dt.timedelta(days=50),
        capacity=20,
        venue="实训楼",
        assessment_plan="线上理论考核一次，60 分合格。",
        head_teacher_id=None,
        now=now,
    )
    lesson = PlanLine.objects.filter(cohort=cohort, mode="offline").order_by("position")[0]
    part = training.split_lesson(actor=manager, cohort_id=cohort.pk, line_id=lesson.pk, minutes=45, now=now)
    header = ["姓名", "公民身份号码", "手机号码", "电子社保卡号", "人员类别"]
    rows = [["学员好行", "371502199001019009", "19900001001", "", "失业人员"], ["学员坏行", "123", "", "", ""]]
    data = sheets.write_xlsx("名册", header, rows)
    checked = roster.upload_roster(actor=manager, cohort_id=cohort.pk, data=data, file_name="名册.xlsx", now=now)
    later = running.ends_on + dt.timedelta(days=3)
    asked = amendments.file_end_date_change(
        actor=manager, cohort_id=running.pk, ends_on=later, reason="教师外出培训，顺延三天。", now=now
    )
    mark = Attendance.objects.filter(line__cohort=running).order_by("pk")[0]
    listed, _ = training.add_learner(
        actor=manager,
        cohort_id=cohort.pk,
        name="学员待定",
        citizen_number=people.citizen_number(450),
        phone=people.phone(450),
        target_group=cohort.programme.target_groups[0],
        now=now,
    )
    sat = lay_exams(running, now)
    corrections = lay_corrections(running, now)
    shown = lay_identity(running, now)
    strange = lay_integrity(running, now)
    question = catalogue.QuestionDraft(QuestionKind.TRUE_FALSE, "协助翻身前要先告诉老人。", (), ("对",), "")
    prompt = catalogue.save_prompt(actor=manager, unit_id=test.pk, at_seconds=30, draft=question)
    keeping = {"cohort_id": running.pk, "enrolment_id": None, "reason": "来函第 7 号：保全全班学习记录"}
    hold = ledger.set_hold(actor=actor("admin"), **keeping, now=now)
    witness = evidence.add_witness(
        vkey=str(WitnessKey.of(witness_signer())),
        url="http://127.0.0.1:9",
        organisation="聊城市人力资源和社会保障局",
        actor=actor("admin"),
        now=now,
    )
    return {
        "provider_manager": [
            f"/courses/units/{test.pk}/questions/",
            f"/courses/chapters/{empty.pk}/delete/",
            f"/courses/versions/{version.pk}/edit/",
            f"/programmes/{copy.pk}/",
            f"/cohorts/{cohort.pk}/plan/edit/",
            f"/cohorts/{cohort.pk}/plan/{part.pk}/join/",
            f"/cohorts/imports/{checked.pk}/",
            f"/cohorts/{cohort.pk}/check/",
            f"/lessons/{mark.line_id}/attendance/{mark.pk}/",
            f"/cohorts/enrolments/{listed.pk}/remove/",
            *corrections["provider_manager"],
            f"/courses/units/{test.pk}/prompts/{prompt.pk}/edit/",
            f"/courses/units/{test.pk}/prompts/{prompt.pk}/delete/",
            *shown["provider_manager"],
            *strange["provider_manager"],
            *sat["provider_manager"],
        ],
        "teacher": sat["teacher"],
        "learner": [*corrections["learner"], *strange["learner"]],
        "bureau_officer": [f"/filings/amendments/{asked.pk}/", *strange["bureau_officer"]],
        "operator_admin": [
            f"/progress/holds/{hold.pk}/release/",
            f"/supervision/log/witnesses/{witness.pk}/move/",
            f"/supervision/log/witnesses/{witness.pk}/retire/",
            *shown["operator_admin"],
        ],
    }
