"""Certificates: who gets one, each exactly once, what is printed, taking back by two people, and the log."""

import datetime as dt
import io

import cv2
import numpy
import pypdfium2
import pytest

from tests.factories.exams import make_exam, sit
from tests.factories.exams_certificates import AFTER, issue_all, make_certificate, make_completed
from tests.factories.identity import make_bureau, make_colleague, make_provider
from zhenxue.exams.data import BatchState, ExamKind
from zhenxue.exams.formats.certificate import together
from zhenxue.exams.models import Certificate, CertificateBatch, CertificateNumber
from zhenxue.exams.operations import certificate_files
from zhenxue.exams.operations import certificates as operations
from zhenxue.exams.operations.certificate_changes import approve_change, propose_change, reject_change
from zhenxue.exams.operations.certificate_files import open_file
from zhenxue.exams.queries.certificates import address_of, check_certificates, find_public
from zhenxue.exams.queries.completion import completion_of
from zhenxue.kernel import clock, storage
from zhenxue.kernel.errors import Conflict, Invalid, Refused
from zhenxue.training import api as training

pytestmark = pytest.mark.django_db


def test_a_class_gets_its_certificates_once_and_the_log_proves_them() -> None:
    sitting = make_completed(learners=3, passing=2)
    cohort = sitting.running.cohort
    for stranger in (make_provider(), make_bureau(), sitting.running.teacher):
        with pytest.raises(Refused):
            operations.ask_certificates(actor=stranger, cohort=cohort, now=AFTER)
    batch = operations.ask_certificates(actor=sitting.manager, cohort=cohort, now=AFTER)
    assert operations.ask_certificates(actor=sitting.manager, cohort=cohort, now=AFTER).pk == batch.pk
    done = operations.issue_batch(actor=sitting.manager, batch_id=batch.pk, now=AFTER)
    assert done is not None
    assert (done.state, done.total, done.done) == ("done", 2, 2)
    assert operations.issue_batch(actor=sitting.manager, batch_id=batch.pk, now=AFTER) is None
    rows = list(Certificate.objects.order_by("number"))
    assert [row.enrolment_id for row in rows] == [one.pk for one in sitting.enrolments[:2]]
    organisation = cohort.organisation
    assert rows[1].number == f"{organisation.region_id:0<6}-{organisation.pk:04d}-{AFTER.year}-000002"
    assert len({row.code for row in rows}) == 2
    last = completion_of(cohort, [sitting.enrolments[2]])[0]
    assert any("考核还没有通过" in reason for reason in last.reasons)
    with pytest.raises(Conflict, match="没有要发证"):
        operations.ask_certificates(actor=sitting.manager, cohort=cohort, now=AFTER)
    assert not list(check_certificates())
    Certificate.objects.filter(pk=rows[0].pk).update(facts=rows[0].facts | {"organisation": "别的机构"})
    Certificate.objects.filter(pk=rows[1].pk).update(state="revoked", revoked_at=AFTER, reason="改库")
    assert len(list(check_certificates())) == 2


def read_code(page: pypdfium2.PdfPage) -> str:
    """What the code in the corner of a page says; OpenCV's readers miss a clean one now and then: in several sizes."""
    for size in (2, 3, 4, 2.5, 3.5, 5, 6, 7):
        picture = numpy.asarray(page.render(scale=size).to_pil().convert("L"))
        corner = picture[int(len(picture) * 0.6) : int(len(picture) * 0.9), int(picture.shape[1] * 0.78) :]
        for reader in (cv2.QRCodeDetector(), cv2.QRCodeDetectorAruco()):
            words = reader.detectAndDecode(corner)[0]
            if words:
                return words
    return ""


def test_the_page_on_paper_says_who_and_what_and_its_code_leads_to_the_public_page() -> None:
    sitting, certificate = make_certificate()
    content = open_file(certificate)
    person = sitting.enrolments[0].person
    with pypdfium2.PdfDocument(content) as pdf:
        assert len(pdf) == 1
        assert pdf[0].get_width() > pdf[0].get_height()
        text = "".join(pdf[0].get_textpage().get_text_range().split())
        assert read_code(pdf[0]) == address_of(certificate.number, certificate.code)
    for words in ("培训合格证书", person.name, certificate.number, certificate.code, certificate.facts["organisation"]):
        assert words in text
    assert person.citizen_number not in text
    with pypdfium2.PdfDocument(together([content, content])) as both:
        assert len(both) == 2
    raw = storage.full_path(certificate.path).read_bytes()
    assert not raw.startswith(b"%PDF")  # sealed on the disk
    storage.full_path(certificate.path).write_bytes(b"v1.")
    with pytest.raises(Conflict, match="打不开"):
        open_file(certificate)


def test_anybody_with_number_and_code_reads_what_is_masked_and_nobody_else_anything() -> None:
    sitting, certificate = make_certificate()
    found = find_public(f" {certificate.number.lower()} ", certificate.code.lower())
    assert found is not None
    assert found.is_valid
    assert found.name != sitting.enrolments[0].person.name
    assert "*" in found.name
    assert find_public(certificate.number, "2222222222") is None
    assert find_public("371502-9999-2026-000001", certificate.code) is None


