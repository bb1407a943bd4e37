"""Papers of organisations: sent in, reviewed by the operator, replaced, reminded of before they end (A1, A5, P09)."""

import datetime as dt
from dataclasses import dataclass

from django.db import transaction

from zhenxue.evidence import api as evidence
from zhenxue.identity import policies, signals
from zhenxue.identity.data import (
    DOCUMENT_TRANSITIONS,
    REMIND_DAYS,
    SYSTEM,
    Actor,
    DocumentKind,
    DocumentState,
)
from zhenxue.identity.models import OrganisationDocument
from zhenxue.identity.operations.people import check_reason
from zhenxue.identity.queries import documents as queries
from zhenxue.identity.queries.organisations import get_visible_organisation
from zhenxue.kernel import clock, storage
from zhenxue.kernel.errors import Conflict, Invalid

LARGEST_BYTES = 10 * 1024 * 1024
TYPES = {b"\xff\xd8\xff": ".jpg", b"\x89PNG\r\n\x1a\n": ".png", b"%PDF-": ".pdf"}


@dataclass(frozen=True, slots=True)
class DocumentFields:
    """What is typed about a paper."""

    kind: str
    number: str
    title: str = ""
    valid_from: dt.date | None = None
    valid_until: dt.date | None = None


def add_document(
    *,
    actor: Actor,
    organisation_id: int,
    fields: DocumentFields,
    file_name: str,
    content: bytes,
    now: dt.datetime,
) -> OrganisationDocument:
    """Send a paper in for review. One of the same kind that was not accepted yet is replaced at once, an accepted one
    when this one is accepted. Raises ``Invalid`` at the field, ``Refused``, ``NotFound``."""
    organisation = get_visible_organisation(actor, organisation_id)
    policies.check_can_edit_organisation(actor, organisation)
    suffix = _checked(fields, content, clock.civil_day(now))
    stored = storage.store_stream("documents", storage.new_name(suffix), [content])
    try:
        with transaction.atomic():
            row = OrganisationDocument.objects.create(
                organisation=organisation,
                kind=fields.kind,
                title=fields.title.strip(),
                number=fields.number.strip(),
                path=stored.path,
                file_name=file_name[-120:],
                sha256=stored.sha256,
                valid_from=fields.valid_from,
                valid_until=fields.valid_until,
                uploaded_at=now,
                uploaded_by_id=actor.account_id,
            )
            _replace(row, {DocumentState.WAITING, DocumentState.REFUSED}, now)
            _record("identity.document_added", actor, row, now, sha256=row.sha256)
    except BaseException:
        storage.delete(stored.path)
        raise
    return row


def review_document(
    *, actor: Actor, document_id: int, accepted: bool, note: str, now: dt.datetime
) -> OrganisationDocument:
    """The operator accepts a paper or sends it back with a reason. Raises ``Refused``, ``Conflict``, ``NotFound``."""
    policies.check_can_verify_organisation(actor)
    queries.get_visible_document(actor, document_id)
    note = check_reason(note, "note") if not accepted or note.strip() else ""
    with transaction.atomic():
        row = OrganisationDocument.objects.select_for_update().get(pk=document_id)
        _move(row, DocumentState.ACCEPTED if accepted else DocumentState.REFUSED)
        row.note, row.reviewed_at = note, now
        row.save(update_fields=["state", "note", "reviewed_at"])
        if accepted:
            _replace(row, {DocumentState.ACCEPTED}, now)
        _record("identity.document_reviewed", actor, row, now, result=DocumentState(row.state).label, note=note)
        signals.document_reviewed.send(
            OrganisationDocument,
            document_id=row.pk,
            organisation_id=row.organisation_id,
            accepted=accepted,
            title=title_of(row),
            note=note,
            now=now,
        )
    return row


def remind_expiring(*, now: dt.datetime) -> int:
    """Announce, once each, accepted papers that end within 60, 30, 7 days or are over; how many (a periodic job)."""
    today = clock.civil_day(now)
    count = 0
    for row in queries.ending_before(today + dt.timedelta(days=max(REMIND_DAYS))):
        if row.valid_until is None:
            continue
        left = (row.valid_until - today).days
        stage = 0 if left < 0 else min(days for days in REMIND_DAYS if days and left <= days)
        if row.reminded is not None and row.reminded <= stage:
            continue
        with transaction.atomic():
            fresh = OrganisationDocument.objects.filter(pk=row.pk, reminded=row.reminded, state=DocumentState.ACCEPTED)
            if not fresh.update(reminded=stage):
                continue
            count += 1
            _record("identity.document_expiring", SYSTEM, row, now, days_left=left)
            signals.document_expiring.send(
                OrganisationDocument,
                document_id=row.pk,
                organisation_id=row.organisation_id,
                title=title_of(row),
                valid_until=row.valid_until,
                days_left=left,
                now=now,
            )
    return count


def title_of(row: OrganisationDocument) -> str:
    return row.title or DocumentKind(row.kind).label


def _checked(fields: DocumentFields, content: bytes, today: dt.date) -> str:
    """The suffix of the file; raises ``Invalid`` that answers each field."""
    problems: dict[str, str] = {}
    if fields.kind not in {value for value, _ in DocumentKind.choices()}:
        problems["kind"] = "请选择种类。"
    if fields.kind == DocumentKind.OTHER and len(fields.title.strip()) < 2:
        problems["title"] = "其他资质请写明名称。"
    if not 2 <= len(fields.number.strip()) <= 60:
        problems["number"] = "请填写证书编号（没有编号的填“无编号”）。"
    if fields.valid_until and fields.valid_from and fields.valid_until <= fields.valid_from:
        problems["valid_until"] = "有效期止要晚于有效期起。"
    elif fields.valid_until and fields.valid_until < today:
        problems["valid_until"] = "这份材料已经过期，请上传有效的。"
    suffix = next((suffix for head, suffix in TYPES.items() if content.startswith(head)), "")
    if len(content) > LARGEST_BYTES:
        problems["file"] = "文件超过10MB，请压缩后再上传。"
    elif not suffix:
        problems["file"] = "请上传 JPG、PNG 照片或 PDF 文件。"
    if problems:
        raise Invalid("identity.document_fields", "有几项需要改正。", fields=problems)
    return suffix


def _replace(row: OrganisationDocument, states: set[DocumentState], now: dt.datetime) -> None:
    """Older papers of the same kind are over (others stand side by side under their own titles)."""
    older = OrganisationDocument.objects.filter(organisation_id=row.organisation_id, kind=row.kind, state__in=states)
    if row.kind == DocumentKind.OTHER:
        older = older.filter(title=row.title)
    older.filter(pk__lt=row.pk).update(state=DocumentState.REPLACED)


def _move(row: OrganisationDocument, state: DocumentState) -> None:
    present = DocumentState(row.state)
    if state not in DOCUMENT_TRANSITIONS[present]:
        raise Conflict("identity.document_state", f"这份材料现在是“{present.label}”，请刷新页面查看。")
    row.state = state


def _record(kind: str, actor: Actor, row: OrganisationDocument, now: dt.datetime, **body: object) -> None:
    body = {"what": title_of(row), "number": row.number, **body}
    if row.valid_until:
        body["valid_until"] = row.valid_until.isoformat()
    subject = f"organisation:{row.organisation_id}"
    evidence.record(kind=kind, actor=actor, subject=subject, about=[], body=body, now=now)
