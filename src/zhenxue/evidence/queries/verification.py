"""Recomputes the whole log and says what does not fit. Reads only; trusts nothing but the key it is given.

Three parts: the chain itself (``chain``), then every entry against its own text (columns, refs, private values,
erasures), then the living tables by the projections that the apps registered. Runs beside a working sequencer: it
checks up to the newest checkpoint at its start, and what lies below never changes.
"""

import json
from collections.abc import Callable, Sequence

from zhenxue.evidence.data import ERASED, Fault, Finding, list_projections
from zhenxue.evidence.queries.chain import Chain
from zhenxue.evidence.queries.inspection import Inspection, StoredEntry, inspect_entry, iterate_stored
from zhenxue.evidence.queries.keys import checked_ring
from zhenxue.evidence.queries.report import Report
from zhenxue.tlog.notes import Verifier


def verify_log(
    *,
    key: Verifier | None = None,
    kept: Sequence[str] = (),
    progress: Callable[[int, int], None] | None = None,
) -> Report:
    """Checks every entry, number, tile and checkpoint, then the registered projections.

    ``key``: the log's public key, if not the configured one. ``kept``: signed checkpoints that somebody put aside
    earlier; the log must still extend each of them. ``progress(done, size)`` is called now and then.
    """
    report = Report()
    ring, faults = checked_ring(key)
    chain = Chain(ring, kept, report, progress)
    with report.timed("chain"):
        chain.check()
    with report.timed("contents"):
        _Contents(report, chain.edited).check()
    report.findings.extend(faults)
    with report.timed("projections"):
        for name, check in list_projections():
            report.projections += 1
            report.findings.extend(
                Finding(finding.fault, f"［{name}］{finding.text}", finding.number) for finding in check()
            )
    report.findings.sort(key=lambda finding: (finding.number is None, finding.number or 0))
    return report


class _Contents:
    """Every entry against its own text, those that still wait as well."""

    def __init__(self, report: Report, edited: set[int]) -> None:
        self.report = report
        self.edited = edited  # told already
        self.erased: dict[str, tuple[int | None, set[str]]] = {}
        self.erasures: dict[str, set[str]] = {}

    def check(self) -> None:
        for entry, refs in iterate_stored():
            if entry.number is None:
                self.report.waiting += 1
            if entry.number not in self.edited:
                self.take(entry, inspect_entry(entry, refs))
        for digest, (number, names) in self.erased.items():
            if missing := names - self.erasures.get(digest, set()):
                text = f"字段 {'、'.join(sorted(missing))} 的内容不在，也没有删除它的存证"
                self.report.find(Fault.ERASED, text, number)

    def take(self, entry: StoredEntry, seen: Inspection) -> None:
        for finding in seen.findings:
            text = finding.text if entry.number else f"未入链的记录（id {entry.id}）：{finding.text}"
            self.report.find(finding.fault, text, entry.number)
        if seen.gone:
            self.report.erased_fields += len(seen.gone)
            self.erased[bytes(entry.digest).hex()] = (entry.number, seen.gone)
        if entry.kind == ERASED and not seen.findings:
            body = json.loads(entry.envelope)["body"]
            self.erasures.setdefault(body["digest"], set()).update(body["fields"])
