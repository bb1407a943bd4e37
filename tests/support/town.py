"""What end-to-end sites are filled with: organisations and accounts, a short real video, a paper, or the whole demo.

The functions ``lay_…`` run inside a ``zhenxue`` process on the site's own data (see ``lay``), through the operations of
the apps; they give plain JSON.
"""

import datetime as dt
import json
import subprocess
import time
from pathlib import Path
from typing import Any
from unittest.mock import patch
from urllib.parse import urlencode

import imageio_ffmpeg

from tests.support.site import Site

ROOT = Path(__file__).resolve().parents[2]
PASSWORD = "Denglu-2026-ceshi"
OCCUPATION = "4-10-01-05"
RIGHT_ANSWERS = ("B", "ACD", "对")
QUESTIONS = """题型,题干,选项A,选项B,选项C,选项D,答案,解析,分值
单选题,给卧床老人喂饭时用哪种体位？,平卧，头后仰,半卧位，头稍前倾,俯卧位,头低脚高位,B,半卧或坐位可以减少呛咳。,2
多选题,下列哪些时候要洗手？,接触老人之前,走过走廊时,接触分泌物之后,离开老人周围环境之后,ACD,五个洗手时刻。,2
判断题,老人呛咳时应当马上停止喂食。,,,,,对,先停下，再观察。,2
"""


def lay(site: Site, what: str, **values: Any) -> Any:
    """Run one of the functions below inside the site's data; gives what it returned."""
    code = (
        f"import json, sys; sys.path.insert(0, {str(ROOT)!r}); from tests.support import town; "
        f"print('LAID ' + json.dumps(town.{what}(**json.loads({json.dumps(values)!r}))))"
    )
    printed = site.python(code)
    line = next(line for line in reversed(printed.splitlines()) if line.startswith("LAID "))
    return json.loads(line.removeprefix("LAID "))


def make_video(target: Path, *, seconds: int) -> Path:
    """A small MP4 whose picture changes with every frame, with a tone; a few hundred kilobytes."""
    picture = f"-f lavfi -i testsrc2=s=640x360:r=15:d={seconds} -f lavfi -i sine=frequency=440:duration={seconds}"
    shape = "-c:v libx264 -preset ultrafast -pix_fmt yuv420p -g 30 -c:a aac -b:a 64k -shortest -movflags +faststart"
    words = f"-hide_banner -loglevel error -y {picture} {shape}".split()
    made = subprocess.run([imageio_ffmpeg.get_ffmpeg_exe(), *words, str(target)], capture_output=True, text=True)
    if made.returncode:
        raise RuntimeError(made.stderr)
    return target


def lay_city() -> dict[str, Any]:
    """Organisations, bureaus and accounts of the demo, a subsidy policy, and a settled paper of three questions."""
    from zhenxue.config.demo.city import build_city
    from zhenxue.config.demo.subsidies import build_policy
    from zhenxue.exams import api as exams
    from zhenxue.kernel import clock

    now = clock.now()
    city = build_city(PASSWORD, now)
    build_policy(city.city_bureau, clock.civil_day(now), now)
    bank = exams.create_bank(actor=city.provider, title="养老护理题库", now=now)
    source = QUESTIONS.encode()
    questions = exams.import_questions(actor=city.provider, bank=bank, source=source, file_name="题目.csv", now=now)
    paper = exams.create_paper(
        actor=city.provider, title="养老护理阶段卷", lines=[(one.pk, None) for one in questions], now=now
    )
    exams.finish_paper(actor=city.provider, paper=paper, now=now)
    return {"region": city.provider.region_code}


