"""Writes docs/reference/signals.md: every registered rule of ``integrity``, read from the registry.

``--check`` writes nothing and fails when the page is not what the rules say.
"""

import os
import sys
from collections.abc import Iterator

import django

from scripts.generated import ROOT, write_or_check

PAGE = ROOT / "docs" / "reference" / "signals.md"
HEAD = """# Signals

Written by `make diagrams` from the registry in `src/zhenxue/integrity/rules`; do not edit by hand.

A rule finds something strange and writes it down once, with its evidence. It decides nothing: weights are added up so
that a person looks (docs/explanation/due-process.md). A change of a weight or a number is a new version of the rule; a
signal keeps the version it was noted under. How often a rule counts within one incident is bounded (最多计几次).
"""


def page() -> str:
    """The whole page."""
    from zhenxue.integrity import rules  # models are not loaded before django.setup()

    parts = [HEAD, "## 立案 · when signals become an incident\n", *_gathering(), ""]
    for rule in rules.all_rules():
        parts += [f"## `{rule.key}` {rule.label}\n", *_lines(rule), ""]
    return "\n".join(parts).rstrip() + "\n"


def _gathering() -> Iterator[str]:
    from zhenxue.integrity import rules

    yield "| 类型 | 立案分值 | 合并天数 | 版本 | 理由 |"
    yield "|---|---|---|---|---|"
    for kind, one in rules.GATHERING.items():
        yield f"| {kind.label} `{kind.value}` | {one.threshold} | {one.window_days} | {one.version} | {one.why} |"


def _lines(rule: object) -> Iterator[str]:
    from zhenxue.integrity.rules import Rule

    if not isinstance(rule, Rule):
        raise TypeError(rule)
    yield "| | |"
    yield "|---|---|"
    yield f"| 看什么 | {rule.looks_at}（{rule.looks.value}） |"
    yield f"| 指向 | {rule.points_to.label}{f'；考试中：{rule.in_exam.label}' if rule.in_exam else ''} |"
    yield f"| 权重 | {rule.weight} 分，一件核查里最多计 {rule.most} 次{'，按全班立案' if rule.class_wide else ''} |"
    if rule.numbers:
        numbers = "，".join(f"`{name}` = {value}" for name, value in rule.numbers.items())
        yield f"| 数值 | {numbers} |"
    yield f"| 为什么这样定 | {rule.why} |"
    yield f"| 也可能是 | {rule.against} |"
    yield f"| 版本 | {rule.version} |"


def main(arguments: list[str]) -> int:
    """Write the page, or with ``--check`` compare it; 1 when it is stale."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "zhenxue.config.settings")
    django.setup()
    return write_or_check(PAGE, page(), arguments, command="make diagrams")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
