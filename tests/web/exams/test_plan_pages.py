"""The pages around planning: blueprints, parts and print of a paper, rules of an exam, single allowances, make-ups."""

import datetime as dt
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.factories.exams import (
    CLOSES,
    OPENS,
    SITTING,
    Sitting,
    make_draft_paper,
    make_exam,
    make_paper,
    sit,
)
from tests.factories.exams_plans import make_blueprint, make_draft_blueprint, make_graded_bank, rule
from tests.factories.identity import client_for, make_bureau, make_provider
from tests.factories.training import make_running_cohort
from tests.support.clocks import Time
from zhenxue.exams.models import Allowance, Attempt, Blueprint, Exam, Paper
from zhenxue.kernel import clock

pytestmark = pytest.mark.django_db

MINUTE = dt.timedelta(minutes=1)


def typed(moment: dt.datetime) -> str:
    return moment.astimezone(clock.CIVIL_ZONE).strftime("%Y-%m-%dT%H:%M")


def page(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, address
    return answer.content.decode()


def test_a_teacher_builds_a_blueprint_sees_what_is_missing_and_finishes_it(time: Time) -> None:
    manager = make_provider()
    bank = make_graded_bank(manager)
    client = client_for(manager)
    assert "还没有组卷方案" in page(client, "/banks/blueprints/")
    settings = {"title": "结业方案", "multiple_rule": "all", "tolerance": "0.3", "difficulty": "9"}
    assert client.post("/banks/blueprints/new/", settings).status_code == 422
    made = client.post("/banks/blueprints/new/", {**settings, "difficulty": ""})
    here = made.headers["Location"]
    assert "还没有规则" in page(client, here)
    line = {"part": "理论", "bank": bank.pk, "kind": "single", "point": "", "lowest": 1, "highest": 5, "score": "2"}
    count = "/banks/blueprints/count/"
    assert '符合条件 <b class="num">20</b> 题' in client.get(count, {**line, "count": 5}).content.decode()
    assert "不够抽 30 题" in client.get(count, {**line, "count": 30}).content.decode()
    assert "选好题库" in client.get(count, {"bank": "x"}).content.decode()
    foreign = make_graded_bank(make_provider(), title="别家题库", levels=(1,))
    assert client.post(f"{here}rules/add/", {**line, "bank": foreign.pk, "count": 5}).status_code == 422
    client.post(f"{here}rules/add/", {**line, "count": 30})
    text = page(client, here)
    assert "要抽 30 题，题库中只有 20 题" in text
    assert client.post(f"{here}finish/").status_code == 422
    client.post(f"{here}rules/1/", {**line, "count": 4})
    client.post(f"{here}rules/add/", {**line, "part": "实务", "count": 2})
    client.post(f"{here}rules/2/up/")
    client.post(f"{here}rules/1/down/")
    assert client.post(f"{here}rules/1/nonsense/").status_code == 404
    assert "试抽三份" in page(client, here)
    assert "第 3 份" in page(client, f"{here}samples/")
    client.post(f"{here}edit/", {**settings, "difficulty": "3", "title": "新名"})
    assert client.post(f"{here}finish/", follow=True).status_code == 200
    final = Blueprint.objects.get()
    assert (final.title, final.questions, final.state) == ("新名", 6, "final")
    assert client.post(f"{here}rules/1/remove/").status_code == 409
    assert "第 3 份" in page(client, f"{here}samples/")
    copied = client.post(f"{here}copy/").headers["Location"]
    client.post(f"{copied}rules/1/remove/")
    assert Blueprint.objects.exclude(pk=final.pk).get().questions == 2
    client.post(f"{here}retire/")
    assert "已停用" in page(client, "/banks/blueprints/")
    bureau = client_for(make_bureau("37"))
    assert "新名" in page(bureau, here)
    assert bureau.post(f"{here}copy/").status_code == 403
    assert client_for(make_provider()).get(here).status_code == 404


def test_the_page_of_a_blueprint_takes_few_queries_however_many_questions(time: Time) -> None:
    manager = make_provider()
    bank = make_graded_bank(manager, levels=(1, 2, 3, 4, 5) * 10)
    blueprint = make_draft_blueprint(
        manager, bank=bank, rules=[rule(bank, lowest=level, highest=level, count=4) for level in (1, 2, 3, 4, 5)]
    )
    client = client_for(manager)
    page(client, f"/banks/blueprints/{blueprint.pk}/")
    with CaptureQueriesContext(connection) as caught:
        page(client, f"/banks/blueprints/{blueprint.pk}/samples/")
    assert len(caught) < 20


def test_parts_of_a_paper_are_typed_with_the_scores_and_printed_with_and_without_answers(time: Time) -> None:
    manager = make_provider()
    paper = make_draft_paper(manager)
    client = client_for(manager)
    here = f"/banks/papers/{paper.pk}/"
    lines = list(paper.lines.order_by("position"))
    data = {f"part-{line.question_id}": "判断" if line.position in (1, 5, 6) else "选择" for line in lines}
    assert client.post(f"{here}scores/", data).status_code == 302
    assert [line.part for line in paper.lines.order_by("position")] == ["判断"] * 3 + ["选择"] * 3
    text = page(client, here)
    assert "没有写部分" not in text
    assert client.post(f"{here}scores/", {f"part-{lines[0].question_id}": "长" * 31}).status_code == 422
    plain, key = page(client, f"{here}print/"), page(client, f"{here}print/?answers=1")
    assert "姓名：" in plain
    assert "答案：" not in plain
    assert "答案：" in key
    assert "判断" in key
    assert client_for(make_provider()).get(f"{here}print/").status_code == 404
    assert client_for(make_running_cohort(learners=1).learners[0]).get(f"{here}print/").status_code == 403


def form_of(running: Any, paper: Paper, **changes: Any) -> dict[str, Any]:
    return {
        "cohort": running.cohort.pk,
        "kind": "stage",
        "stage_number": 1,
        "paper": paper.pk,
        "title": "第一阶段考核",
        "opens_at": typed(OPENS),
        "closes_at": typed(CLOSES),
        "duration_minutes": 60,
        "attempts_allowed": 1,
        **changes,
    }


def test_a_manager_arranges_an_exam_with_all_its_rules_in_words(time: Time) -> None:
    running = make_running_cohort(learners=1)
    paper, blueprint = make_paper(running.manager), make_blueprint(running.manager, title="抽题方案")
    client = client_for(running.manager)
    refused = client.post("/exams/new/", form_of(running, paper, part_rules="理论 60"))
    assert refused.status_code == 422
    assert "看不懂" in refused.content.decode()
    refused = client.post("/exams/new/", form_of(running, paper, part_rules="理论=60", late_minutes=99999))
    assert refused.status_code == 422
    rules = {
        "shuffles_questions": "on",
        "shuffles_options": "on",
        "late_minutes": 15,
        "stay_minutes": 30,
        "breaks_allowed": 1,
        "break_minutes": 10,
        "double_marking": "on",
        "difference_percent": 20,
        "publish_at": typed(CLOSES + dt.timedelta(days=1)),
    }
    made = client.post("/exams/new/", form_of(running, paper, **rules) | {"paper": f"b{blueprint.pk}"})
    here = made.headers["Location"]
    text = page(client, here)
    for words in (
        "抽取",
        "题目、选项顺序不同",
        "迟到超过 15 分钟",
        "开考 30 分钟以后",
        "休息 1 次",
        "相差超过 20%",
        "公布",
    ):
        assert words in text, words
    filled = page(client, f"{here}edit/")
    assert f'value="b{blueprint.pk}" selected' in filled
    client.post(f"{here}edit/", form_of(running, paper, kind="final", title="结业", attempts_allowed=2))
    exam = Exam.objects.get()
    assert (exam.kind, exam.stage_number, exam.paper_id, exam.late_minutes) == ("final", None, paper.pk, 0)
    client.post(f"{here}schedule/")
    assert "结业考试" in page(client, "/exams/?kind=final")
    assert "没有符合条件" in page(client, "/exams/?kind=chapter")
    assert "结业" in page(client, f"/exams/?cohort={running.cohort.pk}")
    learner = client_for(running.learners[0])
    entry = page(learner, f"{here}entry/")
    assert "各阶段都通过" in entry
    assert "结业考试" in page(learner, "/exams/")


def test_one_learner_gets_more_time_and_reads_it_in_plain_words(time: Time) -> None:
    sitting = make_exam(learners=2)
    client, here = client_for(sitting.manager), f"/exams/{sitting.exam.pk}/allowances/"
    assert "没有单独安排" in page(client, here)
    gift = {"enrolment": sitting.enrolments[0].pk, "extra_minutes": 30, "extra_attempts": 1, "reason": "手部受伤"}
    assert client.post(here, {**gift, "reason": ""}).status_code == 422
    assert client.post(here, {**gift, "extra_minutes": 0, "extra_attempts": 0}).status_code == 422
    assert client.post(here, gift).status_code == 302
    assert "手部受伤" in page(client, here)
    learner = client_for(sitting.learners[0])
    assert "给你延长了 30 分钟" in page(learner, "/exams/")
    assert "还可以考 3 次" in page(learner, f"/exams/{sitting.exam.pk}/entry/")
    assert "延长" not in page(client_for(sitting.learners[1]), "/exams/")
    bureau = client_for(sitting.running.bureau)
    assert "手部受伤" in page(bureau, here)
    assert bureau.post(here, gift).status_code in {403, 422}
    client.post(f"{here}{sitting.enrolments[0].pk}/end/")
    assert not Allowance.objects.exists()


def test_a_make_up_is_arranged_for_all_who_failed_at_once(time: Time) -> None:
    sitting = make_exam(learners=3, attempts=1)
    sit(sitting, sitting.learners[0])
    sit(sitting, sitting.learners[1], answers=[["A"]])
    client, here = client_for(sitting.manager), f"/exams/{sitting.exam.pk}/"
    time.now = CLOSES + MINUTE
    assert "安排补考（2 人）" in page(client, here)
    text = page(client, f"{here}make-up/")
    assert "名单（2 人）" in text
    later = {"opens_at": typed(CLOSES + 60 * MINUTE), "closes_at": typed(CLOSES + 300 * MINUTE)}
    data = {"title": "补考", "paper": sitting.exam.paper_id, "duration_minutes": 60, "publish": "on", **later}
    assert client.post(f"{here}make-up/", {**data, "closes_at": data["opens_at"]}).status_code == 422
    made = client.post(f"{here}make-up/", data).headers["Location"]
    assert "的补考，只给没有通过" in page(client, made)
    offered = ["补考</span>" in page(client_for(learner), "/exams/") for learner in sitting.learners]
    assert offered == [False, True, True]
    inbox = [page(client_for(learner), "/notices/").count("新安排：补考") for learner in sitting.learners]
    assert [bool(one) for one in inbox] == [False, True, True]


def begun(sitting: Sitting, exam: Exam) -> tuple[Client, str]:
    client = client_for(sitting.learners[0])
    answer = client.post(f"/exams/{exam.pk}/start/")
    return client, answer.headers["Location"]


def test_a_break_closes_the_paper_and_gives_the_time_back(time: Time) -> None:
    sitting = make_exam(learners=1)
    Exam.objects.filter(pk=sitting.exam.pk).update(breaks_allowed=1, break_minutes=10, stay_minutes=20)
    client, here = begun(sitting, sitting.exam)
    assert "还可以休息 1 次" in page(client, here)
    due = Attempt.objects.get().deadline_at
    client.post(f"{here}break/")
    text = page(client, here)
    assert "休息中" in text
    assert "data-question" not in text
    assert client.get(f"{here}state/").json()["paused"] is True
    refused = client.post(f"{here}answers/1/", {"given": "B"}, headers={"accept": "application/json"})
    assert (refused.status_code, refused.json()["code"]) == (409, "exams.on_break")
    time.now += 4 * MINUTE
    assert client.get(f"{here}break/end/").status_code == 405
    client.post(f"{here}break/end/")
    assert "data-question" in page(client, here)
    assert Attempt.objects.get().deadline_at == due + 4 * MINUTE
    assert client.post(f"{here}break/").status_code == 409
    assert "现在还不能交卷" in page(client, f"{here}submit/")
    assert client.post(f"{here}submit/").status_code == 409
    time.now += 20 * MINUTE
    assert client.post(f"{here}submit/").status_code == 302


def test_no_way_round_the_clock_or_the_door(time: Time) -> None:
    sitting = make_exam(learners=1)
    client = client_for(sitting.learners[0])
    address = f"/exams/{sitting.exam.pk}"
    stem = "直播第1步先做什么"
    time.now = OPENS - MINUTE  # opening a paper early
    assert stem not in page(client, f"{address}/entry/")
    assert client.get(f"{address}/start/").status_code == 405
    assert client.post(f"{address}/start/").status_code == 403
    assert not Attempt.objects.exists()
    for kind in ("paper", "blueprint"):
        assert client.get(f"/banks/{kind}s/").status_code == 403
    time.now = SITTING
    here = client.post(f"{address}/start/").headers["Location"]
    before = Attempt.objects.get()
    time.now += 30 * MINUTE  # a refresh, another start, a clock that was put back: nothing gives time
    again = client.post(f"{address}/start/", {"now": "2020-01-01", "started_at": "0"})
    assert again.headers["Location"] == here
    page(client, here)
    early = {"given": "B", "client_sequence": "1", "at": "0", "server_now": "1"}
    client.post(f"{here}answers/1/", early, headers={"date": "Thu, 01 Jan 1970 00:00:00 GMT"})
    after = Attempt.objects.get()
    assert (after.started_at, after.deadline_at, after.sheet) == (before.started_at, before.deadline_at, before.sheet)
    assert after.answers.get().saved_at == time.now
    time.now = before.deadline_at
    late = client.post(f"{here}answers/2/", {"given": "B"}, headers={"accept": "application/json"})
    assert late.status_code == 409
    assert Attempt.objects.get().answers.count() == 1
    assert client.post(f"{here}break/").status_code == 409
