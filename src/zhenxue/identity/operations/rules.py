"""Rule sets: issued by those who answer for a region, or loaded from a file. A number in force is never changed: a
change is a new version with its own day and source."""

import datetime as dt
import tomllib
from collections.abc import Mapping
from typing import Any

from django.db import transaction

from zhenxue.evidence import api as evidence
from zhenxue.identity import policies
from zhenxue.identity.data import RULE_FIELD_OF, RULE_FIELDS, SYSTEM, Actor, RowAnswer, RuleDraft, rule_problems
from zhenxue.identity.errors import RulesInForce
from zhenxue.identity.models import Region, RuleSet
from zhenxue.identity.queries import rules as queries
from zhenxue.identity.queries import verification
from zhenxue.kernel.clock import civil_day
from zhenxue.kernel.errors import Invalid

#: The numbers that every rule set of a file must give, also one from before the others were read; others may be added.
RULE_KEYS = (
    "minutes_per_class_hour",
    "online_share_percent",
    "daily_cap_class_hours",
    "cohort_max_learners",
    "pass_percent",
    "beat_seconds",
    "max_gap_seconds",
    "idle_seconds",
    "max_rate_percent",
    "late_minutes",
    "attendance_close_hours",
    "finish_percent",
    "subsidy_online_percent",
)
LONGEST_SOURCE = 200


def issue_rules(*, actor: Actor, draft: RuleDraft, now: dt.datetime) -> RuleSet:
    """Put a new version of the numbers in force for a region and kind of programme, from its day on.

    Numbers that the platform does not read itself are kept from the rule set that applied before. Cohorts that were
    approved keep theirs. Raises ``Refused`` without the right, ``Invalid`` by field: ``version``, ``valid_from``,
    ``valid_until``, ``source``, ``region``, ``programme_kind``, and ``value_<key>`` and ``source_<key>`` for a number.
    """
    policies.check_can_issue_rules(actor, draft.region_code)
    with transaction.atomic():
        region = Region.objects.select_for_update().filter(pk=draft.region_code).first()
        problems = _draft_problems(draft, region, civil_day(now))
        if problems or region is None:
            raise Invalid("identity.rules", "有几处需要改正，规则还没有发布。", fields=problems)
        made = RuleSet(
            region=region,
            programme_kind=draft.programme_kind,
            version=draft.version.strip(),
            valid_from=draft.valid_from,
            valid_until=draft.valid_until,
            source=draft.source.strip(),
            rules={},
            created_at=now,
        )
        made.rules = _stored(draft, _before(made))
        made.save(force_insert=True)
        _record(made, actor, now)
    return made


def load_rules(*, text: str, now: dt.datetime) -> list[RowAnswer]:
    """Add rule sets from TOML (``[[rule_set]]`` with region, programme_kind, version, valid_from, source, rules).

    A rule set is known by region, kind and version. One that is there already stays as it is when the file says the
    same; its wording (labels) and its last day may change. Raises ``Invalid`` for a faulty file, and for a file (as
    ``RulesInForce``) that changes the numbers or sources of a version that has begun; then nothing is changed.
    """
    try:
        sets = tomllib.loads(text).get("rule_set", [])
    except tomllib.TOMLDecodeError as error:
        raise Invalid("identity.rules_file", f"规则文件不是有效的 TOML：{error}") from error
    if not isinstance(sets, list) or not sets:
        raise Invalid("identity.rules_file", "规则文件里没有 [[rule_set]]。")
    with transaction.atomic():
        return [_load_rule_set(number, one, now) for number, one in enumerate(sets, start=1)]


def _draft_problems(draft: RuleDraft, region: Region | None, today: dt.date) -> dict[str, str]:
    problems: dict[str, str] = {}
    if region is None:
        problems["region"] = "请选择地区。"
    if draft.programme_kind not in dict(queries.programme_kinds()):
        problems["programme_kind"] = "请选择项目类别。"
    if not draft.version.strip():
        problems["version"] = "请填写版本号，例如 2026-1。"
    elif RuleSet.objects.filter(
        region_id=draft.region_code, programme_kind=draft.programme_kind, version=draft.version.strip()
    ).exists():
        problems["version"] = "这个地区和类别已有同名版本，请换一个版本号。"
    if draft.valid_from < today:
        problems["valid_from"] = f"起效日不能早于今天（{today:%Y-%m-%d}）：已经执行过的数值不能倒改。"
    if draft.valid_until is not None and draft.valid_until <= draft.valid_from:
        problems["valid_until"] = "失效日要晚于起效日；没有期限的请留空。"
    if not draft.source.strip():
        problems["source"] = "请写明依据的文件名称和文号。"
    for one in RULE_FIELDS:
        if one.key not in draft.values:
            problems[f"value_{one.key}"] = f"请填写“{one.label}”。"
        if not draft.sources.get(one.key, "").strip():
            problems[f"source_{one.key}"] = "请写明这一项的依据。"
        elif len(draft.sources[one.key]) > LONGEST_SOURCE:
            problems[f"source_{one.key}"] = f"依据最多 {LONGEST_SOURCE} 个字，请写短一些。"
    return problems | {f"value_{key}": words for key, words in rule_problems(draft.values).items()}


