"""What ``verify`` tells."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from zhenxue.evidence.data import Fault, Finding

MOST_FINDINGS = 50


@dataclass(slots=True)
class Report:
    """What ``verify`` saw. ``findings`` are in the order of the log: the first is the first entry that does not fit.

    ``seconds``: how long each part took, ``chain`` (digests, tree, tiles, checkpoints), ``contents`` (columns, refs and
    private values of each entry) and ``projections`` (living tables).
    """

    size: int = 0
    entries: int = 0
    waiting: int = 0
    tiles: int = 0
    checkpoints: int = 0
    erased_fields: int = 0
    projections: int = 0
    root: str = ""
    findings: list[Finding] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def is_clean(self) -> bool:
        return not self.findings

    @property
    def is_full(self) -> bool:
        """Whether enough is wrong already."""
        return len(self.findings) >= MOST_FINDINGS

    def find(self, fault: Fault, text: str, number: int | None = None) -> None:
        """One more thing that does not fit; beyond the most that a person reads nothing is added."""
        if not self.is_full:
            self.findings.append(Finding(fault, text, number))

    @contextmanager
    def timed(self, part: str) -> Iterator[None]:
        """Counts the time of a part."""
        began = time.monotonic()
        try:
            yield
        finally:
            self.seconds[part] = time.monotonic() - began
