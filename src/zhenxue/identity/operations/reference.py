"""Replace-by-import of reference data: regions and rule sets. Both are idempotent and answer every row."""

import csv
import datetime as dt
import io
import tomllib
from typing import Any

from django.db import transaction
from django.db.models import ProtectedError

from zhenxue.identity.data import RegionLevel, RowAnswer
from zhenxue.identity.models import Organisation, Region, RuleSet
from zhenxue.kernel.errors import Invalid

LEVEL_OF_LENGTH = {2: RegionLevel.PROVINCE, 4: RegionLevel.CITY, 6: RegionLevel.COUNTY}
#: The numbers that every rule set must give; others are kept as they are.
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


def load_regions(*, text: str, only: str = "") -> list[RowAnswer]:
    """Make the table of regions equal to a CSV (``code,name,…,parent``), whole or nothing.

    A region missing from the file is deleted unless something still points at it (then it is ``kept``). ``only`` limits
    the load to codes that start with it and to the divisions above them, and deletes nothing. Raises ``Invalid`` when a
    row does not fit; the message names the row.
    """
    wanted = _read_regions(text)
    if only:
        wanted = {code: row for code, row in wanted.items() if code.startswith(only) or only.startswith(code)}
    answers: list[RowAnswer] = []
    with transaction.atomic():
        present = {region.code: region for region in Region.objects.all()}
        fresh: list[Region] = []
        for code, (number, name, parent) in sorted(wanted.items(), key=lambda item: (len(item[0]), item[0])):
            region = Region(code=code, name=name, level=LEVEL_OF_LENGTH[len(code)], parent_id=parent or None)
            before = present.get(code)
            if before is None:
                fresh.append(region)
                answers.append(RowAnswer(number, code, "created"))
            elif (before.name, before.level, before.parent_id) != (region.name, region.level, region.parent_id):
                region.save(force_update=True)
                answers.append(RowAnswer(number, code, "updated", f"原名 {before.name}"))
            else:
                answers.append(RowAnswer(number, code, "unchanged"))
        Region.objects.bulk_create(fresh, batch_size=500)
        if not only:
            answers += [_drop(code) for code in sorted(present.keys() - wanted.keys(), key=len, reverse=True)]
    return answers


def load_rules(*, text: str, now: dt.datetime) -> list[RowAnswer]:
    """Add or replace rule sets from TOML (``[[rule_set]]``), whole or nothing; other versions stay.

    Raises ``Invalid`` for a broken file, an unknown region, a missing key, a number that is none, or a missing source.
    """
    try:
        sets = tomllib.loads(text).get("rule_set", [])
    except tomllib.TOMLDecodeError as error:
        raise Invalid("identity.rules_file", f"规则文件不是有效的 TOML：{error}") from error
    if not isinstance(sets, list) or not sets:
        raise Invalid("identity.rules_file", "规则文件里没有 [[rule_set]]。")
    with transaction.atomic():
        return [_load_rule_set(number, one, now) for number, one in enumerate(sets, start=1)]


def _read_regions(text: str) -> dict[str, tuple[int, str, str]]:
    rows = csv.DictReader(io.StringIO(text.lstrip("\ufeff")))
    if not {"code", "name", "parent"} <= set(rows.fieldnames or []):
        raise Invalid("identity.regions_file", "地区文件缺少表头 code、name、parent。")
    wanted: dict[str, tuple[int, str, str]] = {}
    problems: list[str] = []
    for number, row in enumerate(rows, start=2):
        code, name, parent = ((row.get(key) or "").strip() for key in ("code", "name", "parent"))
        if len(code) not in LEVEL_OF_LENGTH or not (code.isascii() and code.isdigit()) or not name:
            problems.append(f"第{number}行：代码应为2、4或6位数字，名称不能为空。")
        elif code in wanted:
            problems.append(f"第{number}行：代码 {code} 重复。")
        elif parent and (len(parent) >= len(code) or not code.startswith(parent)):
            problems.append(f"第{number}行：上级代码 {parent} 不是 {code} 的前缀。")
        else:
            wanted[code] = (number, name, parent)
    for code, (number, _, parent) in wanted.items():
        if parent and parent not in wanted:
            problems.append(f"第{number}行：{code} 的上级 {parent} 不在文件里。")
    if problems:
        raise Invalid("identity.regions_file", "地区文件有误，没有导入。" + "".join(problems[:20]))
    return wanted


def _drop(code: str) -> RowAnswer:
    in_use = (
        Organisation.objects.filter(region_id=code).exists()
        or RuleSet.objects.filter(region_id=code).exists()
        or Region.objects.filter(parent_id=code).exists()
    )
    if not in_use:
        try:
            with transaction.atomic():
                Region.objects.filter(pk=code).delete()
        except ProtectedError:
            in_use = True
    if in_use:
        return RowAnswer(0, code, "kept", "文件里没有，但仍在使用，保留")
    return RowAnswer(0, code, "deleted", "文件里没有，已删除")


def _load_rule_set(number: int, one: dict[str, Any], now: dt.datetime) -> RowAnswer:
    where = f"第{number}个 rule_set："
    region = Region.objects.filter(pk=str(one.get("region", ""))).first()
    if region is None:
        raise Invalid("identity.rules_file", f"{where}地区 {one.get('region')} 不存在，请先导入地区。")
    version, source, valid_from = one.get("version"), one.get("source"), one.get("valid_from")
    if not version or not source or not isinstance(valid_from, dt.date):
        raise Invalid("identity.rules_file", f"{where}须写明 version、source 和 valid_from。")
    rules = one.get("rules", {})
    missing = [key for key in RULE_KEYS if key not in rules]
    if missing:
        raise Invalid("identity.rules_file", f"{where}缺少 {'、'.join(missing)}。")
    for key, rule in rules.items():
        if type(rule.get("value")) is not int or rule["value"] < 0 or not rule.get("source"):
            raise Invalid("identity.rules_file", f"{where}{key} 须有非负整数 value 和来源 source。")
    values = {
        "valid_from": valid_from,
        "valid_until": one.get("valid_until"),
        "source": str(source),
        "rules": rules,
    }
    key = f"{region.code} {version}"
    before = RuleSet.objects.filter(region=region, version=version).first()
    if before is None:
        RuleSet.objects.create(region=region, version=str(version), created_at=now, **values)
        return RowAnswer(number, key, "created")
    if all(getattr(before, name) == value for name, value in values.items()):
        return RowAnswer(number, key, "unchanged")
    RuleSet.objects.filter(pk=before.pk).update(**values)
    return RowAnswer(number, key, "updated", "已开班的班期仍按备案时冻结的数值执行")
