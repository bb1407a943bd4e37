"""Pages of one's own face, and of the provider's word on a second one. The engine is the real one."""

import json
import re
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from tests.factories.faces import consent, enrolled
from tests.factories.identity import client_for, make_provider
from tests.factories.training import Running, make_running_cohort
from tests.support import faces
from zhenxue.integrity.data import Turn
from zhenxue.integrity.models import FaceJob, FaceTemplate, PendingFace
from zhenxue.integrity.operations.faces.working import Everybody, Worker
from zhenxue.kernel import clock

pytestmark = pytest.mark.django_db


@pytest.fixture
def made() -> Running:
    return make_running_cohort(learners=2)


def island(client: Client) -> dict[str, Any]:
    page = client.get("/presence/enrol/").content.decode()
    found = re.search(r'<script id="presence-check" type="application/json">(.*?)</script>', page)
    assert found, page
    return dict(json.loads(found.group(1)))


def post(client: Client, frames: list[bytes], nonce: str) -> Any:
    files = {f"f{number}": SimpleUploadedFile(f"f{number}.jpg", one) for number, one in enumerate(frames)}
    return client.post("/presence/enrol/frames/", {**files, "nonce": nonce}, headers={"Accept": "application/json"})


def work() -> None:
    worker = Worker("web/0", Everybody(), engine=faces.engine(), now=clock.now)
    while worker.step():
        pass


def test_a_learner_enrols_after_consent_and_sees_what_is_kept_and_takes_it_back(made: Running) -> None:
    learner = made.learners[0]
    client = client_for(learner)
    page = client.get("/presence/enrol/").content.decode()
    assert "purpose=face" in page
    assert "presence-check" not in page
    consent(learner, now=clock.now())
    shown = island(client)
    assert shown["urls"]["face"] == "/presence/enrol/frames/"
    frames = faces.enrolment_of("a", shown["turns"])
    assert post(client, frames, "x" * 22).status_code == 409
    assert post(client, frames, shown["nonce"]).status_code == 409, "a wrong guess used it up"
    shown = island(client)
    frames = faces.enrolment_of("a", shown["turns"])
    answer = post(client, frames, shown["nonce"])
    assert answer.status_code == 200, answer.content
    job = f"/presence/jobs/{answer.json()['job']}/"
    assert client.get(job).json()["state"] == "queued"
    assert client_for(made.learners[1]).get(job, headers={"Accept": "application/json"}).status_code == 404
    work()
    assert client.get(job).json() == {"state": "done", "passed": True, "words": [], "pending": False}
    page = client.get("/presence/my/").content.decode()
    assert "已登记（4 张照片算出" in page
    template = FaceTemplate.objects.get()
    assert template.vector[:20] not in page
    assert client.post("/presence/my/withdraw/").status_code == 302
    template.refresh_from_db()
    assert (template.vector, template.end_reason) == ("", "withdrawn")
    assert "没有登记人脸" in client.get("/presence/my/").content.decode()


def test_bad_uploads_are_refused_with_words_and_nothing_is_kept(made: Running) -> None:
    learner = made.learners[0]
    consent(learner, now=clock.now())
    client = client_for(learner)
    for frames in ([b"\x89PNG" + b"0" * 9_000] * 4, [b"x" * 600_000] * 4, [], [b"\xff\xd8\xff" + b"0" * 5_000] * 4):
        answer = post(client, frames, island(client)["nonce"])
        assert answer.status_code == 422, answer.content
        assert "拍" in answer.json()["message"]
    assert not FaceJob.objects.exists()


def test_a_manager_of_the_provider_confirms_a_second_face_and_no_other_does(made: Running) -> None:
    learner = made.learners[0]
    enrolled(learner, now=clock.now())
    client = client_for(learner)
    shown = island(client)
    post(client, faces.enrolment_of("a", [Turn(one) for one in shown["turns"]], seed=250), shown["nonce"])
    work()
    pending = PendingFace.objects.get()
    assert "等培训机构确认" in client.get("/presence/enrol/").content.decode()
    address = f"/presence/faces/{pending.pk}/"
    stranger = client_for(make_provider())
    assert pending.person.name not in stranger.get("/presence/faces/").content.decode()
    assert stranger.post(address, {"agreed": "yes", "note": "核对过身份证"}).status_code == 404
    for other in (client, client_for(made.teacher), client_for(made.bureau)):
        assert other.post(address, {"agreed": "yes", "note": "核对过身份证"}).status_code == 403
    manager = client_for(made.manager)
    assert pending.person.name in manager.get("/presence/faces/").content.decode()
    manager.post(address, {"agreed": "yes", "note": ""})
    pending.refresh_from_db()
    assert pending.state == "waiting"
    manager.post(address, {"agreed": "yes", "note": "本人到场，核对身份证"})
    pending.refresh_from_db()
    assert (pending.state, FaceTemplate.objects.count()) == ("confirmed", 2)
    manager.post(address, {"agreed": "no", "note": "再来一次"})
    pending.refresh_from_db()
    assert pending.state == "confirmed"