def _before(made: RuleSet) -> dict[str, Any]:
    """The stored numbers that applied to the same place on the day before the new ones, words and all."""
    rows = queries.applied_first(region_code=made.region_id, programme_kind=made.programme_kind, on=made.valid_from)
    found = rows.first()
    return dict(found.rules) if found else {}


def _stored(draft: RuleDraft, before: Mapping[str, Any]) -> dict[str, Any]:
    rules = {key: one for key, one in before.items() if key not in RULE_FIELD_OF}
    for one in RULE_FIELDS:
        source = draft.sources[one.key].strip()
        rules[one.key] = {"value": draft.values[one.key], "unit": one.unit, "label": one.label, "source": source}
    return rules


def _load_rule_set(number: int, one: dict[str, Any], now: dt.datetime) -> RowAnswer:
    where = f"第{number}个 rule_set："
    region = Region.objects.filter(pk=str(one.get("region", ""))).first()
    if region is None:
        raise Invalid("identity.rules_file", f"{where}地区 {one.get('region')} 不存在，请先导入地区。")
    version, source, valid_from = one.get("version"), one.get("source"), one.get("valid_from")
    if not version or not source or not isinstance(valid_from, dt.date):
        raise Invalid("identity.rules_file", f"{where}须写明 version、source 和 valid_from。")
    kind = str(one.get("programme_kind", ""))
    if kind not in dict(queries.programme_kinds()):
        raise Invalid("identity.rules_file", f"{where}没有“{kind}”这个项目类别；适用全部类别的不写 programme_kind。")
    rules = _checked_rules(where, one.get("rules", {}))
    wanted = RuleSet(
        region=region,
        programme_kind=kind,
        version=str(version),
        valid_from=valid_from,
        valid_until=one.get("valid_until"),
        source=str(source),
        rules=rules,
        created_at=now,
    )
    key = " ".join(filter(None, (region.code, kind, wanted.version)))
    before = RuleSet.objects.filter(region=region, programme_kind=kind, version=wanted.version).first()
    if before is None:
        wanted.save(force_insert=True)
        _record(wanted, SYSTEM, now)
        return RowAnswer(number, key, "created")
    if _binding(before) == _binding(wanted) and before.valid_until == wanted.valid_until:
        if before.rules == wanted.rules:
            return RowAnswer(number, key, "unchanged")
        RuleSet.objects.filter(pk=before.pk).update(rules=rules)
        return RowAnswer(number, key, "updated", "只改了文字")
    _check_may_change(where, before, wanted, civil_day(now))
    wanted.pk, wanted.created_at = before.pk, before.created_at
    wanted.save(force_update=True)
    _record(wanted, SYSTEM, now)
    return RowAnswer(number, key, "updated", "已开班的班期仍按备案时冻结的数值执行")


def _checked_rules(where: str, rules: dict[str, Any]) -> dict[str, Any]:
    missing = [key for key in RULE_KEYS if key not in rules]
    if missing:
        raise Invalid("identity.rules_file", f"{where}缺少 {'、'.join(missing)}。")
    for key, rule in rules.items():
        if type(rule.get("value")) is not int or rule["value"] < 0 or not rule.get("source"):
            raise Invalid("identity.rules_file", f"{where}{key} 须有非负整数 value 和来源 source。")
    problems = rule_problems({key: rule["value"] for key, rule in rules.items()})
    if problems:
        words = "".join(f"{key}：{text}" for key, text in problems.items())
        raise Invalid("identity.rules_file", where + words)
    return rules


def _check_may_change(where: str, before: RuleSet, wanted: RuleSet, today: dt.date) -> None:
    """A version that has begun keeps its numbers; only its last day may still be set, to one that has not passed."""
    if before.valid_from > today:
        return
    if _binding(before) != _binding(wanted):
        raise RulesInForce(
            "identity.rules_in_force",
            f"{where}版本 {before.version} 自 {before.valid_from:%Y-%m-%d} 起已经执行，数值和依据不能再改。"
            "要调整的，请另写一个 rule_set，用新的 version、valid_from 和 source。",
        )
    if wanted.valid_until is not None and wanted.valid_until < today:
        raise RulesInForce("identity.rules_in_force", f"{where}版本 {before.version} 的失效日不能早于今天。")


def _binding(one: RuleSet) -> tuple[Any, ...]:
    """What a version says with force: its first day, its source, each number with unit and source (not its words)."""
    numbers = {key: (rule["value"], rule.get("unit", ""), rule.get("source", "")) for key, rule in one.rules.items()}
    return one.valid_from, one.source, numbers


def _record(made: RuleSet, actor: Actor, now: dt.datetime) -> None:
    about = [f"organisation:{actor.organisation_id}"] if actor.organisation_id else []
    evidence.record(
        kind="identity.rules_issued",
        actor=actor,
        subject=f"rules:{made.pk}",
        about=about,
        body=verification.rules_body(made),
        now=now,
    )
