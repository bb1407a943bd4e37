"""The numbers in force, by region, kind of programme and day; the rule sets as their keepers see them."""

import datetime as dt
from collections.abc import Iterable

from django.db.models import Q, QuerySet
from django.db.models.functions import Length

from zhenxue.identity.data import Actor, Role, Rule, RuleChange, Rules
from zhenxue.identity.models import RuleSet
from zhenxue.kernel.errors import NotFound

#: Kinds of programme a rule set may be for, as an upper room knows them: stored word and label.
_programme_kinds: dict[str, str] = {}


def register_programme_kinds(choices: Iterable[tuple[str, str]]) -> None:
    """Called once by the room that owns programmes; the words are what ``get_rules`` is asked with."""
    _programme_kinds.update(choices)


def programme_kinds() -> list[tuple[str, str]]:
    """Every kind a rule set may be for, all kinds first."""
    return [("", "全部类别"), *_programme_kinds.items()]


def kind_label(programme_kind: str) -> str:
    return dict(programme_kinds()).get(programme_kind, programme_kind)


def get_rules(*, region_code: str, on: dt.date, programme_kind: str = "") -> Rules:
    """The rule set in force on a day: of the nearest region upward that has one, of exactly this kind of programme
    before that of all kinds, and of these the newest.

    Raises ``NotFound`` where no region up to the province has a rule set for that day. One query.
    """
    row = applied_first(region_code=region_code, programme_kind=programme_kind, on=on).first()
    if row is None:
        raise NotFound(
            "identity.no_rules", f"地区 {region_code} 在 {on:%Y-%m-%d} 没有生效的规则，请平台管理员先导入规则。"
        )
    return rules_of(row)


def applied_first(*, region_code: str, programme_kind: str, on: dt.date) -> "QuerySet[RuleSet]":
    """The rule sets that could apply to a place and kind on a day, the one that does first."""
    return _nearest(in_force(on), region_code, programme_kind)


def in_force(on: dt.date) -> "QuerySet[RuleSet]":
    """All rule sets valid on a day, with their region; which one applies where is said by ``get_rules``."""
    running = Q(valid_until__isnull=True) | Q(valid_until__gt=on)
    return RuleSet.objects.filter(running, valid_from__lte=on).select_related("region")


def list_rule_sets() -> list[Rules]:
    """Every rule set known, newest first, for the page of rules."""
    rows = RuleSet.objects.select_related("region").order_by("region_id", "programme_kind", "-valid_from", "-pk")
    return [rules_of(row) for row in rows]


def applied_on(day: dt.date, sets: Iterable[Rules]) -> list[Rules]:
    """Of rule sets in the order of ``list_rule_sets``, those that apply on a day: the newest of each region and
    kind."""
    found: dict[tuple[str, str], Rules] = {}
    for one in sets:
        if one.valid_from <= day and (one.valid_until is None or one.valid_until > day):
            found.setdefault((one.region_code, one.programme_kind), one)
    return list(found.values())


def visible_rule_sets(actor: Actor) -> QuerySet[RuleSet]:
    """The operator all; a bureau those of its region, of the regions below and above it; others none here (the page of
    rules in force is public)."""
    rows = RuleSet.objects.select_related("region")
    if actor.is_operator or actor.role is Role.SYSTEM:
        return rows
    if actor.is_bureau and actor.region_code:
        above = [actor.region_code[:length] for length in (2, 4) if length < len(actor.region_code)]
        return rows.filter(Q(region__code__startswith=actor.region_code) | Q(region_id__in=above))
    return rows.none()


def get_visible_rule_set(actor: Actor, rule_set_id: int) -> RuleSet:
    found = visible_rule_sets(actor).filter(pk=rule_set_id).first()
    if found is None:
        raise NotFound("identity.rules_not_found", "没有找到这个版本的规则，或您没有查看权限。")
    return found


def find_rule_set(rule_set_id: int | None) -> Rules | None:
    """A stored rule set by its id, e.g. the one a cohort was frozen with."""
    row = RuleSet.objects.select_related("region").filter(pk=rule_set_id or 0).first()
    return rules_of(row) if row else None


def find_rules_before(row: RuleSet) -> Rules | None:
    """What applied to this region and kind before a rule set came: its own older version, else what it inherited."""
    older = (
        RuleSet.objects.select_related("region")
        .filter(Q(valid_from__lt=row.valid_from) | Q(valid_from=row.valid_from, pk__lt=row.pk))
        .exclude(pk=row.pk)
    )
    before = _nearest(older, row.region_id, row.programme_kind).first()
    return rules_of(before) if before else None


def compare(after: Rules, before: Rules | None) -> list[RuleChange]:
    """Every number of a rule set beside the one before, and at the end the numbers that are gone."""
    known = before.rules if before else {}
    changes = [RuleChange(rule, known.get(rule.key)) for _, rules in after.groups for rule in rules]
    gone = [RuleChange(rule, rule, gone=True) for key, rule in known.items() if key not in after.rules]
    return [*changes, *gone]


def rules_of(row: RuleSet) -> Rules:
    """A stored rule set as the shape that crosses the border."""
    return Rules(
        region_code=row.region_id,
        region_name=row.region.name,
        version=row.version,
        valid_from=row.valid_from,
        valid_until=row.valid_until,
        source=row.source,
        rules={
            key: Rule(key, int(one["value"]), one.get("unit", ""), one.get("source", ""), one.get("label", key))
            for key, one in row.rules.items()
        },
        programme_kind=row.programme_kind,
        pk=row.pk,
    )


def _nearest(rows: QuerySet[RuleSet], region_code: str, programme_kind: str) -> QuerySet[RuleSet]:
    """Narrowed to a region and those above it and to a kind and that of all kinds, the one that applies first."""
    prefixes = [region_code[:length] for length in (2, 4, 6) if len(region_code) >= length]
    return (
        rows.filter(region_id__in=prefixes, programme_kind__in=["", programme_kind])
        .annotate(depth=Length("region_id"), exact=Length("programme_kind"))
        .order_by("-depth", "-exact", "-valid_from", "-pk")
    )