def lay_course(material_title: str) -> dict[str, Any]:
    """A published course of the provider: the video that was uploaded under this title, a text, and a self-test."""
    from zhenxue.catalogue import api as catalogue
    from zhenxue.catalogue.data import CourseFacts, QuestionKind, UnitDraft
    from zhenxue.catalogue.models import Material
    from zhenxue.kernel import clock

    now = clock.now()
    author, reviewer = _actor("provider"), _actor("reviewer")
    facts = CourseFacts(
        title="养老护理入门",
        domain="skill",
        occupation_code=OCCUPATION,
        target_groups=("rural", "unemployed"),
        prerequisites="会用手机看视频。",
        introduction="喂饭、洗手和观察。",
        features="看一段，读一页，测一次。",
        organisation_form="线上自学，线下实操。",
    )
    version = catalogue.create_course(actor=author, facts=facts, now=now)
    chapter = version.chapters.get()
    video = Material.objects.get(title=material_title)
    drafts = [
        UnitDraft("video", "喂饭的体位", material_id=video.pk),
        UnitDraft("text", "什么时候洗手", minutes=1, body="## 五个时刻\n\n- 接触老人之前\n- 接触分泌物之后"),
        UnitDraft("self_test", "学会了吗", minutes=1, pass_percent=60),
    ]
    for draft in drafts:
        unit = catalogue.add_unit(actor=author, chapter_id=chapter.pk, draft=draft, now=now)
    question = catalogue.QuestionDraft(QuestionKind.TRUE_FALSE, "喂饭时老人应平卧。", (), ("错",), "应半卧或坐起。")
    catalogue.import_questions(actor=author, unit_id=unit.pk, drafts=[question])
    catalogue.submit_version(actor=author, version_id=version.pk, now=now)
    catalogue.publish_version(actor=reviewer, version_id=version.pk, note="内容完整。", now=now)
    return {"version": version.pk}


def lay_demo(part_seconds: int = 4) -> dict[str, Any]:
    """The demo as ``zhenxue demo`` makes it, with short videos; gives the accounts by what they are for."""
    from zhenxue.config.demo.build import build
    from zhenxue.kernel import clock

    city = build(password=PASSWORD, now=clock.now(), say=lambda words: None, seconds_each=part_seconds)
    return {f"{one.role} {one.where}": one.username for one in city.shown} | _open_accounts(city.admin)


def lay_class(video_seconds: int, rules: list[dict[str, int]]) -> dict[str, Any]:
    """One course of a video and a document of two pages with a test below it, and a running cohort of two learners for
    each set of rule values; gives the learners' usernames (their password is the factories') and the units."""
    from tests.factories import catalogue as courses
    from tests.factories import training as cohorts
    from tests.factories.identity import make_provider
    from zhenxue.catalogue.data import UnitDraft
    from zhenxue.catalogue.models import Unit
    from zhenxue.identity import api as identity
    from zhenxue.identity.data import Rules
    from zhenxue.kernel import clock
    from zhenxue.training import api as training

    now, manager, frozen = clock.now(), make_provider(), Rules.frozen
    provider = identity.get_organisation(manager.organisation_id or 0)
    units = [
        UnitDraft("video", "看一段", material_id=courses.make_ready_video(provider, video_seconds, now=now).pk),
        UnitDraft("document", "读两页", minutes=1, material_id=courses.make_handbook_document(provider, now=now).pk),
    ]
    version = courses.make_published_version(provider, units=units, now=now)
    programme = cohorts.make_draft_programme(manager, online_minutes=0, offline=(), now=now)
    training.add_online_line(actor=manager, programme_id=programme.pk, course_version_id=version.pk, now=now)
    programme = training.make_ready(
        actor=manager, programme_id=programme.pk, share_exception_reason="线上内容为主，经人社部门同意", now=now
    )
    today = clock.civil_day(now)
    learners = []
    for number, changed in enumerate(rules, 1):
        # Shorter than any rule set may say, so that a story takes seconds.
        with patch.object(Rules, "frozen", lambda rules, changed=changed: {**frozen(rules), **changed}):
            made = cohorts.make_running_cohort(
                manager,
                programme=programme,
                learners=2,
                title=f"真学{number}班",
                starts_on=today,
                ends_on=today + dt.timedelta(days=27),
                now=now,
            )
        accounts = [identity.find_account_of(actor.person_id or 0) for actor in made.learners]
        people = zip(accounts, made.enrolments, strict=True)
        learners.append([(account.username, enrolment.pk) for account, enrolment in people if account])
    return {"learners": learners, "units": [one.pk for one in Unit.objects.order_by("position", "pk")]}


