"""The numbers a cohort runs by, told with their sources."""

from dataclasses import dataclass
from datetime import datetime

from zhenxue.identity import api as identity
from zhenxue.identity.data import RULE_FIELD_OF, Rule, RuleGroup, Rules, rules_by_group
from zhenxue.kernel import clock
from zhenxue.kernel.errors import NotFound
from zhenxue.training.data import LATER_RULES
from zhenxue.training.models import Cohort

LATER_SOURCE = "备案时还没有这一项，按平台默认值执行"
FROZEN_SOURCE = "备案通过时冻结的数值"


@dataclass(frozen=True, slots=True)
class CohortRules:
    """Groups of numbers with sources; ``rule_set`` is the version they come from, ``None`` where none is known.

    ``frozen`` says that they no longer change; before approval they are what would be frozen today.
    """

    groups: list[tuple[RuleGroup, list[Rule]]]
    rule_set: Rules | None
    frozen: bool
    kind_label: str


def explain_rules(cohort: Cohort, now: datetime) -> CohortRules:
    """Every number that ``rules_of`` gives, with the clause or words it stands on. One query."""
    frozen = bool(cohort.rules)
    rule_set = _rule_set_of(cohort, now)
    known = rule_set.rules if rule_set else {}
    values = dict(cohort.rules) if frozen else {key: rule.value for key, rule in known.items()}
    rules = {key: _rule(key, value, known.get(key), FROZEN_SOURCE) for key, value in values.items()}
    for key, value in LATER_RULES.items():
        rules.setdefault(key, _rule(key, value, None, LATER_SOURCE))
    kind = rule_set.programme_kind if rule_set else ""
    return CohortRules(rules_by_group(rules), rule_set, frozen, identity.kind_label(kind))


def _rule_set_of(cohort: Cohort, now: datetime) -> Rules | None:
    """The version that was frozen; in cohorts from before it was noted, the one in force on the day of approval."""
    if cohort.rule_set_id:
        return identity.find_rule_set(cohort.rule_set_id)
    day = clock.civil_day((cohort.decided_at or now) if cohort.rules else now)
    try:
        return identity.get_rules(region_code=cohort.region_id, on=day, programme_kind=cohort.programme.kind)
    except NotFound:
        return None


def _rule(key: str, value: int, known: Rule | None, otherwise: str) -> Rule:
    """The number with its words; the source of a rule set is given only to the number that it really sets."""
    if known is not None and known.value == value:
        return known
    words = RULE_FIELD_OF.get(key)
    return Rule(key, value, words.unit if words else "", otherwise, words.label if words else key)
