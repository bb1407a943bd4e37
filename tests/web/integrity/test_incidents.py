"""Pages of incidents: who sees what, what each act asks for, and what a learner reads."""

import datetime as dt
import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.factories import identity as people
from tests.factories import incidents as make
from zhenxue.evidence import api as evidence
from zhenxue.identity.data import Role
from zhenxue.integrity.data import IncidentState, JobKind, RulingKind
from zhenxue.integrity.models import Capture, FaceJob, Incident
from zhenxue.integrity.operations.faces.files import seal_frames
from zhenxue.kernel import clock

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def the_day(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages are opened on the day on which the incident was."""
    monkeypatch.setattr(clock, "now", lambda: make.LATER + dt.timedelta(hours=1))


def page(client: Client, path: str, status: int = 200) -> str:
    answer = client.get(path)
    assert answer.status_code == status, answer.content.decode()[:2000]
    return answer.content.decode()


def test_the_list_shows_what_is_in_sight_and_narrows_it() -> None:
    case = make.make_case()
    client = people.client_for(case.operator)
    text = page(client, "/incidents/")
    assert f"第 {case.incident_id} 号" in text
    assert case.incident.person.name in text  # type: ignore[union-attr]  # it is one learner's
    assert "没有符合条件" in page(client, "/incidents/?state=closed")
    assert f"第 {case.incident_id} 号" in page(client, f"/incidents/?kind=proxy_study&q={case.running.cohort.code}")
    assert "没有核查" in page(people.client_for(people.make_provider()), "/incidents/")
    mine = people.client_for(case.running.manager)
    assert f"第 {case.incident_id} 号" in page(mine, "/incidents/?todo=mine")
    assert "待说明" in page(mine, "/incidents/block/")


def test_the_list_is_taken_away_as_it_is_narrowed_and_leaves_evidence() -> None:
    case = make.make_case()
    client = people.client_for(case.running.bureau)
    answer = client.get("/incidents/export.csv?state=open")
    text = answer.content.decode("utf-8-sig")
    assert text.splitlines()[0].startswith("核查编号,类型")
    assert len(text.splitlines()) == 2
    assert client.get("/incidents/export.xlsx").content[:2] == b"PK"
    assert client.get("/incidents/export.pdf").status_code == 404
    assert len(evidence.list_entries(kinds=["integrity.incidents_exported"])) == 2


def test_an_incident_tells_its_signals_and_what_speaks_against_them() -> None:
    case = make.make_case()
    text = page(people.client_for(case.operator), f"/incidents/{case.incident_id}/")
    assert "核验照片与登记的人脸不像" in text
    assert "也可能是" in text
    assert "分值只决定要不要有人看" in text
    assert "作出裁定" in text
    assert page(people.client_for(people.make_bureau("371503")), f"/incidents/{case.incident_id}/", 404)


def test_a_manager_explains_with_words_that_stay_when_a_picture_is_refused() -> None:
    case = make.make_case()
    client = people.client_for(case.running.manager)
    path = f"/incidents/{case.incident_id}/explain/"
    page(client, path)
    words = "当天机房统一开机，值班老师可以证明。"
    broken = SimpleUploadedFile("假的.jpg", b"<html>" * 1000, "image/jpeg")
    answer = client.post(path, {"text": words, "pictures": [broken]})
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert "第 1 张照片打不开" in answer.content.decode()
    good = SimpleUploadedFile("机房.jpg", make.photo_bytes(), "image/jpeg")
    answer = client.post(path, {"text": words, "pictures": [good]})
    assert answer.status_code == 302
    assert case.incident.state == IncidentState.EXPLAINED
    assert client.post(path, {"text": words}).status_code == 409, "a second time says that it has moved on"
    shown = page(client, f"/incidents/{case.incident_id}/")
    picture = re.search(r'href="(/incidents/\d+/pictures/\d+/1/)"', shown)
    assert picture is not None
    assert client.get(picture[1]).content.startswith(b"\xff\xd8\xff")
    assert people.client_for(case.learner).get(picture[1]).status_code == 404


def test_a_ruling_asks_for_reason_and_stretch_and_tells_the_learner() -> None:
    case = make.make_explained()
    client = people.client_for(case.operator)
    path = f"/incidents/{case.incident_id}/rule/"
    assert "由您判断" in page(client, path)
    answer = client.post(path, {"kind": "withdraw", "reason": "", "since": "", "until": ""})
    assert answer.status_code == 422
    begin = make.BEGIN.astimezone(clock.CIVIL_ZONE)
    filled = {
        "kind": "withdraw",
        "reason": make.REASON,
        "since": f"{begin - dt.timedelta(days=3):%Y-%m-%dT%H:%M}",
        "until": f"{begin + dt.timedelta(hours=1):%Y-%m-%dT%H:%M}",
    }
    answer = client.post(path, filled)
    assert answer.status_code == 422
    assert "涉及的时间之内" in answer.content.decode()
    assert make.REASON in answer.content.decode(), "what was typed stays"
    filled["since"] = f"{begin:%Y-%m-%dT%H:%M}"
    assert client.post(path, filled).status_code == 302
    learner = people.client_for(case.learner)
    assert make.REASON in page(learner, f"/incidents/mine/{case.incident_id}/")
    assert "我要申诉" in page(learner, f"/incidents/mine/{case.incident_id}/")
    assert "前可以申诉" in page(learner, "/incidents/mine/")
    assert "我的核查" in page(learner, "/incidents/mine/block/")


def test_a_learner_appeals_once_and_keeps_the_words_when_they_are_too_few() -> None:
    case = make.make_ruled(learners=2)
    client = people.client_for(case.learner)
    path = f"/incidents/mine/{case.incident_id}/appeal/"
    page(client, path)
    answer = client.post(path, {"text": "不是我"})
    assert answer.status_code == 422
    assert "不是我" in answer.content.decode()
    many = [SimpleUploadedFile(f"{number}.jpg", make.photo_bytes(), "image/jpeg") for number in range(7)]
    two = [SimpleUploadedFile(f"{number}.jpg", make.photo_bytes(), "image/jpeg") for number in range(2)]
    assert "最多上传 6 张" in client.post(path, {"text": make.WORDS, "pictures": many}).content.decode()
    assert client.post(path, {"text": make.WORDS, "pictures": two}).status_code == 302
    assert case.incident.state == IncidentState.APPEALED
    assert client.post(path, {"text": make.WORDS}).status_code == 409
    other = people.client_for(case.running.learners[1])
    assert other.get(f"/incidents/mine/{case.incident_id}/").status_code == 404
    assert "没有核查" in page(other, "/incidents/mine/")


def test_an_appeal_is_decided_by_a_second_person_only() -> None:
    case = make.make_appealed()
    path = f"/incidents/{case.incident_id}/decide/"
    first = people.client_for(case.operator)
    assert first.get(path).status_code == 403
    assert "换一位同事" in page(first, f"/incidents/{case.incident_id}/")
    second = people.client_for(case.second)
    page(second, path)
    assert second.post(path, {"kind": "refer", "reason": make.REASON}).status_code == 422
    assert second.post(path, {"kind": "dismiss", "reason": make.REASON}).status_code == 302
    text = page(people.client_for(case.learner), f"/incidents/mine/{case.incident_id}/")
    assert "申诉复核结果：不成立" in text


def test_pictures_are_blurred_by_the_server_and_clear_only_with_right_and_reason() -> None:
    case = make.make_case()
    person_id = case.running.enrolments[0].person_id
    job = FaceJob.objects.create(
        kind=JobKind.CHECK,
        person_id=person_id,
        queued_at=make.BEGIN,
        deadline_at=make.BEGIN + dt.timedelta(seconds=20),
    )
    content = make.photo_bytes()
    capture = Capture.objects.create(
        job=job,
        person_id=person_id,
        number=0,
        path=seal_frames([content]),
        sha256="0" * 64,
        taken_at=make.BEGIN + dt.timedelta(minutes=5),
        keep_until=dt.date(2030, 1, 1),
    )
    address = f"/incidents/{case.incident_id}/captures/{capture.pk}/"
    reviewer, officer = people.client_for(case.operator), people.client_for(case.running.bureau)
    assert address in page(reviewer, f"/incidents/{case.incident_id}/")
    blurred = reviewer.get(address).content
    assert blurred.startswith(b"\xff\xd8\xff")
    assert len(blurred) < len(content) / 5
    assert blurred != content
    assert reviewer.post(f"{address}clear/", {"reason": "核对是否本人"}).status_code == 403
    assert officer.post(f"{address}clear/", {"reason": "看"}).status_code == 422
    answer = officer.post(f"{address}clear/", {"reason": "核对是否本人"})
    assert "data:image/jpeg;base64," in answer.content.decode()
    assert answer.headers["Cache-Control"].startswith("max-age=0")
    [entry] = evidence.list_entries(kinds=["integrity.capture_unmasked"])
    assert ("理由", "核对是否本人") in entry.lines
    assert people.client_for(case.learner).get(address).status_code == 403
    other = make.make_case()
    assert officer.get(f"/incidents/{other.incident_id}/captures/{capture.pk}/").status_code == 404


def test_a_class_wide_heap_offers_to_be_taken_apart() -> None:
    running = make.make_studied(learners=3)
    for number in range(3):
        make.note(running, "device_shared", learner=number)
    heap = Incident.objects.get()
    client = people.client_for(running.bureau)
    assert "全班" in page(client, f"/incidents/{heap.pk}/")
    form = page(client, f"/incidents/{heap.pk}/rule/")
    assert "按人分案" in form
    assert "撤销学时" not in re.sub(r"<p.*?</p>", "", form)
    answer = client.post(f"/incidents/{heap.pk}/rule/", {"kind": RulingKind.SPLIT, "reason": make.REASON})
    assert answer.status_code == 302
    assert page(client, f"/incidents/{heap.pk}/").count("/incidents/") > 3


def test_the_pages_of_learners_say_nothing_of_others_and_no_score() -> None:
    running = make.make_studied(learners=2)
    for number in range(2):
        make.note(running, "same_answers", learner=number, facts={"same": 6, "wrong": 3, "with": "exam:9"})
    mine = Incident.objects.get(enrolment=running.enrolments[0])
    text = page(people.client_for(running.learners[0]), f"/incidents/mine/{mine.pk}/")
    assert running.enrolments[1].person.name not in text
    assert "exam:9" not in text
    assert "60 分" not in text
    assert "您的学时和成绩没有变化" in text


def test_a_page_costs_the_same_queries_for_one_incident_and_for_many() -> None:
    case = make.make_case()
    client = people.client_for(people.make_operator(Role.OPERATOR_ADMIN))
    page(client, "/incidents/")
    with CaptureQueriesContext(connection) as few:
        page(client, "/incidents/")
    template = Incident.objects.get(pk=case.incident_id)
    for _ in range(15):
        template.pk = None
        template.save(force_insert=True)
    with CaptureQueriesContext(connection) as many:
        page(client, "/incidents/")
    assert len(many) == len(few)
