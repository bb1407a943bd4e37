"""The witnesses' tables against the log: who was added, moved and retired, and every disagreement that was told."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from zhenxue.evidence.data import (
    WITNESS_ADDED,
    WITNESS_AGREES,
    WITNESS_DISAGREES,
    WITNESS_MOVED,
    WITNESS_RETIRED,
    Fault,
    Finding,
    LoggedBody,
    TroubleKind,
)
from zhenxue.evidence.models import Cosignature, Witness, WitnessTrouble
from zhenxue.evidence.queries.timeline import iterate_bodies
from zhenxue.tlog import notes
from zhenxue.tlog.cosignatures import WitnessKey, check_line
from zhenxue.tlog.errors import NoteBroken

KINDS = (WITNESS_ADDED, WITNESS_MOVED, WITNESS_RETIRED, WITNESS_DISAGREES, WITNESS_AGREES)


@dataclass(slots=True)
class _Told:
    """What the log says of one witness."""

    number: int | None
    columns: dict[str, object]
    retired: bool = False
    acts: Counter[str] = field(default_factory=Counter)


def check_witnesses() -> Iterator[Finding]:
    """Every row that does not follow from the entries, and every newest cosignature that does not verify."""
    told: dict[str, _Told] = {}
    for entry in iterate_bodies(kinds=KINDS):
        _tell(told, entry)
    rows = {f"witness:{row.pk}": row for row in Witness.objects.order_by("pk")}
    for subject, one in told.items():
        row = rows.get(subject)
        if row is None:
            yield Finding(Fault.PROJECTION, f"见证 {one.columns.get('name')} 的登记不在了", one.number)
            continue
        for name, value in one.columns.items():
            if getattr(row, name) != value:
                yield Finding(Fault.PROJECTION, f"见证 {row.name} 的 {name} 是 {getattr(row, name)}，存证为 {value}")
        if (row.retired_at is not None) != one.retired:
            yield Finding(Fault.PROJECTION, f"见证 {row.name} {'停用' if one.retired else '没有停用'}，登记不同")
        yield from _check_disagreements(row, one)
    for subject, row in rows.items():
        if subject not in told:
            yield Finding(Fault.PROJECTION, f"见证 {row.name} 的登记没有存证")
        yield from _check_newest(row)


def _tell(told: dict[str, _Told], entry: LoggedBody) -> None:
    body = entry.body
    if entry.kind == WITNESS_ADDED:
        columns = {name: body[name] for name in ("name", "vkey", "organisation", "url")}
        told[entry.subject] = _Told(entry.number, {**columns, "is_sandbox": body["sandbox"]})
        return
    one = told.setdefault(entry.subject, _Told(entry.number, {}))
    one.acts[entry.kind] += 1
    if entry.kind == WITNESS_MOVED:
        one.columns["url"] = body["new"]
    elif entry.kind == WITNESS_RETIRED:
        one.retired = True


def _check_disagreements(row: Witness, one: _Told) -> Iterator[Finding]:
    found = WitnessTrouble.objects.filter(witness=row, kind=TroubleKind.DISAGREES)
    pairs = (
        (found.count(), one.acts[WITNESS_DISAGREES], "不一致"),
        (found.filter(until__isnull=False).count(), one.acts[WITNESS_AGREES], "恢复一致"),
    )
    for rows, entries, words in pairs:
        if rows != entries:
            yield Finding(Fault.PROJECTION, f"见证 {row.name} {words}登记了 {rows} 次，存证为 {entries} 次")


def _check_newest(row: Witness) -> Iterator[Finding]:
    if row.cosigned_size is None:
        return
    newest = Cosignature.objects.filter(witness=row, checkpoint__size=row.cosigned_size).select_related("checkpoint")
    made = newest.order_by("-at").first()
    try:
        if made is None:
            raise NoteBroken("there is no cosignature of this size")
        check_line(notes.split_note(made.checkpoint.note)[0], made.line, WitnessKey.from_text(row.vkey))
    except NoteBroken:
        yield Finding(Fault.PROJECTION, f"见证 {row.name} 登记见证到第 {row.cosigned_size} 号，但没有有效的见证签名")