def lay_examples() -> dict[str, list[str]]:
    """Unfinished work in the demo city, so that every kind of page has an example; addresses by role."""
    from tests.factories.witnesses import witness_signer
    from zhenxue.catalogue import api as catalogue
    from zhenxue.catalogue.data import QuestionKind
    from zhenxue.catalogue.models import Course, Unit
    from zhenxue.config.demo import people
    from zhenxue.evidence import api as evidence
    from zhenxue.exams.data import ExamFacts
    from zhenxue.exams.models import Paper
    from zhenxue.exams.operations import banks, exams, importing
    from zhenxue.kernel import clock, sheets
    from zhenxue.ledger import api as ledger
    from zhenxue.tlog.cosignatures import WitnessKey
    from zhenxue.training import api as training
    from zhenxue.training.models import Attendance, Cohort, PlanLine, Programme
    from zhenxue.training.operations import amendments, roster

    now, manager = clock.now(), _actor("provider")
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
    facts = ExamFacts(
        title="第 2 阶段考核",
        stage_number=2,
        paper_id=Paper.objects.get(organisation_id=manager.organisation_id).pk,
        opens_at=now,
        closes_at=now + dt.timedelta(days=3),
        duration_minutes=60,
    )
    exam = exams.create_exam(actor=manager, cohort=running, facts=facts, now=now)
    bank = banks.create_bank(actor=manager, title="新题库", now=now)
    source = (QUESTIONS + "单选题,没有答案的题,甲,乙,,,,,1\n").encode()
    preview = importing.preview_import(actor=manager, bank=bank, source=source, file_name="题目.csv", now=now)
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
    corrections = _lay_corrections(running, now)
    shown = _lay_identity(running, now)
    strange = _lay_integrity(running, now)
    question = catalogue.QuestionDraft(QuestionKind.TRUE_FALSE, "协助翻身前要先告诉老人。", (), ("对",), "")
    prompt = catalogue.save_prompt(actor=manager, unit_id=test.pk, at_seconds=30, draft=question)
    keeping = {"cohort_id": running.pk, "enrolment_id": None, "reason": "来函第 7 号：保全全班学习记录"}
    hold = ledger.set_hold(actor=_actor("admin"), **keeping, now=now)
    witness = evidence.add_witness(
        vkey=str(WitnessKey.of(witness_signer())),
        url="http://127.0.0.1:9",
        organisation="聊城市人力资源和社会保障局",
        actor=_actor("admin"),
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
            f"/exams/{exam.pk}/",
            f"/banks/{bank.pk}/import/{preview.pk}/",
            f"/banks/{bank.pk}/export/",
            f"/lessons/{mark.line_id}/attendance/{mark.pk}/",
            f"/cohorts/enrolments/{listed.pk}/remove/",
            *corrections["provider_manager"],
            f"/courses/units/{test.pk}/prompts/{prompt.pk}/edit/",
            f"/courses/units/{test.pk}/prompts/{prompt.pk}/delete/",
            *shown["provider_manager"],
            *strange["provider_manager"],
            *_lay_rooms(manager, now),
        ],
        "learner": [*corrections["learner"], *strange["learner"]],
        "bureau_officer": [f"/filings/amendments/{asked.pk}/", *strange["bureau_officer"]],
        "operator_admin": [
            f"/progress/holds/{hold.pk}/release/",
            f"/supervision/log/witnesses/{witness.pk}/move/",
            f"/supervision/log/witnesses/{witness.pk}/retire/",
            *shown["operator_admin"],
        ],
    }


