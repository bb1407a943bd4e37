"""Incidents, rulings and signals against the log: each row must be what its newest entry says."""

import hashlib
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any

from zhenxue.evidence import api as evidence
from zhenxue.evidence.data import Fault, moment_text
from zhenxue.integrity.models import Incident, Ruling, Signal, Statement
from zhenxue.integrity.protocol import for_log

INCIDENT_KINDS = (
    "integrity.incident_opened",
    "integrity.incident_joined",
    "integrity.incident_explained",
    "integrity.incident_ruled",
    "integrity.incident_appealed",
    "integrity.appeal_decided",
    "integrity.incident_closed",
)
#: What an entry tells of an incident; compared with the row field by field.
INCIDENT_FIELDS = (
    *("kind", "state", "person", "enrolment", "cohort", "organisation", "region", "parent", "score", "signal_count"),
    *("first_at", "last_at", "opened_at", "reply_by", "rule_by", "appeal_by", "decide_by", "closed_at"),
)


#: What an entry tells of a signal.
SIGNAL_FIELDS = ("kind", "version", "weight", "enrolment", "context", "at", "facts")


def incident_facts(row: Incident) -> dict[str, Any]:
    """An incident as its entries say it, whole."""
    return {"incident": row.pk} | {name: _plain(row, name) for name in INCIDENT_FIELDS}


def ruling_facts(row: Ruling) -> dict[str, Any]:
    """A ruling as its entry says it; the reason is told by itself, for it may be erased."""
    return {
        "number": row.number,
        "ruling": str(row.kind),
        "since": _text(row.since),
        "until": _text(row.until),
        "context": row.context,
        "account": row.account_id,
        "first_by": row.first_by_id,
        "reason_sha256": digest(row.reason),
    }


def statement_facts(row: Statement) -> dict[str, Any]:
    """A statement as its entry says it: its words and pictures by their digests."""
    return {
        "statement": row.pk,
        "role": str(row.role),
        "account": row.account_id,
        "text_sha256": digest(row.text),
        "pictures": len(row.pictures),
    }


def digest(text: str) -> str:
    """SHA-256 of a text in hex."""
    return hashlib.sha256(text.encode()).hexdigest()


def check_incidents() -> Iterator[evidence.Finding]:
    """Holds every incident, signal, ruling and statement against the log; names the row that differs."""
    newest: dict[int, evidence.LoggedBody] = {}
    signals: dict[int, tuple[Any, ...]] = {}
    rulings: dict[tuple[int, int], evidence.LoggedBody] = {}
    statements: dict[int, evidence.LoggedBody] = {}
    for entry in evidence.iterate_bodies(kinds=INCIDENT_KINDS):
        body = entry.body
        newest[body["incident"]] = entry
        for one in body.get("signals", ()):
            signals[one["signal"]] = (body["incident"], *(one[name] for name in SIGNAL_FIELDS))
        if "ruling" in body:
            rulings[body["incident"], body["number"]] = entry
        if "statement" in body:
            statements[body["statement"]] = entry
    for row in Incident.objects.order_by("pk").iterator():
        yield from _compare("integrity_incident", row.pk, "号核查", incident_facts(row), newest.pop(row.pk, None))
    for number, entry in newest.items():
        yield _finding(f"integrity_incident：第 {number} 号核查的记录缺失，存证里有", entry.number)
    yield from _compare_signals(signals)
    for ruling in Ruling.objects.order_by("pk").iterator():
        told = rulings.pop((ruling.incident_id, ruling.number), None)
        what = f"号核查第 {ruling.number} 次裁定"
        yield from _compare("integrity_ruling", ruling.incident_id, what, ruling_facts(ruling), told)
    for (incident, number), entry in rulings.items():
        yield _finding(f"integrity_ruling：第 {incident} 号核查第 {number} 次裁定的记录缺失，存证里有", entry.number)
    for statement in Statement.objects.order_by("pk").iterator():
        told = statements.pop(statement.pk, None)
        yield from _compare("integrity_statement", statement.pk, "号说明", statement_facts(statement), told)
    for number, entry in statements.items():
        yield _finding(f"integrity_statement：第 {number} 号说明的记录缺失，存证里有", entry.number)


def _compare_signals(logged: dict[int, tuple[Any, ...]]) -> Iterator[evidence.Finding]:
    rows = Signal.objects.filter(incident__isnull=False).order_by("pk")
    for row in rows.iterator():
        where = (row.weight, row.enrolment_id, row.context, moment_text(row.happened_at))
        now = (row.incident_id, row.kind, row.rule_version, *where, for_log(row.facts))
        told = logged.pop(row.pk, None)
        if told != now:
            yield _finding(f"integrity_signal：第 {row.pk} 条线索记为 {now}，存证是 {told or '没有'}", None)
    for number in logged:
        yield _finding(f"integrity_signal：第 {number} 条线索的记录缺失，存证里有", None)


def _compare(
    table: str, number: int, what: str, now: Mapping[str, Any], entry: evidence.LoggedBody | None
) -> Iterator[evidence.Finding]:
    if entry is None:
        yield _finding(f"{table}：第 {number} {what}没有存证", None)
        return
    wrong = "；".join(
        f"{name} 记为 {value}，存证是 {entry.body[name]}"
        for name, value in now.items()
        if name in entry.body and entry.body[name] != value
    )
    if wrong:
        yield _finding(f"{table}：第 {number} {what}与存证不一致（{wrong}）", entry.number)


def _plain(row: Incident, name: str) -> Any:
    value = getattr(row, f"{name}_id") if hasattr(row, f"{name}_id") else getattr(row, name)
    if isinstance(value, datetime):
        return _text(value)
    if isinstance(value, date):
        return value.isoformat()
    return str(value) if isinstance(value, str) else value


def _text(moment: datetime | None) -> str:
    return moment_text(moment) if moment else ""


def _finding(text: str, number: int | None) -> evidence.Finding:
    return evidence.Finding(Fault.PROJECTION, text, number)
