"""Pages of certificates: a class, the learner's own, the public's check."""

import io
import zipfile

import pytest
from django.core.cache import cache
from django.test import Client

from tests.factories.exams_certificates import make_certificate, make_completed
from tests.factories.identity import client_for, make_bureau, make_colleague, make_learner, make_provider
from zhenxue.exams import tasks
from zhenxue.exams.models import Certificate, CertificateBatch, CertificateChange

pytestmark = pytest.mark.django_db


def text_of(client: Client, address: str, status: int = 200) -> str:
    answer = client.get(address)
    assert answer.status_code == status, (address, answer.status_code)
    return answer.content.decode()


def test_a_manager_sees_who_gets_one_and_issues_and_takes_them_all() -> None:
    sitting = make_completed(learners=2, passing=1)
    page = f"/certificates/cohorts/{sitting.running.cohort.pk}/"
    client = client_for(sitting.manager)
    assert "考核还没有通过" in text_of(client, page)
    assert "可以发证" in text_of(client, f"{page}?show=due")
    assert client.post(f"{page}zip/").status_code == 409
    assert client.post(f"{page}issue/").status_code == 302
    batch = CertificateBatch.objects.get()
    assert "等待处理" in text_of(client, page)
    tasks.issue_certificates.func(batch.pk, sitting.manager.account_id, str(sitting.manager.role))  # as the worker does
    made = Certificate.objects.get()
    name = sitting.enrolments[0].person.name
    assert made.number in text_of(client, page)
    assert "最近一次发证" in client.get(page, headers={"HX-Request": "true"}).content.decode()
    archive = client.post(f"{page}zip/")
    with zipfile.ZipFile(io.BytesIO(b"".join(archive))) as opened:  # type: ignore[arg-type]  # a streaming answer
        assert opened.namelist() == [f"{made.number}-{name}.pdf"]
    assert client.post(f"{page}print/").content.startswith(b"%PDF")
    assert made.number in text_of(client, f"/certificates/?q={name}")
    assert "没有符合条件" in text_of(client, "/certificates/?state=revoked")
    bureau = client_for(sitting.running.bureau)
    assert made.number in text_of(bureau, page)
    assert bureau.post(f"{page}issue/").status_code == 403
    for stranger in (make_provider(), make_bureau("371521")):
        assert client_for(stranger).get(f"/certificates/{made.pk}/certificate.pdf").status_code == 404


def test_the_learner_has_it_and_two_managers_take_it_back() -> None:
    sitting, made = make_certificate()
    learner = client_for(sitting.learners[0])
    assert made.number in text_of(learner, "/certificates/")
    page = f"/certificates/{made.pk}/"
    shown = text_of(learner, page)
    assert "<svg" in shown
    assert made.code in shown
    assert "撤销或换发" not in shown
    assert learner.get(f"{page}certificate.pdf").content.startswith(b"%PDF")
    assert client_for(make_learner()).get(page).status_code == 404
    manager = client_for(sitting.manager)
    refused = manager.post(f"{page}take-back/", {"reissues": "0", "reason": "短"})
    assert refused.status_code == 422
    assert "请写 5 到" in refused.content.decode()
    assert manager.post(f"{page}take-back/", {"reissues": "0", "reason": "学时经核查不实"}).status_code == 302
    change = CertificateChange.objects.get()
    decide = f"/certificates/changes/{change.pk}/"
    assert manager.post(f"{decide}approve/").status_code == 403
    colleague = client_for(make_colleague(sitting.manager))
    assert "同意并生效" in text_of(colleague, page)
    assert colleague.post(f"{decide}reject/", {"note": ""}).status_code == 422
    assert colleague.post(f"{decide}approve/").status_code == 302
    assert "已撤销" in text_of(learner, page)
    assert "学时经核查不实" in text_of(Client(), f"/check/certificates/{made.number}/{made.code}/")


def test_the_public_checks_without_signing_in_and_cannot_guess() -> None:
    cache.clear()
    sitting, made = make_certificate()
    person, public = sitting.enrolments[0].person, Client()
    assert "核验证书" in text_of(public, "/check/")
    assert "校验码" in text_of(public, "/check/certificates/")
    found = text_of(public, f"/check/certificates/?number={made.number}&code={made.code.lower()}")
    assert "有效" in found
    assert made.facts["organisation"] in found
    assert person.name not in found
    assert person.citizen_number not in found
    wrong = text_of(public, f"/check/certificates/{made.number}/2222222222/", 404)
    unknown = text_of(public, "/check/certificates/371502-0001-2026-999999/2222222222/", 404)
    assert "没有找到这张证书" in wrong
    assert "没有找到这张证书" in unknown
    assert public.get("/check/certificates/?number=&code=").status_code == 422
    assert public.get("/check/certificates/%00/%00/").status_code == 404
    answers = {public.get(f"/check/certificates/{made.number}/2222222222/").status_code for _ in range(40)}
    assert answers == {404, 429}
    cache.clear()