def _lay_rooms(manager: Any, now: dt.datetime) -> list[str]:
    """Two attempts that were compared, and figures of the questions they held."""
    from zhenxue.exams.models import Attempt, Comparison, QuestionStatistics
    from zhenxue.exams.operations import statistics

    statistics.count_questions(organisation_id=manager.organisation_id, now=now)
    sat = Attempt.objects.filter(exam__cohort__organisation=manager.organisation_id, state="marked")
    first, second = sat.order_by("exam", "pk")[:2]
    _settle_comparison(first.exam_id, now)
    pair = Comparison.objects.create(
        exam_id=first.exam_id,
        first=first,
        second=second,
        same_wrong=7,
        common=40,
        probability=2e-7,
        facts={"by": ["answers"], "expected": "1.20", "times": 0, "correlation": "0.10", "times_probability": 1.0},
        computed_at=now,
    )
    counted = QuestionStatistics.objects.order_by("pk")[0]
    pages = (f"exams/{first.exam_id}/room", f"exams/{first.exam_id}/comparison", f"exams/comparison/{pair.pk}")
    seat = (f"exams/attempts/{first.pk}/room", f"exams/attempts/{first.pk}/conduct")
    return [f"/{page}/" for page in (*pages, *seat, f"banks/questions/{counted.question_id}/statistics")]


def _settle_comparison(exam_id: int, now: dt.datetime) -> None:
    """The worker of the city has compared this exam, or will not any more: what is laid here stays."""
    from zhenxue.exams.data import BatchState
    from zhenxue.exams.models import ComparisonRun

    run, _ = ComparisonRun.objects.get_or_create(exam_id=exam_id)
    end = time.monotonic() + 120
    while run.state == BatchState.RUNNING and time.monotonic() < end:
        time.sleep(0.2)
        run.refresh_from_db()
    ComparisonRun.objects.filter(pk=run.pk).update(state=BatchState.DONE, percent=100, started_at=now)


def _lay_integrity(running: Any, now: dt.datetime) -> dict[str, list[str]]:
    """An incident at each step, a check that somebody has to make up, and an officer's command."""
    from zhenxue.integrity import api as integrity
    from zhenxue.integrity.data import CheckCause, RulingKind
    from zhenxue.integrity.models import Incident
    from zhenxue.integrity.operations import incidents
    from zhenxue.training.models import Enrolment

    manager, reviewer, county = _actor("provider"), _actor("reviewer"), _actor("county371502")
    enrolments = list(Enrolment.objects.filter(cohort=running).select_related("person").order_by("pk")[:4])
    cases = []
    for one in enrolments:
        integrity.note_signal(
            person_id=one.person_id,
            enrolment_id=one.pk,
            kind="other_face",
            context="study:1",
            facts={"check": one.pk},
            once_key=f"shown:{one.pk}",
            now=now,
        )
        cases.append(Incident.objects.get(enrolment=one).pk)
    said = {"text": "当天机房统一开机，请核对监控录像。", "now": now}
    for case in cases[:3]:
        incidents.explain(actor=manager, incident_id=case, **said)
    told = {"kind": RulingKind.WARN, "reason": "已当面提醒学员本人，请按时完成核验。", "now": now}
    for case in cases[:2]:
        incidents.rule(actor=reviewer, incident_id=case, **told)
    incidents.appeal(
        actor=_actor_of(enrolments[1]), incident_id=cases[1], text="那天光线太暗，不是别人。请再看一次照片。", now=now
    )
    asked = integrity.ask(
        person_id=enrolments[0].person_id,
        enrolment_id=enrolments[0].pk,
        context="study:0",
        cause=CheckCause.HOURLY,
        facts={},
        proof_at=now - dt.timedelta(minutes=30),
        now=now - dt.timedelta(minutes=5),
    )
    command = integrity.command(
        actor=county, cohort_id=running.pk, enrolment_id=None, reason="例行抽查：看看系统是否正常", now=now
    )
    return {
        "provider_manager": [f"/incidents/{cases[3]}/explain/"],
        "learner": [f"/incidents/mine/{cases[0]}/appeal/", f"/presence/checks/{asked.pk}/"],
        "bureau_officer": [
            f"/incidents/{cases[2]}/rule/",
            f"/incidents/{cases[1]}/decide/",
            f"/presence/command/{command.pk}/",
        ],
    }


