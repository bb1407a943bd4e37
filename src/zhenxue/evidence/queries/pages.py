"""A timeline as a page shows it: filtered by kind and day, paged, with who has witnessed how far and how long ago."""

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from django.db.models import Count

from zhenxue.evidence.data import TimelineEntry, WitnessMark, find_kind
from zhenxue.evidence.models import Entry, EntryRef
from zhenxue.evidence.queries.health import cosigned_head
from zhenxue.evidence.queries.timeline import list_entries
from zhenxue.kernel import clock
from zhenxue.tlog.errors import LogError

PAGE = 50


@dataclass(frozen=True, slots=True)
class Witnessed:
    """How far the log is witnessed (number of entries), by whom, and how long ago; nobody: size 0."""

    size: int = 0
    marks: tuple[tuple[WitnessMark, str], ...] = ()


@dataclass(frozen=True, slots=True)
class TimelinePage:
    """One page of a timeline. ``kinds``: (name, label, count) of what there is at all; ``older``: the query of the page
    after this one, or empty; ``query``: the filters in force."""

    entries: list[TimelineEntry]
    kinds: list[tuple[str, str, int]]
    kind: str
    since: str
    until: str
    total: int
    older: str
    newest: str
    witnessed: Witnessed

    @property
    def is_filtered(self) -> bool:
        return bool(self.kind or self.since or self.until)


def timeline_page(*, refs: Collection[str], asked: Mapping[str, str], now: dt.datetime) -> TimelinePage:
    """What an address asks for (``kind``, ``since``, ``until`` as days, ``before``); what makes no sense is ignored.

    The caller passes refs that the actor may see. A constant number of queries.
    """
    kind, before = asked.get("kind", ""), asked.get("before", "")
    since, until = _day(asked.get("since", "")), _day(asked.get("until", ""))
    about = EntryRef.objects.filter(ref__in=refs).values("entry_id")
    counts = Entry.objects.filter(id__in=about).values_list("kind").annotate(Count("id"))
    kinds = sorted(((name, _label(name), count) for name, count in counts), key=lambda one: one[1])
    kind = kind if any(name == kind for name, _, _ in kinds) else ""
    witnessed = how_far_witnessed(now)
    entries = list_entries(
        refs=refs,
        kinds=[kind] if kind else None,
        since=clock.start_of_day(since) if since else None,
        until=clock.start_of_day(until + dt.timedelta(days=1)) if until else None,
        limit=PAGE + 1,
        before=int(before) if before.isdecimal() and len(before) < 19 else None,
        witnessed=witnessed.size,
    )
    asked_for = {"kind": kind, "since": since.isoformat() if since else "", "until": until.isoformat() if until else ""}
    kept = {name: value for name, value in asked_for.items() if value}
    shown = entries[:PAGE]
    return TimelinePage(
        entries=shown,
        kinds=kinds,
        **asked_for,
        total=sum(count for _, _, count in kinds),
        older="?" + urlencode({**kept, "before": shown[-1].id}) if len(entries) > PAGE else "",
        newest="?" + urlencode(kept) if before else "",
        witnessed=witnessed,
    )


def how_far_witnessed(now: dt.datetime) -> Witnessed:
    """The newest head that an active witness has cosigned, checked; nobody when it does not verify."""
    try:
        head = cosigned_head(now)
    except LogError:
        return Witnessed()
    if head is None:
        return Witnessed()
    return Witnessed(head.size, tuple((mark, age(mark.at, now)) for mark in head.witnesses))


def age(moment: dt.datetime, now: dt.datetime) -> str:
    """How long ago, in words."""
    seconds = int((now - moment).total_seconds())
    if seconds < 60:
        return "刚刚"
    for unit, size, end in (("分钟", 60, 3600), ("小时", 3600, 86400)):
        if seconds < end:
            return f"{seconds // size} {unit}前"
    return f"{seconds // 86400} 天前"


def _day(text: str) -> dt.date | None:
    try:
        found = dt.date.fromisoformat(text)
    except ValueError:
        return None
    return found if 2000 <= found.year < 2200 else None


def _label(name: str) -> str:
    kind = find_kind(name)
    return kind.label if kind else name
