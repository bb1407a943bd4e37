"""Occupations and standards."""

import re

from django.db.models import Count, Q, QuerySet

from zhenxue.catalogue.data import StandardKind
from zhenxue.catalogue.models import Occupation, Point, Standard
from zhenxue.identity.data import Actor, Role
from zhenxue.kernel.errors import NotFound

CODE = re.compile(r"\d(-\d{1,2}){0,3}-?", re.ASCII)
LEVEL_LABELS = {"major": "大类", "middle": "中类", "minor": "小类", "unit": "职业"}


def find_occupation(code: str) -> Occupation | None:
    """The occupation (any level) of a code, or ``None``."""
    return Occupation.objects.filter(pk=code.strip()).first()


def search_occupations(text: str, *, limit: int = 20, units_only: bool = True) -> list[Occupation]:
    """Occupations whose code begins with the text or whose name holds it; the closest names first."""
    rows = Occupation.objects.filter(level="unit") if units_only else Occupation.objects.all()
    text = text.strip()[:60]
    if not text:
        return []
    if CODE.fullmatch(text):
        return list(rows.filter(code__startswith=text).order_by("code")[:limit])
    for word in text.split():
        rows = rows.filter(name__icontains=word)
    found = list(rows.order_by("code")[: limit * 5])
    found.sort(key=lambda one: (one.name != text, not one.name.startswith(text), len(one.name), one.code))
    return found[:limit]


def visible_occupations() -> QuerySet[Occupation]:
    """The whole classification; it is public."""
    return Occupation.objects.select_related("parent")


def visible_standards(actor: Actor) -> QuerySet[Standard]:
    """Public ones for everybody of the staff; an organisation's own for its people, its bureaus and the operator."""
    rows = Standard.objects.select_related("occupation", "organisation").annotate(point_count=Count("points"))
    if actor.is_operator or actor.role is Role.SYSTEM:
        return rows
    public = Q(organisation__isnull=True)
    if actor.is_bureau and actor.region_code:
        return rows.filter(public | Q(organisation__region__code__startswith=actor.region_code))
    if actor.organisation_id and not actor.is_learner:
        return rows.filter(public | Q(organisation_id=actor.organisation_id))
    return rows.none()


def get_standard(actor: Actor, standard_id: int) -> Standard:
    """A visible standard, or ``NotFound``."""
    found = visible_standards(actor).filter(pk=standard_id).first()
    if found is None:
        raise NotFound("catalogue.standard_not_found", "没有找到这个标准，或您没有查看权限。")
    return found


def find_standard(standard_id: int | None) -> Standard | None:
    """A standard by id, for pages that have checked the right on what names it."""
    return Standard.objects.filter(pk=standard_id).first() if standard_id else None


def list_points(standard_id: int | None) -> list[Point]:
    """The points of a standard in its own order."""
    return list(Point.objects.filter(standard_id=standard_id).order_by("position")) if standard_id else []


def standard_choices(actor: Actor) -> list[tuple[int, str]]:
    """Id and label of what an author may arrange a course by."""
    rows = visible_standards(actor).order_by("kind", "name")
    return [(one.pk, f"{one.name}（{StandardKind(one.kind).label}，{one.code}）") for one in rows]


def points_called(actor: Actor, text: str) -> list[Point]:
    """The points of visible standards that a person names by code, title, or both as lists show them; ten at most."""
    text = text.strip()
    if not text:
        return []
    code = text.split()[0]
    standards = visible_standards(actor).order_by().values("pk")
    found = Point.objects.filter(standard__in=standards).filter(Q(code__iexact=code) | Q(title=text))
    exact = [one for one in found.order_by("pk")[:50] if text in {one.code, one.title, str(one)}]
    return exact[:10]
