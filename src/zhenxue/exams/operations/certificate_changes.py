"""Certificates are taken back, or replaced, by two people: one proposes with the reason, another puts it in force."""

import datetime as dt

from django.db import IntegrityError, transaction
from django.urls import reverse

from zhenxue.exams.data import CertificateState, ChangeState
from zhenxue.exams.models import Certificate, CertificateChange
from zhenxue.exams.operations.certificates import NOTICE, log, reissue, take_back
from zhenxue.exams.operations.second_person import check_second, checked, decide, person_of
from zhenxue.exams.policies import check_can_schedule
from zhenxue.identity.data import Actor
from zhenxue.kernel.errors import Conflict, NotFound
from zhenxue.notices import api as notices

LONGEST_REASON = 200


def propose_change(
    *, actor: Actor, certificate: Certificate, reason: str, reissues: bool, now: dt.datetime
) -> CertificateChange:
    """Wants a certificate revoked, or replaced by a new one (``reissues``); it stays valid until somebody else agrees.

    Raises ``Invalid`` at ``reason``, ``Refused`` for everybody but managers of the organisation.
    """
    check_can_schedule(actor, certificate.enrolment.cohort.organisation_id)
    words = checked(reason, "reason", "理由", LONGEST_REASON)
    try:
        with transaction.atomic():
            held = (
                Certificate.objects.select_for_update(of=("self",)).select_related("enrolment").get(pk=certificate.pk)
            )
            if held.state != CertificateState.VALID:
                raise Conflict("exams.certificate_revoked", "这张证书已经撤销，不能再改。")
            made = CertificateChange.objects.create(
                certificate=held, reissues=reissues, reason=words, proposed_by_id=person_of(actor), proposed_at=now
            )
            body: dict[str, object] = {"number": held.number, "reason": words, "reissues": reissues}
            log(actor, held, "exams.certificate_change_proposed", body, now)
    except IntegrityError as error:
        raise Conflict("exams.certificate_change_open", "这张证书已有一份申请在等第二个人确认，请先办完。") from error
    return made


def approve_change(*, actor: Actor, change_id: int, note: str = "", now: dt.datetime) -> CertificateChange:
    """A second person puts it in force: the certificate is revoked from now on, and replaced where that was proposed.

    Raises ``Refused`` for who proposed it; ``Conflict`` when a new one was proposed and the learner is not entitled.
    """
    with transaction.atomic():
        change, held = _held(actor, change_id)
        take_back(actor, held, change.reason, {"proposed_by": change.proposed_by_id, "change": change.pk}, now)
        made = reissue(actor, held, now) if change.reissues else None
        decide(change, ChangeState.APPROVED, note, actor, now)
        notices.notify(
            person_id=held.enrolment.person_id,
            kind=NOTICE,
            title="证书已换发" if made else "证书已撤销",
            text=f"证书 {held.number} 已撤销，理由：{change.reason}。" + ("新的证书已发放。" if made else ""),
            link=reverse("exams:certificate", args=[(made or held).pk]),
            now=now,
        )
    return change


def reject_change(*, actor: Actor, change_id: int, note: str, now: dt.datetime) -> CertificateChange:
    """A second person does not agree; the certificate stays valid. Raises ``Invalid`` at ``note``."""
    words = checked(note, "note", "不同意的理由", LONGEST_REASON)
    with transaction.atomic():
        change, held = _held(actor, change_id)
        decide(change, ChangeState.REJECTED, words, actor, now)
        log(actor, held, "exams.certificate_change_rejected", {"number": held.number, "note": words}, now)
    return change


def _held(actor: Actor, change_id: int) -> tuple[CertificateChange, Certificate]:
    found = CertificateChange.objects.select_for_update().filter(pk=change_id).first()
    if found is None:
        raise NotFound("exams.no_certificate_change", "没有找到这份申请。")
    rows = Certificate.objects.select_for_update(of=("self",))
    held = rows.select_related("enrolment__person", "enrolment__cohort__organisation").get(pk=found.certificate_id)
    check_can_schedule(actor, held.enrolment.cohort.organisation_id)
    check_second(found, actor)
    return found, held
