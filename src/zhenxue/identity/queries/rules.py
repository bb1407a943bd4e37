"""The numbers in force, by region and day."""

import datetime as dt

from django.db.models import Q, QuerySet
from django.db.models.functions import Length

from zhenxue.identity.data import Rule, Rules
from zhenxue.identity.models import RuleSet
from zhenxue.kernel.errors import NotFound


def get_rules(*, region_code: str, on: dt.date) -> Rules:
    """The rule set in force on a day for a region: the nearest region upward that has one, its newest version.

    Raises ``NotFound`` where no region up to the province has a rule set for that day. One query.
    """
    prefixes = [region_code[:length] for length in (2, 4, 6) if len(region_code) >= length]
    row = (
        in_force(on)
        .filter(region_id__in=prefixes)
        .annotate(depth=Length("region_id"))
        .order_by("-depth", "-valid_from", "-pk")
        .first()
    )
    if row is None:
        raise NotFound(
            "identity.no_rules", f"地区 {region_code} 在 {on:%Y-%m-%d} 没有生效的规则，请平台管理员先导入规则。"
        )
    return rules_of(row)


def in_force(on: dt.date) -> "QuerySet[RuleSet]":
    """All rule sets in force on a day, with their region."""
    running = Q(valid_until__isnull=True) | Q(valid_until__gt=on)
    return RuleSet.objects.filter(running, valid_from__lte=on).select_related("region")


def list_rule_sets() -> list[Rules]:
    """Every rule set known, newest first, for the page of rules."""
    rows = RuleSet.objects.select_related("region").order_by("region_id", "-valid_from", "-pk")
    return [rules_of(row) for row in rows]


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
    )