def test_two_people_take_a_certificate_back_and_a_new_one_may_take_its_place() -> None:
    sitting, certificate = make_certificate()
    manager, colleague = sitting.manager, make_colleague(sitting.manager)
    propose = {"actor": manager, "certificate": certificate, "now": AFTER}
    with pytest.raises(Invalid):
        propose_change(**propose, reason="错", reissues=False)  # type: ignore[arg-type]  # passed through
    change = propose_change(**propose, reason="姓名更正后换发", reissues=True)  # type: ignore[arg-type]  # as above
    with pytest.raises(Conflict, match="等第二个人"):
        propose_change(**propose, reason="姓名更正后换发", reissues=True)  # type: ignore[arg-type]  # as above
    with pytest.raises(Refused, match="提出人以外"):
        approve_change(actor=manager, change_id=change.pk, now=AFTER)
    with pytest.raises(Refused):
        approve_change(actor=make_provider(), change_id=change.pk, now=AFTER)
    approve_change(actor=colleague, change_id=change.pk, now=AFTER)
    old, new = Certificate.objects.get(pk=certificate.pk), Certificate.objects.get(replaces=certificate)
    assert (old.state, new.state) == ("revoked", "valid")
    assert new.number > old.number
    seen = find_public(old.number, old.code)
    assert seen is not None
    assert not seen.is_valid
    assert seen.replaced
    assert seen.reason == "姓名更正后换发"
    again = propose_change(actor=colleague, certificate=new, reason="学员提出放弃", reissues=False, now=AFTER)
    reject_change(actor=manager, change_id=again.pk, note="学员没有提出过", now=AFTER)
    assert Certificate.objects.get(pk=new.pk).state == "valid"
    assert not list(check_certificates())


def test_work_that_died_in_the_middle_goes_on_without_a_second_certificate(monkeypatch: pytest.MonkeyPatch) -> None:
    sitting = make_completed(learners=3)
    monkeypatch.setattr(operations, "CHUNK", 1)
    batch = operations.ask_certificates(actor=sitting.manager, cohort=sitting.running.cohort, now=AFTER)
    drawn, real = [], operations.draw

    def dies(*given: object, **more: object) -> bytes:
        drawn.append(given)
        if len(drawn) == 2:
            raise KeyboardInterrupt
        return real(*given, **more)  # type: ignore[arg-type]  # passed through

    monkeypatch.setattr(operations, "draw", dies)
    with pytest.raises(KeyboardInterrupt):
        operations.issue_batch(actor=sitting.manager, batch_id=batch.pk, now=AFTER)
    assert CertificateBatch.objects.get(pk=batch.pk).state == BatchState.RUNNING
    assert Certificate.objects.count() == 1
    long_after = AFTER.replace(year=AFTER.year + 1)
    CertificateBatch.objects.filter(pk=batch.pk).update(progress_at=AFTER)
    batch.refresh_from_db()
    again = operations.ask_again(actor=sitting.manager, batch=batch, now=long_after)
    done = operations.issue_batch(actor=sitting.manager, batch_id=again.pk, now=long_after)
    assert done is not None
    assert (done.done, done.total, done.state) == (3, 3, "done")
    assert Certificate.objects.count() == 3
    assert CertificateNumber.objects.get(year=AFTER.year).last == 2  # one was taken and not used
    files = [one for one in storage.full_path("exams/certificates").iterdir() if one.name.endswith(".sealed")]
    assert len(files) >= 3
    with pytest.raises(Conflict):
        operations.ask_again(actor=sitting.manager, batch=done, now=long_after)


def test_who_left_or_has_not_passed_the_final_gets_none() -> None:
    sitting = make_completed(learners=2)
    final = make_exam(sitting.running, ready=False, title="结业考试", kind=ExamKind.FINAL, stage=None)
    standing = completion_of(sitting.running.cohort, sitting.enrolments)
    assert all("“结业考试”还没有通过" in one.reasons for one in standing)
    sit(final, sitting.learners[0])
    training.leave(actor=sitting.manager, enrolment_id=sitting.enrolments[1].pk, reason="外出务工申请退出", now=AFTER)
    rows = training.visible_enrolments(sitting.manager).filter(cohort=sitting.running.cohort).order_by("pk")
    first, second = completion_of(sitting.running.cohort, rows)
    assert first.is_due
    assert "已退出这个班" in second.reasons
    issue_all(sitting)
    assert io.BytesIO(open_file(Certificate.objects.get())).read(4) == b"%PDF"


def test_work_that_died_is_taken_up_by_the_worker_and_what_it_left_is_swept() -> None:
    sitting = make_completed(learners=1)
    batch = operations.ask_certificates(actor=sitting.manager, cohort=sitting.running.cohort, now=AFTER)
    soon, later = AFTER + dt.timedelta(minutes=1), AFTER + dt.timedelta(minutes=6)
    CertificateBatch.objects.filter(pk=batch.pk).update(state=BatchState.RUNNING)
    assert operations.resume_stalled(now=soon) == []
    assert [one.pk for one in operations.resume_stalled(now=later)] == [batch.pk]
    assert operations.resume_stalled(now=later) == []
    done = operations.issue_batch(actor=sitting.manager, batch_id=batch.pk, now=later)
    assert done is not None
    assert done.state == "done"
    assert operations.resume_stalled(now=later + dt.timedelta(days=1)) == []
    orphan = certificate_files.store(b"left by a server that was killed")
    assert certificate_files.sweep(now=clock.now()) == 0
    assert certificate_files.sweep(now=clock.now() + dt.timedelta(days=2)) == 1
    assert not storage.full_path(orphan).exists()
    assert open_file(Certificate.objects.get())
