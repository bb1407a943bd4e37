"""Papers of organisations as an actor may see them."""

import datetime as dt
from collections.abc import Iterator

from django.db.models import QuerySet

from zhenxue.identity.data import Actor, DocumentKind, DocumentState
from zhenxue.identity.models import OrganisationDocument
from zhenxue.identity.queries.organisations import visible_organisations
from zhenxue.kernel import storage
from zhenxue.kernel.errors import NotFound


def visible_documents(actor: Actor) -> QuerySet[OrganisationDocument]:
    """Of organisations in sight."""
    rows = OrganisationDocument.objects.select_related("organisation")
    return rows.filter(organisation_id__in=visible_organisations(actor).values("pk"))


def get_visible_document(actor: Actor, document_id: int) -> OrganisationDocument:
    found = visible_documents(actor).filter(pk=document_id).first()
    if found is None:
        raise NotFound("identity.no_document", "没有找到这份材料，或您没有查看权限。")
    return found


def documents_of(actor: Actor, organisation_id: int) -> QuerySet[OrganisationDocument]:
    return visible_documents(actor).filter(organisation_id=organisation_id).order_by("kind", "-pk")


def has_accepted_licence(organisation_id: int) -> bool:
    rows = OrganisationDocument.objects.filter(organisation_id=organisation_id, kind=DocumentKind.LICENCE)
    return rows.filter(state=DocumentState.ACCEPTED).exists()


def ending_before(day: dt.date) -> list[OrganisationDocument]:
    """Accepted papers that end by the day."""
    rows = OrganisationDocument.objects.filter(state=DocumentState.ACCEPTED, valid_until__lte=day)
    return list(rows.order_by("valid_until", "pk"))


def within_days(rows: "QuerySet[OrganisationDocument]", today: dt.date, days: str) -> "QuerySet[OrganisationDocument]":
    """For a list: accepted papers that end within so many days; ``over``: those that ended."""
    rows = rows.filter(state=DocumentState.ACCEPTED)
    if days == "over":
        return rows.filter(valid_until__lt=today)
    return rows.filter(valid_until__gte=today, valid_until__lte=today + dt.timedelta(days=int(days)))


def document_claims() -> Iterator[storage.Claim]:
    """Every file that a row says is there."""
    for pk, path, sha256 in OrganisationDocument.objects.order_by("pk").values_list("pk", "path", "sha256"):
        yield storage.Claim(path, f"document:{pk}", None, sha256)
