"""Checks one entry against itself: digest, columns, refs, private fields."""

import datetime as dt
import hashlib
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from zhenxue.evidence.data import Fault, Finding, moment_text
from zhenxue.evidence.models import Entry, EntryRef
from zhenxue.tlog import canonical

CHUNK = 2_000


class StoredEntry(NamedTuple):
    """What the tables hold of an entry, read without models: a whole log passes here."""

    id: int
    number: int | None
    kind: str
    subject: str
    account_id: int | None
    at: dt.datetime
    envelope: str
    private: str
    salt: bytes
    digest: bytes


def iterate_stored() -> Iterator[tuple[StoredEntry, list[str]]]:
    """Every entry with its refs in order, oldest first, waiting ones too; a few thousand at a time are in memory."""
    last = 0
    while True:
        rows = Entry.objects.filter(id__gt=last).order_by("id").values_list(*StoredEntry._fields)[:CHUNK]
        entries = [StoredEntry(*row) for row in rows]
        if not entries:
            return
        refs: dict[int, list[str]] = defaultdict(list)
        for entry_id, ref in EntryRef.objects.filter(entry_id__gt=last, entry_id__lte=entries[-1].id).values_list(
            "entry_id", "ref"
        ):
            refs[entry_id].append(ref)
        for entry in entries:
            yield entry, sorted(refs.get(entry.id, ()))
        last = entries[-1].id


def salted_digest(entry: Entry | StoredEntry) -> bytes:
    """What is logged of an entry, recomputed: SHA-256(salt ‖ envelope)."""
    return hashlib.sha256(bytes(entry.salt) + entry.envelope.encode()).digest()


def commitment(name: str, value: Any, salt: bytes) -> str:
    """The digest under which a private value is logged: SHA-256(salt ‖ canonical ``{name: value}``) in hex."""
    return hashlib.sha256(salt + canonical.dumps({name: value})).hexdigest()


@dataclass(slots=True)
class Inspection:
    """What is wrong inside one entry, and which of its private fields have lost their value."""

    findings: list[Finding] = field(default_factory=list)
    gone: set[str] = field(default_factory=set)

    def find(self, fault: Fault, text: str) -> None:
        self.findings.append(Finding(fault, text))

    @property
    def is_edited(self) -> bool:
        return any(finding.fault is Fault.EDITED for finding in self.findings)


def inspect_entry(entry: StoredEntry, refs: list[str]) -> Inspection:
    """Everything about one entry that contradicts itself."""
    seen = Inspection()
    digest = salted_digest(entry)
    if digest != bytes(entry.digest):
        logged = bytes(entry.digest).hex()
        seen.find(Fault.EDITED, f"按盐和正文重算的摘要是 {digest.hex()[:16]}…，登记的是 {logged[:16]}…")
        return seen
    try:
        envelope = canonical.loads(entry.envelope.encode())
        columns = {name: envelope[name] for name in ("kind", "subject", "account", "at")}
        about, private = list(envelope["about"]), dict(envelope["private"])
    except (canonical.NotCanonical, KeyError, TypeError) as error:
        seen.find(Fault.EDITED, f"正文不是规范格式：{error}")
        return seen
    stored = {"kind": entry.kind, "subject": entry.subject, "account": entry.account_id, "at": moment_text(entry.at)}
    for name, value in stored.items():
        if value != columns[name]:
            seen.find(Fault.COLUMNS, f"列 {name} 是 {value!r}，正文中是 {columns[name]!r}")
    if refs != about:
        seen.find(Fault.REFS, f"登记的是 {'、'.join(refs) or '（无）'}，正文中是 {'、'.join(about)}")
    _inspect_private(entry, private, seen)
    return seen


def _inspect_private(entry: StoredEntry, logged: dict[str, Any], seen: Inspection) -> None:
    try:
        parts: dict[str, Any] = canonical.loads(entry.private.encode())
        digests = {name: part["digest"] for name, part in parts.items()}
    except (canonical.NotCanonical, KeyError, TypeError, AttributeError) as error:
        seen.find(Fault.PRIVATE, f"可删除字段不是规范格式：{error}")
        return
    if digests != logged:
        seen.find(Fault.PRIVATE, "可删除字段的名称或摘要与正文不符")
        return
    for name, part in parts.items():
        if set(part) == {"digest"}:
            seen.gone.add(name)
        elif not _opens(name, part):
            seen.find(Fault.PRIVATE, f"字段 {name} 的内容与登记的摘要不符")


def _opens(name: str, part: dict[str, Any]) -> bool:
    try:
        return bool(commitment(name, part["value"], bytes.fromhex(part["salt"])) == part["digest"])
    except (KeyError, TypeError, ValueError):
        return False
