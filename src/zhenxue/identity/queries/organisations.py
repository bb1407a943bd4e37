"""Regions and organisations as an actor may see them."""

from collections.abc import Collection

from django.db.models import Q, QuerySet

from zhenxue.identity.data import Actor, OrganisationKind, OrganisationState
from zhenxue.identity.models import Organisation, Region
from zhenxue.kernel.errors import NotFound


def visible_organisations(actor: Actor) -> QuerySet[Organisation]:
    """The operator and the system all; a bureau its region (and bureaus above it); others their own; learners none."""
    rows = Organisation.objects.select_related("region")
    if actor.is_operator or actor.role == "system":
        return rows
    if actor.is_bureau and actor.region_code:
        above = [actor.region_code[:length] for length in (2, 4) if length < len(actor.region_code)]
        upward = Q(kind=OrganisationKind.BUREAU, region_id__in=above)
        return rows.filter(Q(region__code__startswith=actor.region_code) | upward)
    if actor.organisation_id:
        return rows.filter(pk=actor.organisation_id)
    return rows.none()


def get_visible_organisation(actor: Actor, organisation_id: int) -> Organisation:
    """One organisation, or ``NotFound`` whether it is missing or out of sight."""
    found = visible_organisations(actor).filter(pk=organisation_id).first()
    if found is None:
        raise NotFound("identity.organisation_not_found", "没有找到该机构，或您没有查看权限。")
    return found


def get_organisation(organisation_id: int) -> Organisation:
    """One organisation by id, for other apps that have checked the right themselves."""
    found = Organisation.objects.select_related("region").filter(pk=organisation_id).first()
    if found is None:
        raise NotFound("identity.organisation_not_found", "没有找到该机构。")
    return found


def find_organisation_by_uscc(uscc: str) -> Organisation | None:
    return Organisation.objects.select_related("region").filter(uscc=uscc).first()


def list_organisations(
    *, kind: OrganisationKind | str | None = None, region_code: str = "", verified_only: bool = False
) -> list[Organisation]:
    """Organisations of a kind within a region (prefix), by name."""
    rows = Organisation.objects.select_related("region").order_by("region_id", "name")
    if kind:
        rows = rows.filter(kind=kind)
    if region_code:
        rows = rows.filter(region__code__startswith=region_code)
    if verified_only:
        rows = rows.filter(state=OrganisationState.VERIFIED)
    return list(rows)


def bureau_of(region_code: str) -> Organisation:
    """The bureau bound to exactly this region; raises ``NotFound`` when none is registered."""
    rows = Organisation.objects.select_related("region").filter(kind=OrganisationKind.BUREAU, region_id=region_code)
    found = rows.order_by("pk").first()
    if found is None:
        raise NotFound("identity.no_bureau", f"地区 {region_code} 还没有登记人社部门，请联系平台管理员。")
    return found


def find_region(code: str) -> Region | None:
    return Region.objects.filter(pk=code).first()


def list_regions(*, within: str = "") -> list[Region]:
    """Regions whose code starts with the given one, by code."""
    return list(Region.objects.filter(code__startswith=within).order_by("code"))


def region_path(code: str) -> str:
    """``山东省聊城市东昌府区`` for ``371502``. One query."""
    codes = [code[:length] for length in (2, 4, 6) if len(code) >= length]
    return "".join(Region.objects.filter(pk__in=codes).order_by("code").values_list("name", flat=True))


def within_region(rows: QuerySet[Organisation], code: str) -> QuerySet[Organisation]:
    """Narrowed to a region and everything below it."""
    return rows.filter(region__code__startswith=code)


def list_regions_in_use(actor: Actor) -> list[tuple[str, str]]:
    """Code and name of the regions in which the actor sees organisations, for a filter. One query."""
    rows = visible_organisations(actor).order_by("region_id").values_list("region_id", "region__name").distinct()
    return [(str(code), str(name)) for code, name in rows]


def region_choices(actor: Actor) -> list[tuple[str, str]]:
    """Regions in which the actor may register organisations, each with the name of the city above it. One query."""
    within = actor.region_code if actor.is_bureau else actor.region_code[:2]
    rows = Region.objects.filter(code__startswith=within).select_related("parent").order_by("code")
    return [(one.code, f"{one.parent.name} {one.name}" if one.parent else one.name) for one in rows]


def region_codes_of(organisation_ids: Collection[int]) -> list[str]:
    """The regions of some organisations; no query for none."""
    if not organisation_ids:
        return []
    return list(Organisation.objects.filter(pk__in=organisation_ids).values_list("region_id", flat=True))
