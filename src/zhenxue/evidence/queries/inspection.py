"""Checks one entry against itself: digest, columns, refs, private fields."""

import hashlib
from collections.abc import Iterator
from typing import Any

from zhenxue.evidence.data import Fault, Finding, moment_text
from zhenxue.evidence.models import Entry
from zhenxue.tlog import canonical


def salted_digest(entry: Entry) -> bytes:
    """What is logged of an entry, recomputed: SHA-256(salt ‖ envelope)."""
    return hashlib.sha256(bytes(entry.salt) + entry.envelope.encode()).digest()


def commitment(name: str, value: Any, salt: bytes) -> str:
    """The digest under which a private value is logged: SHA-256(salt ‖ canonical ``{name: value}``) in hex."""
    return hashlib.sha256(salt + canonical.dumps({name: value})).hexdigest()


def inspect_entry(entry: Entry) -> Iterator[Finding]:
    """Everything about one entry that contradicts itself; needs its refs prefetched."""
    digest = salted_digest(entry)
    if digest != bytes(entry.digest):
        yield Finding(
            Fault.EDITED, f"按盐和正文重算的摘要是 {digest.hex()[:16]}…，登记的是 {bytes(entry.digest).hex()[:16]}…"
        )
        return
    try:
        envelope = canonical.loads(entry.envelope.encode())
        columns = {name: envelope[name] for name in ("kind", "subject", "account", "at")}
        about, private = list(envelope["about"]), dict(envelope["private"])
    except (canonical.NotCanonical, KeyError, TypeError) as error:
        yield Finding(Fault.EDITED, f"正文不是规范格式：{error}")
        return
    stored = {"kind": entry.kind, "subject": entry.subject, "account": entry.account_id, "at": moment_text(entry.at)}
    for name, value in stored.items():
        if value != columns[name]:
            yield Finding(Fault.COLUMNS, f"列 {name} 是 {value!r}，正文中是 {columns[name]!r}")
    refs = sorted(ref.ref for ref in entry.refs.all())
    if refs != about:
        yield Finding(Fault.REFS, f"登记的是 {'、'.join(refs) or '（无）'}，正文中是 {'、'.join(about)}")
    yield from _inspect_private(entry, private)


def _inspect_private(entry: Entry, logged: dict[str, Any]) -> Iterator[Finding]:
    try:
        parts: dict[str, Any] = canonical.loads(entry.private.encode())
        digests = {name: part["digest"] for name, part in parts.items()}
    except (canonical.NotCanonical, KeyError, TypeError, AttributeError) as error:
        yield Finding(Fault.PRIVATE, f"可删除字段不是规范格式：{error}")
        return
    if digests != logged:
        yield Finding(Fault.PRIVATE, "可删除字段的名称或摘要与正文不符")
        return
    for name, part in parts.items():
        if "salt" in part or "value" in part:
            try:
                fits = commitment(name, part["value"], bytes.fromhex(part["salt"])) == part["digest"]
            except (KeyError, TypeError, ValueError):
                fits = False
            if not fits:
                yield Finding(Fault.PRIVATE, f"字段 {name} 的内容与登记的摘要不符")
