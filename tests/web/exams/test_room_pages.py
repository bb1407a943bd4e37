"""Pages of the room: the invigilator's roster and acts, what a page tells, compared attempts, figures of questions."""

import io
import json
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from openpyxl import load_workbook

from tests.factories.exams import SITTING, Sitting, make_exam, questions_of, sit, start
from tests.factories.exams_rooms import close
from tests.factories.identity import client_for, make_bureau, make_provider, make_teacher
from zhenxue.evidence.models import Entry
from zhenxue.exams.models import Attempt, Comparison, ComparisonRun, ConductEvent, QuestionBank, RoomMessage
from zhenxue.exams.operations import statistics
from zhenxue.integrity.models import Signal
from zhenxue.kernel import clock

pytestmark = pytest.mark.django_db
JSON = {"accept": "application/json"}


@pytest.fixture(autouse=True)
def now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: SITTING)


def told(client: Client, page: str, *events: dict[str, Any], seen: int = 0) -> int:
    body = json.dumps({"events": list(events), "seen": seen})
    return client.post(f"{page}conduct/", body, content_type="application/json", headers=JSON).status_code


def begin(sitting: Sitting, learner: int = 0) -> tuple[Client, str]:
    client = client_for(sitting.learners[learner])
    return client, client.post(f"/exams/{sitting.exam.pk}/start/").headers["Location"]


