"""Pages of evidence: timelines, one entry, dossiers from the form to the file, and the public check page."""

import datetime as dt
import hashlib
import io
import json
import zipfile

import pytest
from django.test import Client

import zhenxue_verify
from tests.factories.identity import client_for, make_bureau, make_operator, make_teacher
from tests.factories.training import Running, attend_all, make_running_cohort
from zhenxue.evidence import api as evidence
from zhenxue.evidence.models import Dossier, Entry
from zhenxue.evidence.tasks import build_dossier
from zhenxue.kernel import clock, storage

pytestmark = pytest.mark.django_db


@pytest.fixture
def running() -> Running:
    made = make_running_cohort()
    attend_all(made, made.lessons[0])
    evidence.integrate(made.lessons[0].ends_at or made.cohort.created_at)
    return made


def addresses(made: Running) -> tuple[str, str]:
    return f"/dossiers/cohort/{made.cohort.pk}/", f"/dossiers/enrolment/{made.enrolments[0].pk}/"


def build_all() -> None:
    """What the worker does."""
    for dossier in Dossier.objects.filter(state="waiting"):
        build_dossier.func(dossier.pk)


def test_dossiers_are_for_the_learner_the_provider_and_the_bureau_of_the_region(running: Running) -> None:
    cohort, learner = addresses(running)
    opens = {
        running.manager: (200, 200),
        running.bureau: (200, 200),
        make_bureau("3715"): (200, 200),
        make_bureau("371581"): (404, 404),
        running.learners[0]: (403, 200),
        running.learners[1]: (403, 404),
        running.teacher: (403, 403),
        make_teacher(): (404, 404),
        make_operator(): (403, 403),
    }
    for actor, expected in opens.items():
        client = client_for(actor)
        for method in (client.get, client.post):
            wanted = tuple(302 if method == client.post and status == 200 else status for status in expected)
            assert (method(cohort).status_code, method(learner).status_code) == wanted, actor
    assert Client().get(cohort).status_code == 302
    assert client_for(running.manager).get("/dossiers/claim/1/").status_code == 404


def test_a_dossier_is_made_once_taken_by_who_asked_and_verifies(running: Running) -> None:
    address = addresses(running)[0]
    client = client_for(running.manager)
    for _ in range(2):
        assert client.post(address).status_code == 302
    dossier = Dossier.objects.get()
    assert "排队中" in client.get(f"/dossiers/{dossier.pk}/").content.decode()
    assert client.post(f"/dossiers/{dossier.pk}/download/").status_code == 409
    build_all()
    dossier.refresh_from_db()
    assert (dossier.state, dossier.failure) == ("ready", "")
    assert dossier.sha256 in client.get(address).content.decode()
    assert client_for(running.bureau).post(f"/dossiers/{dossier.pk}/download/").status_code == 404
    answer = client.post(f"/dossiers/{dossier.pk}/download/")
    content = b"".join(answer)  # type: ignore[arg-type]  # a streaming answer is an iterable of bytes
    assert hashlib.sha256(content).hexdigest() == dossier.sha256
    assert answer.headers["Content-Disposition"].startswith("attachment")
    key = zhenxue_verify.read_key(evidence.log_keys()[0].vkey, zhenxue_verify.LOG_KEY)
    report = zhenxue_verify.check_dossier(io.BytesIO(content), log_keys=[key], now=clock.now())
    assert (report.faults, report.status) == ([], 0)
    kinds = list(
        Entry.objects.filter(kind__startswith="evidence.dossier").order_by("id").values_list("kind", flat=True)
    )
    assert [kind.rpartition("_")[2] for kind in kinds] == ["requested", "sealed", "downloaded"]


def test_names_need_a_reason_from_staff_and_are_masked_otherwise(running: Running) -> None:
    address = addresses(running)[0]
    client = client_for(running.bureau)
    refused = client.post(address, {"with_names": "on", "reason": " "})
    assert refused.status_code == 422
    assert "请写明为什么需要姓名" in refused.content.decode()
    client.post(address)
    client.post(address, {"with_names": "on", "reason": "来函第 7 号，核对补贴名单"})
    build_all()
    masked, named = Dossier.objects.order_by("id")
    name = running.enrolments[0].person.name
    assert name not in summary_of(masked)
    assert name in summary_of(named)
    assert "371502" in summary_of(masked)
    assert str(running.enrolments[0].person.citizen_number) not in summary_of(named)
    label = f"{name}（"
    assert label not in entries_of(masked)
    asked = Entry.objects.filter(kind="evidence.dossier_requested").order_by("id").last()
    assert asked is not None
    assert json.loads(asked.private)["reason"]["value"] == "来函第 7 号，核对补贴名单"


