"""The numbers of today in force for the whole of the demo's past, so that its cohorts show what today's rules ask."""

import datetime as dt

from zhenxue.identity import api as identity
from zhenxue.kernel import clock

REGION = "3715"
VERSION = "演示"
SOURCE = "演示城市：沿用现行执行规则，提前生效"


def bring_forward(since: dt.date, now: dt.datetime) -> None:
    """Loads the present rule set once more as a version of the demo that began on ``since``; again changes nothing."""
    rules = identity.get_rules(region_code=REGION, on=clock.civil_day(now))
    if rules.valid_from <= since:
        return
    lines = [
        f"[[rule_set]]\nregion = {_quoted(REGION)}\nversion = {_quoted(VERSION)}\nvalid_from = {since.isoformat()}",
        f"source = {_quoted(SOURCE)}\n[rule_set.rules]",
    ]
    for key, rule in rules.rules.items():
        words = f"unit = {_quoted(rule.unit)}, label = {_quoted(rule.label)}, source = {_quoted(rule.source)}"
        lines.append(f"{key} = {{ value = {rule.value}, {words} }}")
    identity.load_rules(text="\n".join(lines), now=now)


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
