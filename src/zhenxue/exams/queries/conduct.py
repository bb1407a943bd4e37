"""The record of conduct as people read it: a timeline, counts, and the words of the invigilator."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Count, Q, Sum

from zhenxue.exams.data import ConductKind
from zhenxue.exams.models import Attempt, ConductEvent, RoomMessage
from zhenxue.kernel.prepared import Prepared

#: A timeline shows at most so many lines, the newest last; the counts count all.
MOST_LINES = 500
#: What counts as strange in a roster; the rest belongs to the course of an exam.
STRANGE = (
    *(ConductKind.LEFT, ConductKind.PASTE, ConductKind.COPY, ConductKind.FULLSCREEN, ConductKind.SECOND),
    *(ConductKind.MOVED, ConductKind.OFFLINE, ConductKind.SILENT),
)
MOVED_BY = {"released": "监考员放行后", "proof": "核验本人后", "same": "同一台设备重新登录"}


@dataclass(frozen=True, slots=True)
class Line:
    """One moment of an attempt, in words."""

    at: dt.datetime
    label: str
    words: str
    told_by_page: bool
    tone: str = "idle"


@dataclass(frozen=True, slots=True)
class Tally:
    """How often something happened in an attempt, and how long in all (ms)."""

    kind: str
    count: int
    lasted_ms: int

    @property
    def label(self) -> str:
        return ConductKind(self.kind).label

    @property
    def seconds(self) -> int:
        return self.lasted_ms // 1000

    @property
    def is_strange(self) -> bool:
        return self.kind in STRANGE


def timeline_of(attempt: Attempt) -> list[Line]:
    """What happened around an attempt in order, the invigilator's words included; two queries."""
    events = attempt.conduct.order_by("-at", "-pk")[:MOST_LINES]
    said = RoomMessage.objects.filter(_to(attempt)).order_by("sent_at")
    lines = [_line(event) for event in events]
    for message in said:
        whom = "对本人" if message.attempt_id else "对全场"
        seen = "，已看到" if message.seen_at else ""
        lines.append(Line(message.sent_at, "监考消息", f"{message.text}（{whom}{seen}）", False))
    return sorted(lines, key=lambda one: one.at)


def tallies_of(attempt_ids: Iterable[int]) -> dict[int, list[Tally]]:
    """Per attempt how often each kind happened; one query."""
    found: dict[int, list[Tally]] = defaultdict(list)
    rows = ConductEvent.objects.filter(attempt_id__in=list(attempt_ids)).values_list("attempt_id", "kind")
    for attempt, kind, count, lasted in rows.annotate(Count("pk"), Sum("lasted_ms")).order_by("attempt_id", "kind"):
        found[attempt].append(Tally(kind, count, lasted or 0))
    return found


_messages = Prepared(
    lambda exam, attempt, since: (
        RoomMessage.objects.filter(Q(exam=exam) & (Q(attempt=attempt) | Q(attempt__isnull=True)), sent_at__gte=since)
        .order_by("pk")
        .values_list("pk", "text", "sent_at")
    )
)


def messages_to(attempt: Attempt) -> list[tuple[int, str, dt.datetime]]:
    """What the invigilator said to an attempt since it began: number, words, moment; one query."""
    return list(_messages(attempt.exam_id, attempt.pk, attempt.started_at))


def _to(attempt: Attempt) -> Q:
    until = attempt.submitted_at or attempt.deadline_at
    everybody = Q(attempt__isnull=True, sent_at__gte=attempt.started_at, sent_at__lte=until)
    return Q(exam=attempt.exam_id) & (Q(attempt=attempt) | everybody)


def _line(event: ConductEvent) -> Line:
    kind, facts = ConductKind(event.kind), event.facts
    words: list[str] = []
    if event.lasted_ms:
        words.append(_lasting(event.lasted_ms))
    if "characters" in facts:
        words.append(f"{facts['characters']} 字" + ("，从本页复制" if facts.get("own") else ""))
    if "question" in facts:
        words.append(f"第 {facts['question']} 题")
    if "width" in facts and "height" in facts:
        words.append(f"{facts['width']}×{facts['height']}")
    if "minutes" in facts:
        words.append(f"{facts['minutes']} 分钟")
    if "reason" in facts:
        words.append(f"原因：{facts['reason']}")
    if "passed" in facts:
        words.append("已通过" if facts["passed"] else "未通过或超时")
    if "how" in facts:
        words.append(MOVED_BY.get(str(facts["how"]), ""))
    if kind is ConductKind.SILENT and event.lasted_ms is None:
        words.append("之后没有再上报")
    tone = "bad" if facts.get("passed") is False else "wait" if kind in STRANGE else "idle"
    return Line(event.at, kind.label, "，".join(filter(None, words)), event.client_sequence is not None, tone)


def _lasting(milliseconds: int) -> str:
    seconds = max(round(milliseconds / 1000), 1)
    return f"{seconds} 秒" if seconds < 60 else f"{seconds // 60} 分 {seconds % 60} 秒"