def _lay_identity(running: Any, now: dt.datetime) -> dict[str, list[str]]:
    """A paper of the provider that waits, and a learner of the cohort who asks for a look at the card."""
    from tests.support import cards as drawn
    from zhenxue.identity import api as identity
    from zhenxue.identity.data import CardFacts, ConsentPurpose, DocumentKind
    from zhenxue.identity.operations import cards, documents, verifying
    from zhenxue.training.models import Enrolment

    manager = _actor("provider")
    fields = documents.DocumentFields(DocumentKind.SCHOOL, "样本 001 号", "", None, now.date() + dt.timedelta(days=20))
    organisation_id = manager.organisation_id or 0
    documents.add_document(
        actor=manager,
        organisation_id=organisation_id,
        fields=fields,
        file_name="办学许可证.pdf",
        content=b"%PDF-1.7 specimen",
        now=now,
    )
    enrolment = Enrolment.objects.filter(cohort=running).order_by("-pk")[0]
    learner, person = _actor_of(enrolment), enrolment.person
    purpose = ConsentPurpose.DOCUMENTS
    version = identity.consent_text(purpose).version
    identity.give_consent(actor=learner, person_id=person.pk, purpose=purpose, version=version, now=now)
    number = person.citizen_number
    front = drawn.front(person.name, number)
    cards.send_card(actor=learner, person_id=person.pk, front=front, back=drawn.back(), now=now)
    facts = CardFacts(person.name, number, "山东省聊城市样本路1号", "聊城市公安局样本分局", "2020-01-15", "2040-01-15")
    cards.confirm_card(actor=learner, person_id=person.pk, facts=facts, now=now)
    asked = verifying.ask_review(actor=learner, person_id=person.pk, method="review", note="照片有点反光", now=now)
    return {
        "provider_manager": [
            f"/organisations/{organisation_id}/documents/",
            f"/organisations/{organisation_id}/documents/new/",
            f"/verify/reviews/{asked.pk}/",
        ],
        "operator_admin": [f"/organisations/{organisation_id}/documents/", f"/verify/reviews/{asked.pk}/"],
    }


