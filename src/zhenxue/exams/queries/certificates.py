"""Certificates: who sees which, what the public may check, and whether they are what the log says."""

import hashlib
import hmac
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.urls import reverse

from zhenxue.evidence import api as evidence
from zhenxue.exams.data import BatchState, CertificateState, ChangeState
from zhenxue.exams.models import Certificate, CertificateBatch, CertificateChange
from zhenxue.identity.data import Actor
from zhenxue.kernel import masking
from zhenxue.kernel.errors import NotFound
from zhenxue.tlog import canonical
from zhenxue.training import api as training

_WITH = ("enrolment__person", "enrolment__cohort__organisation")
LOGGED = ("exams.certificate_issued", "exams.certificate_revoked")


def visible_certificates(actor: Actor) -> QuerySet[Certificate]:
    """Learners: their own; others: those of the visible enrolments."""
    seen = training.visible_enrolments(actor).select_related(None).values("pk")
    return Certificate.objects.filter(enrolment__in=seen).select_related(*_WITH)


def get_certificate(actor: Actor, certificate_id: int) -> Certificate:
    """The certificate, or ``NotFound``."""
    found = visible_certificates(actor).filter(pk=certificate_id).first()
    if found is None:
        raise NotFound("exams.no_certificate", "没有找到这张证书，或您无权查看。")
    return found


def visible_changes(actor: Actor) -> QuerySet[CertificateChange]:
    """Of the certificates in sight; learners see what came of them on the certificate."""
    if actor.is_learner:
        return CertificateChange.objects.none()
    rows = CertificateChange.objects.filter(
        certificate__in=visible_certificates(actor).select_related(None).values("pk")
    )
    return rows.select_related("certificate__enrolment__person", "proposed_by", "decided_by").order_by("-proposed_at")


def open_changes(actor: Actor) -> QuerySet[CertificateChange]:
    """Those that wait for a second person."""
    return visible_changes(actor).filter(state=ChangeState.OPEN)


def in_force(actor: Actor, cohort: training.Cohort) -> list[Certificate]:
    """The valid certificates of a cohort, by number."""
    rows = visible_certificates(actor).filter(enrolment__cohort=cohort.pk, state=CertificateState.VALID)
    return list(rows.order_by("number"))


def replacement_of(certificate: Certificate) -> Certificate | None:
    """The one that came in its place."""
    return Certificate.objects.filter(replaces=certificate).first()


def last_batch(cohort_id: int) -> CertificateBatch | None:
    return CertificateBatch.objects.filter(cohort=cohort_id).order_by("-pk").first()


def is_busy(batch: CertificateBatch | None) -> bool:
    """Whether certificates are being made, or are about to."""
    return batch is not None and batch.state in {BatchState.WAITING, BatchState.RUNNING}


def address_of(number: str, code: str) -> str:
    """What the QR code says: the public page of a certificate."""
    return settings.PUBLIC_URL.rstrip("/") + reverse("exams:certificate_checked", args=[number, code])


@dataclass(frozen=True, slots=True)
class Checked:
    """What the public reads about a certificate; the name is masked."""

    number: str
    is_valid: bool
    name: str
    facts: dict[str, Any]
    issued_at: datetime
    revoked_at: datetime | None
    reason: str
    file_sha256: str
    replaced: bool
    proof: str


def find_public(number: str, code: str) -> Checked | None:
    """A certificate by its number and code; None when either is wrong, without telling which."""
    if "\0" in number:  # an address may hold it, and PostgreSQL refuses to look for it
        return None
    rows = Certificate.objects.filter(number=number.strip().upper()).select_related("enrolment__person")
    found = rows.first()
    given = code.strip().upper().encode()
    if found is None or not hmac.compare_digest(found.code.encode(), given):
        return None
    latest = evidence.list_entries(refs=[f"certificate:{found.pk}"], limit=1)
    return Checked(
        number=found.number,
        is_valid=found.state == CertificateState.VALID,
        name=masking.name(found.enrolment.person.name),
        facts=found.facts,
        issued_at=found.issued_at,
        revoked_at=found.revoked_at,
        reason=found.reason,
        file_sha256=found.file_sha256,
        replaced=replacement_of(found) is not None,
        proof=latest[0].proof.label if latest else "",
    )


def facts_digest(facts: dict[str, Any]) -> str:
    """SHA-256 (hex) of the canonical text of what is printed."""
    return hashlib.sha256(canonical.dumps(facts)).hexdigest()


def check_certificates() -> Iterator[evidence.Finding]:
    """Every certificate must be as it was issued, and valid or revoked as the log says; none missing, none extra."""
    logged: dict[int, dict[str, Any]] = {}
    numbers: dict[int, int | None] = {}
    for entry in evidence.iterate_bodies(kinds=LOGGED):
        pk = int(entry.subject.partition(":")[2])
        numbers[pk] = entry.number
        if entry.kind == LOGGED[0]:
            logged[pk] = {"state": "valid"} | {
                key: entry.body[key] for key in ("number", "facts_sha256", "file_sha256")
            }
        elif pk in logged:
            logged[pk]["state"] = "revoked"
    for row in Certificate.objects.order_by("pk").iterator():
        known = logged.pop(row.pk, None)
        says = f"exams_certificate：证书 {row.number}"
        if known is None:
            yield _finding(f"{says} 没有发证的存证", None)
        elif known["state"] != row.state:
            yield _finding(f"{says} 记为“{row.get_state_display()}”，与存证不一致", numbers[row.pk])
        elif known != {
            "state": row.state,
            "number": row.number,
            "facts_sha256": facts_digest(row.facts),
            "file_sha256": row.file_sha256,
        }:
            yield _finding(f"{says} 的内容与发证时的存证不一致", numbers[row.pk])
    for pk, known in logged.items():
        yield _finding(f"exams_certificate：证书 {known['number']} 的记录缺失", numbers[pk])


def _finding(text: str, number: int | None) -> evidence.Finding:
    return evidence.Finding(evidence.Fault.PROJECTION, text, number)