def test_a_learner_gets_the_own_record_whole_and_nothing_of_others(running: Running) -> None:
    client = client_for(running.learners[0])
    address = addresses(running)[1]
    page = client.get(address).content.decode()
    assert "需要姓名的理由" not in page
    client.post(address)
    build_all()
    dossier = Dossier.objects.get()
    assert dossier.with_names
    entries = entries_of(dossier)
    assert f"enrolment:{running.enrolments[0].pk}" in entries
    assert f'\\"subject\\":\\"enrolment:{running.enrolments[1].pk}\\"' not in entries
    assert running.enrolments[0].person.name in summary_of(dossier)
    assert running.enrolments[1].person.name not in summary_of(dossier)


def file_in(dossier: Dossier, name: str) -> str:
    with zipfile.ZipFile(storage.full_path(dossier.path)) as archive:
        return archive.read(name).decode()


def summary_of(dossier: Dossier) -> str:
    return file_in(dossier, "summary.html")


def entries_of(dossier: Dossier) -> str:
    return file_in(dossier, "entries.jsonl")


def test_a_timeline_is_filtered_by_kind_and_day_and_shown_to_who_may_see_the_learner(running: Running) -> None:
    enrolment = running.enrolments[0]
    address = f"/evidence/learners/{enrolment.pk}/"
    client = client_for(running.learners[0])
    page = client.get(address).content.decode()
    assert "已存证，还没有见证方签名" in page
    total = evidence.count_entries(refs=[f"enrolment:{enrolment.pk}"])
    assert f"全部（{total}）" in page
    assert page.count('id="entry-') == total
    some = client.get(address, {"kind": "training.attendance_recorded"}).content.decode()
    assert 0 < some.count('id="entry-') < total
    later = (clock.civil_day(running.lessons[0].ends_at) + dt.timedelta(days=400)).isoformat()
    assert "没有符合条件的存证" in client.get(address, {"since": later}).content.decode()
    assert (
        client.get(address, {"since": "x", "before": "9" * 40, "kind": "no"}).content.decode().count('id="entry-')
        == total
    )
    assert client_for(running.bureau).get(address).status_code == 200
    assert client_for(running.learners[1]).get(address).status_code == 404
    assert client_for(make_bureau("371581")).get(address).status_code == 404


def test_an_entry_comes_with_its_proof_for_the_browser_and_only_for_who_may_see_it(running: Running) -> None:
    number = evidence.list_entries(refs=[f"enrolment:{running.enrolments[0].pk}"])[0].number
    client = client_for(running.learners[0])
    page = client.get(f"/evidence/{number}/").content.decode()
    assert f'data-verify-entry="/evidence/{number}/proof.json"' in page
    proof = client.get(f"/evidence/{number}/proof.json").json()
    digest = hashlib.sha256(bytes.fromhex(proof["salt"]) + proof["envelope"].encode()).digest()
    assert digest.hex() in page
    assert len(proof["path"]) == page.count("邻相算")
    assert proof["keys"]["log"][0]["vkey"] == evidence.log_keys()[0].vkey
    for stranger in (running.learners[1], make_bureau("371581")):
        assert client_for(stranger).get(f"/evidence/{number}/proof.json").status_code == 404


def test_the_check_page_is_open_to_all_and_offers_the_tool_with_its_digest(client: Client) -> None:
    page = client.get("/check/").content.decode()
    served = client.get("/static/evidence/zhenxue_verify.txt")
    content = b"".join(served)  # type: ignore[arg-type]  # a streaming answer is an iterable of bytes
    assert content.startswith(b'"""Checks a dossier')
    assert hashlib.sha256(content).hexdigest() in page
    assert "不上传" in page
    assert evidence.log_keys()[0].vkey in page
