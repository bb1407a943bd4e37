"""The tables of the ledger against the log: sums recomputed from entries alone, and corrections field by field."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from django.db.models import Sum

from zhenxue.evidence import api as evidence
from zhenxue.evidence.data import Fault
from zhenxue.ledger.models import Correction, CorrectionBatch, Coverage, Day, Span

#: Entries that move a sum.
LOGGED_KINDS = (
    "ledger.credited",
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

type Told = Mapping[tuple[Any, ...], int | None]  # what a sum is of → number of the entry that moved it last


def check_against_log() -> Iterator[evidence.Finding]:
    """Recomputes credited seconds from the log alone and names every row of the ledger that differs.

    Holds three sums against it: ``Coverage`` per enrolment and unit, ``Span`` per enrolment, unit or lesson and day,
    and ``Day``; whether a unit is finished; and every ``Correction`` field by field against its newest entry. Entries
    that are not sequenced yet count as well; they committed with the rows.
    """
    online: dict[tuple[int, int], int] = defaultdict(int)
    by_day: dict[tuple[int, str], list[int]] = defaultdict(lambda: [0, 0])
    spans: dict[tuple[int, str, int, str], int] = defaultdict(int)
    told: dict[tuple[Any, ...], int | None] = {}  # the number of the newest entry that moved a sum
    for entry in evidence.iterate_bodies(kinds=LOGGED_KINDS):
        body = entry.body
        enrolment, day, seconds = body["enrolment"], body["day"], body["seconds"]
        if "unit" in body:
            online[enrolment, body["unit"]] += seconds
            by_day[enrolment, day][0] += seconds
            spans[enrolment, "unit", body["unit"], day] += seconds
            told[enrolment, body["unit"]] = told[enrolment, "unit", body["unit"], day] = entry.number
        else:
            by_day[enrolment, day][1] += seconds
            spans[enrolment, "line", body["line"], day] += seconds
            told[enrolment, "line", body["line"], day] = entry.number
        told[enrolment, day] = entry.number
    yield from _compare_coverage(dict(online), told)
    yield from _compare_days({key: (sums[0], sums[1]) for key, sums in by_day.items()}, told)
    yield from _compare_spans(dict(spans), told)
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


def _compare_spans(logged: dict[tuple[int, str, int, str], int], told: Told) -> Iterator[evidence.Finding]:
    rows = Span.objects.values_list("enrolment_id", "unit_id", "line_id", "day").annotate(total=Sum("seconds"))
    for enrolment, unit, line, day, seconds in rows.order_by("enrolment_id").iterator():
        key = (enrolment, "unit", unit, day.isoformat()) if unit else (enrolment, "line", line, day.isoformat())
        proven = logged.pop(key, 0)
        if seconds != proven:
            place = f"单元 {unit}" if unit else f"课次 {line}"
            yield _finding(
                f"ledger_span：学籍 {enrolment} {place} 在 {day} 合计 {seconds} 秒，存证合计 {proven} 秒", told.get(key)
            )
    for (enrolment, what, number, day_text), proven in logged.items():
        if proven:
            place = f"{'单元' if what == 'unit' else '课次'} {number}"
            yield _finding(
                f"ledger_span：学籍 {enrolment} {place} 在 {day_text} 的记录缺失，存证合计 {proven} 秒",
                told.get((enrolment, what, number, day_text)),
            )


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