def _lay_corrections(running: Any, now: dt.datetime) -> dict[str, list[str]]:
    """A power cut in a cohort of the demo on the day of its learning, and all that was asked for since: a learner's
    request, a batch of the manager, hours that the county takes back, a mark that the teacher corrects.

    Gives addresses by role.
    """
    from zhenxue.ledger import api as ledger
    from zhenxue.ledger.data import Claim, CorrectionKind, Reason, Window
    from zhenxue.training import api as training
    from zhenxue.training.data import AttendanceState
    from zhenxue.training.models import Attendance, Enrolment
    from zhenxue.training.operations import attendance_corrections

    units = [one.unit for one in training.plan_units(running.pk)]
    read = next(one for one in units if one.kind == "document")
    enrolments = list(Enrolment.objects.filter(cohort=running).order_by("pk"))
    shown = enrolments[0]
    day = running.starts_on + dt.timedelta(days=2)
    since = dt.datetime.combine(day, dt.time(20), dt.timezone(dt.timedelta(hours=8)))
    until = since + dt.timedelta(minutes=2)
    for one in enrolments:
        claim = Claim(0, 0, since, until, Reason.GAP)
        ledger.credit(enrolment_id=one.pk, unit_id=read.pk, claims=[claim], source="study:1", now=now)
    ledger.request_make_up(
        actor=_actor_of(shown),
        enrolment_id=shown.pk,
        unit_id=read.pk,
        began_at=since,
        ended_at=until,
        seconds=90,
        reason="晚上八点教室停电，页面开着。",
        now=now,
    )
    batch = ledger.propose_batch(
        actor=_actor("provider"),
        cohort_id=running.pk,
        window=Window(unit_id=read.pk, first_day=day, last_day=day),
        chosen=[(enrolments[index].pk, day) for index in (1, 2, 5)],
        reason="晚上八点教室停电两分钟，全班受影响。",
        leave_out=True,
        now=now,
    )
    evening = (since - dt.timedelta(hours=1), since)
    withdrawal = ledger.propose_correction(
        actor=_actor("county371502"),
        kind=CorrectionKind.WITHDRAW,
        enrolment_id=shown.pk,
        unit_id=units[0].pk,
        began_at=evening[0],
        ended_at=evening[1],
        reason="抽查发现这段时间由他人代学。",
        now=now,
    )
    present = Attendance.objects.filter(line__cohort=running, state=AttendanceState.PRESENT)
    mark = present.select_related("line").order_by("-pk")[0]
    marked = attendance_corrections.propose_attendance_correction(
        actor=_actor("teacher"),
        attendance_id=mark.pk,
        state=AttendanceState.LATE,
        reason="签到表上写的是 14:20 到。",
        now=(mark.line.ends_at or now) + dt.timedelta(hours=1),
    )
    stretch = urlencode({"unit": units[0].pk, "from": evening[0].isoformat(), "until": evening[1].isoformat()})
    picked = urlencode({"unit": read.pk, "first_day": day.isoformat()})
    own_day = f"/progress/{shown.pk}/{day.isoformat()}/"
    return {
        "learner": [own_day],
        "provider_manager": [
            own_day,
            f"/progress/{enrolments[2].pk}/withdraw/?{stretch}",
            f"/progress/cohorts/{running.pk}/make-up/?{picked}",
            f"/progress/corrections/batches/{batch.pk}/",
            f"/progress/corrections/{withdrawal.pk}/",
            f"/lessons/corrections/{marked.pk}/",
        ],
    }


def _open_accounts(admin: Any) -> dict[str, str]:
    """Gives the last learner of the running cohort, who has not begun to study, a known password."""
    from zhenxue.identity import api as identity
    from zhenxue.kernel import clock
    from zhenxue.training.models import Enrolment

    enrolment = Enrolment.objects.filter(cohort__title="养老护理员晨光三班").order_by("pk").last()
    account = identity.find_account_of(enrolment.person_id) if enrolment else None
    if account is None:
        raise RuntimeError("the demo has no such learner")
    now = clock.now()
    account, first = identity.reset_password(actor=admin, account_id=account.pk, now=now)
    identity.change_password(account=account, session_id=None, old=first, new=PASSWORD, now=now)
    return {"学员：还没开始": account.username}


def _actor(username: str) -> Any:
    from zhenxue.identity import api as identity
    from zhenxue.identity.models import Account

    account = Account.objects.get(username=username)
    return identity.actor_of(identity.list_memberships(account.pk)[0])


def _actor_of(enrolment: Any) -> Any:
    from zhenxue.identity import api as identity

    account = identity.find_account_of(enrolment.person_id)
    if account is None:
        raise RuntimeError("the learner has no account")
    return _actor(account.username)


def lay_unverified(people: list[list[str]]) -> dict[str, str]:
    """Learners (name, citizen number, phone) with accounts, and an administrator ``admin``; usernames by name."""
    from zhenxue.config.demo.city import build_city
    from zhenxue.identity import api as identity
    from zhenxue.identity.data import SYSTEM, Role
    from zhenxue.kernel import clock

    now = clock.now()
    build_city(PASSWORD, now)
    found = {}
    for number, (name, citizen_number, phone) in enumerate(people):
        person = identity.register_person(actor=SYSTEM, name=name, citizen_number=citizen_number, phone=phone, now=now)
        account, first = identity.open_account(
            actor=SYSTEM, person=person, username=f"xueyuan{number}", role=Role.LEARNER, organisation=None, now=now
        )
        identity.change_password(account=account, session_id=None, old=first, new=PASSWORD, now=now)
        found[name] = account.username
    return found
