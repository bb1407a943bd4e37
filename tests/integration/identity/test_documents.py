"""Papers of organisations: sent in, reviewed, replaced, reminded of; and the notices that tell of it."""

import datetime as dt

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from tests.factories import identity as make
from zhenxue.identity.data import DocumentKind, DocumentState
from zhenxue.identity.models import Account, Organisation, OrganisationDocument
from zhenxue.identity.operations import documents
from zhenxue.identity.queries.documents import document_claims
from zhenxue.kernel import storage
from zhenxue.kernel.errors import Conflict, Invalid, NotFound, Refused
from zhenxue.notices.models import Notice

pytestmark = pytest.mark.django_db
PDF = b"%PDF-1.7 specimen"
TODAY = dt.date(2026, 3, 2)


def add(
    actor: make.Actor,
    *,
    kind: str = DocumentKind.SCHOOL,
    until: dt.date | None = None,
    content: bytes = PDF,
    title: str = "",
) -> OrganisationDocument:
    return documents.add_document(
        actor=actor,
        organisation_id=actor.organisation_id or 0,
        fields=documents.DocumentFields(kind, "教民 37150201号", "", None, until),
        file_name="许可证.pdf",
        content=content,
        now=make.NOW,
    )


def titles(actor: make.Actor) -> list[str]:
    return list(Notice.objects.filter(account_id=actor.account_id).order_by("pk").values_list("title", flat=True))


def test_a_paper_is_reviewed_by_the_operator_and_its_owner_is_told() -> None:
    manager, operator = make.make_provider(), make.make_operator()
    row = add(manager)
    assert [claim.sha256 for claim in document_claims() if claim.owner == f"document:{row.pk}"] == [row.sha256]
    assert storage.full_path(row.path).read_bytes() == PDF
    with pytest.raises(Refused):
        documents.review_document(actor=manager, document_id=row.pk, accepted=True, note="", now=make.NOW)
    with pytest.raises(Invalid, match="原因"):
        documents.review_document(actor=operator, document_id=row.pk, accepted=False, note="", now=make.NOW)
    documents.review_document(actor=operator, document_id=row.pk, accepted=False, note="印章看不清楚", now=make.NOW)
    assert titles(manager) == ["资质材料被退回"]
    assert Account.objects.get(pk=manager.account_id).unread == 1
    again = add(manager)
    row.refresh_from_db()
    assert row.state == DocumentState.REPLACED
    documents.review_document(actor=operator, document_id=again.pk, accepted=True, note="", now=make.NOW)
    with pytest.raises(Conflict, match="已通过"):
        documents.review_document(actor=operator, document_id=again.pk, accepted=True, note="", now=make.NOW)
    newer = add(manager)
    again.refresh_from_db()
    assert again.state == DocumentState.ACCEPTED, "what holds, holds until its successor is accepted"
    documents.review_document(actor=operator, document_id=newer.pk, accepted=True, note="", now=make.NOW)
    again.refresh_from_db()
    assert again.state == DocumentState.REPLACED


def test_wrong_fields_are_answered_and_nothing_is_kept() -> None:
    manager, other = make.make_provider(), make.make_provider()
    for fields, content, wrong in (
        (documents.DocumentFields("school", "1", valid_until=dt.date(2020, 1, 1)), PDF, {"number", "valid_until"}),
        (documents.DocumentFields("other", "无编号"), PDF, {"title"}),
        (documents.DocumentFields("nothing", "无编号"), b"<html>", {"kind", "file"}),
    ):
        with pytest.raises(Invalid) as caught:
            documents.add_document(
                actor=manager,
                organisation_id=manager.organisation_id or 0,
                fields=fields,
                file_name="x",
                content=content,
                now=make.NOW,
            )
        assert set(caught.value.fields) == wrong
    with pytest.raises(NotFound):
        documents.add_document(
            actor=other,
            organisation_id=manager.organisation_id or 0,
            fields=documents.DocumentFields("school", "无编号"),
            file_name="x",
            content=PDF,
            now=make.NOW,
        )
    assert not OrganisationDocument.objects.filter(organisation_id=manager.organisation_id).exists()


def test_owners_are_reminded_once_at_each_distance_and_after_the_end() -> None:
    manager, operator = make.make_provider(), make.make_operator()
    row = add(manager, until=TODAY + dt.timedelta(days=61))
    add(manager, kind=DocumentKind.RECORD, until=TODAY + dt.timedelta(days=5))  # never accepted: nobody is reminded
    documents.review_document(actor=operator, document_id=row.pk, accepted=True, note="", now=make.NOW)
    Notice.objects.all().delete()
    seen = []
    for day in range(70):
        now = make.NOW + dt.timedelta(days=day)
        for _ in range(2):
            documents.remind_expiring(now=now)
        seen.append(len(titles(manager)))
    changes = [day for day in range(1, 70) if seen[day] != seen[day - 1]]
    assert changes == [1, 31, 54, 62]
    assert titles(manager)[-1] == "资质材料已过期"


def test_a_provider_sends_a_paper_and_the_operator_sees_it_wait() -> None:
    manager, operator = make.make_provider(), make.make_operator()
    client, other = make.client_for(manager), make.client_for(operator)
    address = f"/organisations/{manager.organisation_id}/documents/"
    empty = client.post(f"{address}new/", {})
    assert empty.status_code == 422
    form = {"kind": "school", "number": "教民1号", "valid_until": "2099-01-01"}
    sent = client.post(f"{address}new/", {**form, "file": SimpleUploadedFile("证.pdf", PDF)})
    assert sent.status_code == 302, sent.content.decode()[:3000]
    row = OrganisationDocument.objects.get(organisation_id=manager.organisation_id)
    page = other.get("/documents/?state=waiting").content.decode()
    assert Organisation.objects.get(pk=manager.organisation_id).name in page
    file = other.get(f"/documents/{row.pk}/file/")
    assert (file.headers["Content-Type"], b"".join(file.streaming_content)) == ("application/pdf", PDF)  # type: ignore[attr-defined]  # a stream
    assert client.post(f"/documents/{row.pk}/review/", {"verdict": "accept"}).status_code == 403
    other.post(f"/documents/{row.pk}/review/", {"verdict": "accept"})
    assert "已通过" in client.get(address).content.decode()
    stranger = make.client_for(make.make_provider())
    assert stranger.get(f"/documents/{row.pk}/file/").status_code == 404
    assert "1 条未读" in client.get("/people/").content.decode()
    notice = Notice.objects.get(account_id=manager.account_id)
    assert stranger.post(f"/notices/{notice.pk}/open/").status_code == 404
    assert client.post(f"/notices/{notice.pk}/open/").headers["Location"] == address
    assert "1 条未读" not in client.get("/notices/").content.decode()