def test_the_invigilator_sees_who_is_in_and_what_their_pages_tell() -> None:
    sitting = make_exam(learners=3)
    client, page = begin(sitting)
    assert told(client, page, {"kind": "left", "sequence": 1, "lasted_ms": 65_000}) == 200
    assert client.get(f"{page}conduct/").status_code == 409  # afterwards
    for wrong in (b"[1]", b"{", b'{"events": [{"kind": "left"}]}', b'{"events": [{"kind": "left", "sequence": 1.5}]}'):
        assert client.post(f"{page}conduct/", wrong, content_type="application/json").status_code == 422
    assert told(client_for(sitting.learners[1]), page) == 403
    room = f"/exams/{sitting.exam.pk}/room/"
    assert client_for(make_teacher(sitting.manager.organisation_id)).get(room).status_code == 404  # of other classes
    teacher = client_for(sitting.manager)
    shown = teacher.get(room).content.decode()
    name = sitting.enrolments[0].person.name
    assert f">{name}</a>" in shown
    assert "离开页面 1 次" in shown
    assert 'hx-trigger="every 5s"' in shown
    part = teacher.get(room, {"place": "absent"}, headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in part
    assert name not in part
    assert sitting.enrolments[1].person.name in part
    assert client_for(sitting.learners[0]).get(room).status_code == 403
    assert client_for(make_provider()).get(room).status_code == 404
    officer = client_for(sitting.running.bureau)
    assert officer.get(room).status_code == 200
    assert officer.post(f"{room}message/", {"text": "好"}).status_code == 403
    assert client_for(make_bureau("371521")).get(room).status_code == 404


def test_the_room_takes_few_queries_however_many_sit() -> None:
    sitting = make_exam(learners=4)
    teacher, counts = client_for(sitting.manager), []
    for several in (2, 4):
        for learner in sitting.learners[:several]:
            attempt = start(sitting, learner)
            ConductEvent.objects.create(attempt=attempt, kind="left", at=SITTING)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            teacher.get(f"/exams/{sitting.exam.pk}/room/")
        counts.append(len(queries))
    assert counts[0] == counts[1] < 40


def test_acts_of_the_invigilator_reach_the_learner_and_ask_for_reasons() -> None:
    sitting = make_exam()
    client, page = begin(sitting)
    attempt = Attempt.objects.get()
    seat, staff = f"/exams/attempts/{attempt.pk}/room/", client_for(sitting.manager)
    assert staff.get(seat).status_code == 200
    assert staff.post(f"/exams/{sitting.exam.pk}/room/message/", {"text": "还有十分钟"}).status_code == 302
    said = client.get(f"{page}state/").json()["messages"]
    assert [one["text"] for one in said] == ["还有十分钟"]
    assert "还有十分钟" in client.get(page).content.decode()
    assert told(client, page, seen=said[0]["number"]) == 200
    for act, wrong in (("extend", {"minutes": "500", "reason": "停电"}), ("end", {}), ("release", {"reason": ""})):
        assert staff.post(f"{seat}{act}/", wrong).status_code == 422
    assert staff.post(f"{seat}nonsense/", {"reason": "试"}).status_code == 404
    assert client.post(f"{seat}end/", {"reason": "试"}).status_code == 403
    deadline = attempt.deadline_at
    for act, values in (
        ("message", {"text": "请坐正"}),
        ("extend", {"minutes": "5", "reason": "停电"}),
        ("note", {"reason": "看了旁边的卷子"}),
        ("check", {"reason": "看不到脸"}),
        ("end", {"reason": "代答"}),
    ):
        assert staff.post(f"{seat}{act}/", values).status_code == 302, act
    attempt.refresh_from_db()
    assert (attempt.state, attempt.deadline_at > deadline, attempt.ends_reason) == ("marked", True, "代答")
    assert (RoomMessage.objects.count(), Signal.objects.count()) == (2, 1)
    record = client.get(f"{page}conduct/").content.decode()
    assert "请坐正" in record
    assert "延长时间" in record
    assert "代答" in client.get(f"{page}result/").content.decode()


def test_a_second_device_goes_on_after_the_release() -> None:
    sitting = make_exam()
    _, page = begin(sitting)
    attempt = Attempt.objects.get()
    new = client_for(sitting.learners[0])
    assert "联系监考老师放行" in new.get(page).content.decode()
    assert new.post(f"{page}move/", headers=JSON).json()["code"] == "exams.not_released"
    staff = client_for(sitting.manager)
    assert "有另一台设备请求进入" in staff.get(f"/exams/{sitting.exam.pk}/room/").content.decode()
    staff.post(f"/exams/attempts/{attempt.pk}/room/release/", {"reason": "手机没电"})
    assert "已经放行" in new.get(page).content.decode()
    assert new.post(f"{page}move/").headers["Location"] == page
    assert new.get(page).status_code == 200


def test_compared_attempts_are_shown_side_by_side_to_staff_alone() -> None:
    sitting = make_exam()
    wrong = [["A"], ["A"], ["A"], ["A"], ["错"], ["错"]]
    first, second = (sit(sitting, learner, answers=wrong) for learner in sitting.learners)
    exam = close(sitting)
    listing, staff = f"/exams/{exam.pk}/comparison/", client_for(sitting.manager)
    assert "还没有比对" in staff.get(listing).content.decode()
    run = ComparisonRun.objects.create(exam=exam, state="running", percent=40)
    assert "正在比对" in staff.get(listing).content.decode()
    facts = {"level_percent": "2.0", "runs": 200, "false_alarms": 1}
    ComparisonRun.objects.filter(pk=run.pk).update(state="done", attempts=2, pairs=1, found=1, facts=facts)
    pair = Comparison.objects.create(
        exam=exam,
        first=first,
        second=second,
        same_wrong=6,
        common=6,
        probability=1e-7,
        facts={"by": ["answers"], "expected": "0.80", "times_probability": 1.0, "times": 0},
        computed_at=SITTING,
    )
    shown = staff.get(listing).content.decode()
    assert "其中 <strong>1</strong> 场出现误报" in shown
    page = f"/exams/comparison/{pair.pk}/"
    beside = staff.get(page).content.decode()
    assert beside.split("逐题对照", 1)[1].count("相同错答</span>") == 6
    assert "约 1,000 万分之一" in beside
    assert staff.post(f"{page}refer/", {"reason": ""}).status_code == 422
    assert staff.post(f"{page}refer/", {"reason": "像是照抄"}).status_code == 302
    assert "已交由核查" in staff.get(page).content.decode()
    assert Entry.objects.filter(kind="exams.pair_referred").count() == 2
    assert client_for(sitting.running.bureau).get(page).status_code == 200
    assert client_for(make_provider()).get(page).status_code == 404
    assert client_for(sitting.learners[0]).get(page).status_code == 403
    assert staff.post(f"{listing}again/").status_code == 302
    assert ComparisonRun.objects.get().state == "waiting"


def test_figures_of_questions_are_listed_shown_and_exported() -> None:
    sitting = make_exam()
    for learner in sitting.learners:
        sit(sitting, learner)
    exam, bank = close(sitting), QuestionBank.objects.get()
    staff, listing = client_for(sitting.manager), f"/banks/{bank.pk}/statistics/"
    assert "还没有统计" in staff.get(listing).content.decode()
    statistics.count_questions(organisation_id=exam.cohort.organisation_id, now=SITTING)
    with CaptureQueriesContext(connection) as queries:
        shown = staff.get(listing, {"sort": "-statistics__facility"}).content.decode()
    assert len(queries) < 20
    assert "1.00" in shown
    assert "没有符合条件" in staff.get(listing, {"flag": "negative"}).content.decode()
    question = questions_of(bank)[0]
    page = staff.get(f"/banks/questions/{question.pk}/statistics/").content.decode()
    assert "2 人（正确）" in page
    sheet = load_workbook(io.BytesIO(staff.get(f"/banks/{bank.pk}/statistics.xlsx").content)).active
    assert sheet is not None
    assert sum(row[0].value == question.number and row[6].value == 2 for row in sheet.iter_rows()) == 1
    assert client_for(make_provider()).get(listing).status_code == 404
