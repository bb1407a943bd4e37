"""Submitted self-tests against the log."""

from collections.abc import Iterator
from typing import Any

from zhenxue.evidence import api as evidence
from zhenxue.study.models import SelfTest


def check_self_tests() -> Iterator[evidence.Finding]:
    """Every submitted self-test against its entry in the log: answers, score and result."""
    logged: dict[int, tuple[int, bool, Any]] = {}
    for entry in evidence.iterate_bodies(kinds=("study.self_test",)):
        body = entry.body
        logged[body["attempt"]] = (body["percent"], body["passed"], body["answers"])
    for row in SelfTest.objects.order_by("pk").iterator():
        proven = logged.pop(row.pk, None)
        if proven != (row.percent, row.passed, row.answers):
            says = f"{proven[0]} 分" if proven else "没有"
            text = f"study_selftest：第 {row.pk} 号自测记为 {row.percent} 分，与存证（{says}）不一致"
            yield evidence.Finding(evidence.Fault.PROJECTION, text)
    for number in logged:
        yield evidence.Finding(evidence.Fault.PROJECTION, f"study_selftest：第 {number} 号自测的记录缺失，存证里有")
