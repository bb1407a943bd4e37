"""The tables of the ledger against the log: sums recomputed from entries alone, and corrections field by field."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from zhenxue.evidence import api as evidence
from zhenxue.evidence.data import Fault
from zhenxue.kernel import clock
from zhenxue.ledger.data import Reason, SpanState
from zhenxue.ledger.models import Correction, CorrectionBatch, Coverage, Day, Span

#: Entries that move a sum.
LOGGED_KINDS = (
    "ledger.credited",
    "ledger.refused",
    "ledger.attendance_booked",
    "ledger.withdrawn",
    "ledger.unit_withdrawn",
    "ledger.made_up",
)
#: Entries of the life of a correction, one for each step.
CORRECTION_KINDS = (
    "ledger.correction_requested",
    "ledger.correction_proposed",
    "ledger.correction_approved",
    "ledger.correction_rejected",
    "ledger.correction_cancelled",
)
BATCH_KIND = "ledger.batch_proposed"

#: What an entry tells of each span; a span with other facts is another span.
SPAN_FACTS = ("state", "reason", "from_ms", "to_ms", "seconds", "claimed_seconds", "began_at", "ended_at")

type SpanKey = tuple[int, str, int, str]  # enrolment, "unit" or "line", its number, civil day
type Fact = tuple[Any, ...]  # ``SPAN_FACTS``, moments in milliseconds
type Told = Mapping[tuple[Any, ...], int | None]  # what a sum is of → number of the entry that moved it last


def check_against_log() -> Iterator[evidence.Finding]:
    """Recomputes credited seconds from the log alone and names every row of the ledger that differs.

    Holds ``Coverage`` per enrolment and unit and ``Day`` against the sums of the log; every ``Span`` against the facts
    that an entry tells of it; whether a unit is finished; and every ``Correction`` field by field against its newest
    entry. Entries that are not sequenced yet count as well; they committed with the rows.
    """
    online: dict[tuple[int, int], int] = defaultdict(int)
    by_day: dict[tuple[int, str], list[int]] = defaultdict(lambda: [0, 0])
    spans: dict[SpanKey, int] = defaultdict(int)
    told: dict[tuple[Any, ...], int | None] = {}  # the number of the newest entry that moved a sum
    for entry in evidence.iterate_bodies(kinds=LOGGED_KINDS):
        body = entry.body
        enrolment, day, seconds = body["enrolment"], body["day"], body["seconds"]
        if "unit" in body:
            online[enrolment, body["unit"]] += seconds
            by_day[enrolment, day][0] += seconds
            told[enrolment, body["unit"]] = entry.number if seconds else told.get((enrolment, body["unit"]))
        else:
            by_day[enrolment, day][1] += seconds
        told[enrolment, day] = entry.number if seconds else told.get((enrolment, day))
        spans[_span_key(body)] += sum(_print(fact) for fact in body["spans"])
    yield from _compare_coverage(dict(online), told)
    yield from _compare_days({key: (sums[0], sums[1]) for key, sums in by_day.items()}, told)
    yield from _compare_spans(spans)
    yield from _compare_finished()
    yield from _compare_corrections()
    yield from _compare_batches()


def _compare_coverage(logged: dict[tuple[int, int], int], told: Told) -> Iterator[evidence.Finding]:
    for enrolment, unit, seconds in Coverage.objects.values_list("enrolment_id", "unit_id", "seconds").iterator():
        proven = logged.pop((enrolment, unit), 0)
        if seconds != proven:
            yield _finding(
                f"ledger_coverage：学籍 {enrolment} 单元 {unit} 记 {seconds} 秒，存证合计 {proven} 秒",
                told.get((enrolment, unit)),
            )
    for (enrolment, unit), proven in logged.items():
        if proven:
            yield _finding(
                f"ledger_coverage：学籍 {enrolment} 单元 {unit} 的记录缺失，存证合计 {proven} 秒",
                told.get((enrolment, unit)),
            )


def _compare_days(logged: dict[tuple[int, str], tuple[int, int]], told: Told) -> Iterator[evidence.Finding]:
    rows = Day.objects.values_list("enrolment_id", "day", "online_seconds", "offline_seconds")
    for enrolment, day, online, offline in rows.iterator():
        proven = logged.pop((enrolment, day.isoformat()), (0, 0))
        if (online, offline) != proven:
            yield _finding(
                f"ledger_day：学籍 {enrolment} 在 {day} 记线上 {online} 秒、线下 {offline} 秒，"
                f"存证合计线上 {proven[0]} 秒、线下 {proven[1]} 秒",
                told.get((enrolment, day.isoformat())),
            )
    for (enrolment, day_text), proven in logged.items():
        if any(proven):
            yield _finding(
                f"ledger_day：学籍 {enrolment} 在 {day_text} 的记录缺失，存证合计 {sum(proven)} 秒",
                told.get((enrolment, day_text)),
            )


def facts_of(spans: Iterable[Span]) -> list[list[Any]]:
    """What an entry tells of the spans it booked, each in the order of ``SPAN_FACTS``."""
    return [list(_fact(*(getattr(span, name) for name in SPAN_FACTS))) for span in spans]


def _fact(state: str, reason: str, *numbers: Any) -> Fact:
    *whole, began_at, ended_at = numbers
    return (str(state), str(reason), *whole, clock.milliseconds(began_at), clock.milliseconds(ended_at))


def _print(fact: Collection[Any]) -> int:
    """A number for a fact; sums of such numbers are equal exactly when the same facts were added, in whatever order."""
    return int.from_bytes(hashlib.sha256(repr([*fact]).encode()).digest())


def _span_key(body: Mapping[str, Any]) -> SpanKey:
    what = "unit" if "unit" in body else "line"
    return body["enrolment"], what, body[what], body["day"]


def _stored_spans(**only: Any) -> Iterator[tuple[SpanKey, Fact, int]]:
    """The rows, each with its key, its fact and its id."""
    columns = Span.objects.filter(**only).values_list("pk", "enrolment_id", "unit_id", "line_id", "day", *SPAN_FACTS)
    for pk, enrolment, unit, line, day, *values in columns.iterator():
        what, number = ("unit", unit) if unit else ("line", line)
        yield (enrolment, what, number, day.isoformat()), _fact(*values), pk


def _compare_spans(logged: dict[SpanKey, int]) -> Iterator[evidence.Finding]:
    """Balances the rows against the log by one number a key; only keys that differ are read a second time."""
    for key, fact, _ in _stored_spans():
        logged[key] -= _print(fact)
    wrong = {key for key, balance in logged.items() if balance}
    if wrong:
        yield from _explain_spans(wrong)


def _explain_spans(wrong: Collection[SpanKey]) -> Iterator[evidence.Finding]:
    stored: dict[SpanKey, list[tuple[Fact, int]]] = {key: [] for key in wrong}
    logged: dict[SpanKey, list[tuple[Fact, int | None]]] = {key: [] for key in wrong}
    for entry in evidence.iterate_bodies(kinds=LOGGED_KINDS):
        if (key := _span_key(entry.body)) in wrong:
            logged[key].extend((tuple(fact), entry.number) for fact in entry.body["spans"])
    for key, fact, pk in _stored_spans(enrolment_id__in={key[0] for key in wrong}):
        if key in wrong:
            stored[key].append((fact, pk))
    for key in sorted(wrong):
        yield _span_finding(key, stored[key], logged[key])


def _span_finding(
    key: SpanKey, stored: list[tuple[Fact, int]], logged: list[tuple[Fact, int | None]]
) -> evidence.Finding:
    enrolment, what, number, day = key
    place = f"ledger_span：学籍 {enrolment} {'单元' if what == 'unit' else '课次'} {number} 在 {day}"
    missing = _beyond(logged, stored)
    lines = [f"第 {pk} 行记 {_fact_words(fact)}，存证没有" for fact, pk in _beyond(stored, logged)]
    lines += [f"第 {entry or '（待编）'} 号存证是 {_fact_words(fact)}，没有这样的行" for fact, entry in missing]
    proven = _seconds_of(logged)
    found = f"合计 {_seconds_of(stored)} 秒，存证合计 {proven} 秒" if stored else f"的记录缺失，存证合计 {proven} 秒"
    newest = (missing or logged or [((), None)])[-1][1]
    return _finding(f"{place} {found}（{'；'.join(lines)}）", newest)


def _beyond[Where](some: list[tuple[Fact, Where]], others: list[tuple[Fact, Any]]) -> list[tuple[Fact, Where]]:
    """What the first list has and the second has not, one for one."""
    left = Counter(fact for fact, _ in others)
    found = []
    for fact, where in some:
        if left[fact]:
            left[fact] -= 1
        else:
            found.append((fact, where))
    return found


def _seconds_of(facts: list[tuple[Fact, Any]]) -> int:
    return sum(fact[SPAN_FACTS.index("seconds")] for fact, _ in facts)


def _fact_words(fact: Fact) -> str:
    state, reason, from_ms, to_ms, seconds, claimed, began_ms, ended_ms = fact
    since, until = (clock.at(moment).astimezone(clock.CIVIL_ZONE) for moment in (began_ms, ended_ms))
    why = f"（{Reason(reason).label}）" if reason else ""
    stretch = f"{since:%H:%M:%S}–{until:%H:%M:%S}，内容 {from_ms / 1000:g}–{to_ms / 1000:g} 秒"
    return f"{SpanState(state).label}{why} {stretch}，计 {seconds} 秒，申报 {claimed} 秒"


def _compare_finished() -> Iterator[evidence.Finding]:
    """A unit is finished exactly when the newest entry about its end says so."""
    logged: dict[tuple[int, int], bool] = {}
    told: dict[tuple[int, int], int | None] = {}
    for entry in evidence.iterate_bodies(kinds=("ledger.unit_finished", "ledger.unit_reopened")):
        key = entry.body["enrolment"], entry.body["unit"]
        logged[key], told[key] = entry.kind == "ledger.unit_finished", entry.number
    for enrolment, unit, finished_at in Coverage.objects.values_list(
        "enrolment_id", "unit_id", "finished_at"
    ).iterator():
        proven = logged.get((enrolment, unit), False)
        if (finished_at is not None) != proven:
            row, log = ("未学完", "已学完") if proven else ("已学完", "未学完")
            yield _finding(
                f"ledger_coverage：学籍 {enrolment} 单元 {unit} 记为{row}，存证是{log}", told.get((enrolment, unit))
            )


def _compare_corrections() -> Iterator[evidence.Finding]:
    """A correction must be what its newest entry says; free text is compared while it has not been erased."""
    logged = {entry.body["correction"]: entry for entry in evidence.iterate_bodies(kinds=CORRECTION_KINDS)}
    for row in Correction.objects.order_by("pk").iterator():
        entry = logged.pop(row.pk, None)
        if entry is None:
            yield _finding(f"ledger_correction：第 {row.pk} 号更正没有存证", None)
        elif wrong := _differences(correction_facts(row), entry.body):
            yield _finding(f"ledger_correction：第 {row.pk} 号更正与存证不一致（{wrong}）", entry.number)
    for number, entry in logged.items():
        yield _finding(f"ledger_correction：第 {number} 号更正的记录缺失，存证里有", entry.number)


def _compare_batches() -> Iterator[evidence.Finding]:
    """A batch is what the entry about its proposal says."""
    logged = {entry.body["batch"]: entry for entry in evidence.iterate_bodies(kinds=(BATCH_KIND,))}
    for row in CorrectionBatch.objects.order_by("pk").iterator():
        entry = logged.pop(row.pk, None)
        if entry is None:
            yield _finding(f"ledger_correctionbatch：第 {row.pk} 批没有存证", None)
        elif wrong := _differences(batch_facts(row), entry.body):
            yield _finding(f"ledger_correctionbatch：第 {row.pk} 批与存证不一致（{wrong}）", entry.number)
    for number, entry in logged.items():
        yield _finding(f"ledger_correctionbatch：第 {number} 批的记录缺失，存证里有", entry.number)


def _differences(now: dict[str, Any], logged: Mapping[str, Any]) -> str:
    """Field by field: what the row says and what the entry says."""
    return "；".join(
        f"{name} 记为 {value}，存证是 {logged[name]}"
        for name, value in now.items()
        if name in logged and logged[name] != value
    )


def batch_facts(row: CorrectionBatch) -> dict[str, Any]:
    """A batch as its entry says it; who was left out, too."""
    return {
        "batch": row.pk,
        "cohort": row.cohort_id,
        "unit": row.unit_id,
        "first_day": row.first_day.isoformat(),
        "last_day": row.last_day.isoformat(),
        "since": f"{row.since:%H:%M:%S}",
        "until": f"{row.until:%H:%M:%S}" if row.until else "",
        "left_out": row.left_out,
        "proposed_by": row.proposed_by_id,
        "proposed_at": _text(row.proposed_at),
        "reason": row.reason,
    }


def correction_facts(row: Correction) -> dict[str, Any]:
    """A correction as its entries say it: whole, so that any later change of the row is found."""
    return {
        "correction": row.pk,
        "batch": row.batch_id,
        "enrolment": row.enrolment_id,
        "unit": row.unit_id,
        "kind": str(row.kind),
        "state": str(row.state),
        "day": row.day.isoformat(),
        "began_at": _text(row.began_at),
        "ended_at": _text(row.ended_at),
        "asked_seconds": row.seconds,
        "booked_seconds": row.booked_seconds,
        "why_refused": str(row.why_refused),
        "requested_by": row.requested_by_id,
        "requested_at": _text(row.requested_at),
        "proposed_by": row.proposed_by_id,
        "proposed_at": _text(row.proposed_at),
        "decided_by": row.decided_by_id,
        "decided_at": _text(row.decided_at),
        "request": row.request,
        "reason": row.reason,
        "note": row.decision_note,
    }


def _text(moment: datetime | None) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds") if moment else ""


def _finding(text: str, number: int | None) -> evidence.Finding:
    return evidence.Finding(Fault.PROJECTION, text, number)
