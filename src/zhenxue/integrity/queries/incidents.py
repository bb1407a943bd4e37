"""Incidents in sight, what a page says of one, what waits for whom; deadlines."""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet

from zhenxue.evidence import api as evidence
from zhenxue.identity.data import SYSTEM, Actor, Role
from zhenxue.integrity import rules
from zhenxue.integrity.data import (
    CLASS_RULINGS,
    LEARNER_RULINGS,
    LIVING_INCIDENTS,
    WAITING_INCIDENTS,
    Due,
    IncidentState,
    RulingKind,
    StatementRole,
)
from zhenxue.integrity.models import Capture, Incident, Ruling, Signal, Statement
from zhenxue.kernel.errors import NotFound
from zhenxue.training import api as training

#: Pictures of one page's strip, and entries of its timeline.
MOST_CAPTURES, MOST_ENTRIES = 40, 60

#: What the numbers in a signal's facts mean, in the order in which they are told; what is not here is not shown.
FACT_WORDS: Mapping[str, str] = {
    "tries": "试了几回",
    "switches": "切换次数",
    "networks": "网络数",
    "km": "相距公里",
    "minutes": "间隔分钟",
    "percent": "占百分之",
    "inputs": "操作次数",
    "every_ms": "间隔毫秒",
    "spread_percent": "间隔差别百分之",
    "reports": "上报次数",
    "foreign": "来自别处的上报",
    "unproven": "没有凭证的上报",
    "replayed": "重放的上报",
    "people": "人数",
    "sessions": "学习次数",
    "same": "相同的",
    "of": "一共",
    "wrong": "同样答错的题",
    "threshold": "阈值百分之",
}


PLACES = {"study": "第 {} 次学习", "exam": "第 {} 号答卷"}


@dataclass(frozen=True, slots=True)
class SignalLine:
    """A signal as a page tells it: words of its rule, its numbers, and what speaks against it."""

    signal: Signal
    label: str
    looks_at: str
    against: str
    facts: tuple[tuple[str, str], ...]

    @property
    def place(self) -> str:
        """Where it comes from, in words: a study session or an attempt by its number."""
        what, _, number = self.signal.context.partition(":")
        return PLACES[what].format(number) if what in PLACES and number else ""


def visible_incidents(actor: Actor) -> QuerySet[Incident]:
    """Operators: all; managers: of their classes; bureaus: of their region; learners: what is about them."""
    rows = Incident.objects.select_related("person", "enrolment", "cohort", "organisation", "region")
    if actor.is_operator or actor.role is Role.SYSTEM:
        return rows
    if actor.is_manager:
        return rows.filter(organisation_id=actor.organisation_id or 0)
    if actor.is_bureau and actor.region_code:
        return rows.filter(region__code__startswith=actor.region_code)
    if actor.is_learner and actor.person_id:
        return rows.filter(person_id=actor.person_id)
    return rows.none()


def get_incident(actor: Actor, incident_id: int) -> Incident:
    """The incident, or ``NotFound`` when it is not there or not in sight."""
    found = visible_incidents(actor).filter(pk=incident_id).first()
    if found is None:
        raise NotFound("integrity.incident_not_found", "没有找到这件核查，或您无权查看。")
    return found


def waiting_for(actor: Actor, today: dt.date) -> QuerySet[Incident]:
    """What this manager, officer or operator may act on now, the most urgent first; not appeals against oneself."""
    rows = visible_incidents(actor)
    if actor.is_manager:
        return rows.filter(state=IncidentState.OPEN).order_by("reply_by", "pk")
    if not (actor.is_operator or actor.is_bureau):
        return rows.none()
    ready = Q(state=IncidentState.EXPLAINED) | Q(state=IncidentState.OPEN, reply_by__lt=today)
    own = Ruling.objects.filter(number=1, account_id=actor.account_id or 0).values("incident_id")
    appealed = Q(state=IncidentState.APPEALED) & ~Q(pk__in=own)
    return rows.filter(ready | appealed).order_by("rule_by", "pk")


def open_incidents_of(*, person_id: int | None = None, cohort_id: int | None = None) -> list[Incident]:
    """Incidents of a person or a class that are not closed, for other apps (a claim may wait for them)."""
    rows = Incident.objects.filter(state__in=LIVING_INCIDENTS).order_by("pk")
    if person_id is not None:
        rows = rows.filter(person_id=person_id)
    return list(rows.filter(cohort_id=cohort_id) if cohort_id is not None else rows)


def overdue(rows: QuerySet[Incident], today: dt.date) -> QuerySet[Incident]:
    """Those with whose next act somebody is late."""
    return rows.filter(
        Q(state=IncidentState.OPEN, reply_by__lt=today)
        | Q(state__in=WAITING_INCIDENTS, rule_by__lt=today)
        | Q(state=IncidentState.APPEALED, decide_by__lt=today)
    )


def due_until(day: dt.date) -> list[Incident]:
    """Incidents with any deadline on or before a day, of those that still wait."""
    return list(
        Incident.objects.filter(
            Q(state=IncidentState.OPEN, reply_by__lte=day)
            | Q(state__in=WAITING_INCIDENTS, rule_by__lte=day)
            | Q(state=IncidentState.APPEALED, decide_by__lte=day)
            | Q(state=IncidentState.RULED, appeal_by__lte=day)
        ).order_by("pk")
    )


def dues_of(incident: Incident) -> list[tuple[Due, dt.date]]:
    """What is awaited now and by when; the learner's own deadline is one, too."""
    by_state: dict[IncidentState, list[tuple[Due, dt.date | None]]] = {
        IncidentState.OPEN: [(Due.REPLY, incident.reply_by), (Due.RULE, incident.rule_by)],
        IncidentState.EXPLAINED: [(Due.RULE, incident.rule_by)],
        IncidentState.RULED: [(Due.APPEAL, incident.appeal_by)],
        IncidentState.APPEALED: [(Due.DECIDE, incident.decide_by)],
    }
    return [(which, by) for which, by in by_state.get(IncidentState(incident.state), []) if by is not None]


def ruling_of(incident: Incident) -> Ruling | None:
    """The first ruling."""
    return Ruling.objects.filter(incident=incident, number=1).select_related("account__person", "organisation").first()


def rulings_of(incident: Incident) -> list[Ruling]:
    """Both rulings, in their order."""
    rows = Ruling.objects.filter(incident=incident).select_related("account__person", "organisation")
    return list(rows.order_by("number"))


def statements_of(incident: Incident) -> list[Statement]:
    """What was said to it, in order."""
    return list(Statement.objects.filter(incident=incident).select_related("account__person").order_by("made_at", "pk"))


def story_of(incident: Incident) -> list[Statement | Ruling]:
    """What was said and ruled, in its order: explanation, ruling, appeal, decision."""
    statements = statements_of(incident)
    explained: list[Statement | Ruling] = [one for one in statements if one.role == StatementRole.EXPLANATION]
    appealed = [one for one in statements if one.role == StatementRole.APPEAL]
    rulings = rulings_of(incident)
    return [*explained, *rulings[:1], *appealed, *rulings[1:]]


def get_statement(actor: Actor, incident_id: int, statement_id: int) -> Statement:
    """A statement whose pictures the actor may open: staff all of an incident in sight, learners their own appeal."""
    incident = get_incident(actor, incident_id)
    found = Statement.objects.filter(incident=incident, pk=statement_id).first()
    if found is None or (actor.is_learner and found.role != StatementRole.APPEAL):
        raise NotFound("integrity.no_statement", "没有找到这份材料，或您无权查看。")
    return found


def signals_of(incident: Incident) -> list[SignalLine]:
    """The incident's signals in the order of time, told by their rules; one query."""
    rows = incident.signals.select_related("person").order_by("happened_at", "pk")
    return [line_of(one) for one in rows]


def line_of(signal: Signal) -> SignalLine:
    """One signal in words; of a rule that is gone only its key is left."""
    rule = rules.find_rule(signal.kind)
    facts = tuple((words, str(signal.facts[name])) for name, words in FACT_WORDS.items() if name in signal.facts)
    if rule is None:
        return SignalLine(signal, signal.kind, "", "", facts)
    return SignalLine(signal, rule.label, rule.looks_at, rule.against, facts)


def contexts_of(incident: Incident) -> list[str]:
    """Where the incident's signals come from: ``study:12``, ``exam:7``."""
    return sorted(set(incident.signals.exclude(context="").values_list("context", flat=True)))


def attempts_in(incident: Incident) -> list[str]:
    """The attempts among them."""
    return [one for one in contexts_of(incident) if one.startswith("exam:")]


def parts_of(incident: Incident) -> list[Incident]:
    """What a class's incident was taken apart into."""
    return list(Incident.objects.filter(parent=incident).select_related("person").order_by("pk"))


def providers_of(actor: Actor) -> list[tuple[str, str]]:
    """Id and name of the providers that have incidents in sight, for a filter; one query."""
    rows = visible_incidents(actor).select_related(None).order_by("organisation__name")
    return [(str(pk), name) for pk, name in rows.values_list("organisation_id", "organisation__name").distinct()]


def people_in(incident: Incident) -> list[training.Enrolment]:
    """The learners of a class's incident."""
    ids = set(incident.signals.values_list("enrolment_id", flat=True))
    return list(training.visible_enrolments(SYSTEM).filter(pk__in=ids).order_by("pk"))


def captures_of(incident: Incident) -> list[Capture]:
    """Pictures of the learner in the incident's days that are still kept, newest first; none of a class's."""
    if incident.person_id is None:
        return []
    since, until = incident.period
    rows = Capture.objects.filter(person_id=incident.person_id, taken_at__gte=since, taken_at__lt=until)
    return list(rows.exclude(path="").select_related("job__presence").order_by("-taken_at", "number")[:MOST_CAPTURES])


def get_capture(actor: Actor, incident_id: int, capture_id: int) -> Capture:
    """A picture of an incident in sight; learners see none here."""
    incident = get_incident(actor, incident_id)
    found = next((one for one in captures_of(incident) if one.pk == capture_id), None)
    if found is None or actor.is_learner:
        raise NotFound("integrity.no_capture", "没有这张照片，或保存期已满。")
    return found


def timeline_of(incident: Incident) -> list[evidence.TimelineEntry]:
    """What the log says of the learner (or of the incident of a class) in its days, and of the incident since."""
    since, until = incident.period
    if incident.enrolment_id is None:
        return evidence.list_entries(refs=[f"incident:{incident.pk}"], limit=MOST_ENTRIES)
    return evidence.list_entries(
        refs=[f"enrolment:{incident.enrolment_id}"], since=since, until=until, limit=MOST_ENTRIES
    )


def history_of(incident: Incident) -> list[evidence.TimelineEntry]:
    """The acts on it, as the log has them."""
    return evidence.list_entries(refs=[f"incident:{incident.pk}"], limit=MOST_ENTRIES)


def may_view_incident(actor: Any, refs: Iterable[str]) -> bool:
    """For ``evidence.register_viewer``: entries of an incident are read by whom it is visible to."""
    numbers = [int(ref.removeprefix("incident:")) for ref in refs if ref.startswith("incident:")]
    if not numbers or not isinstance(actor, Actor) or actor.is_learner:
        return False
    return visible_incidents(actor).filter(pk__in=numbers).exists()


def fitting_rulings(incident: Incident) -> list[RulingKind]:
    """The rulings that may be made of it: void only where an exam is among its contexts."""
    allowed = LEARNER_RULINGS if incident.person_id is not None else CLASS_RULINGS
    has_exam = bool(attempts_in(incident))
    return [kind for kind in RulingKind if kind in allowed and (kind is not RulingKind.VOID_EXAM or has_exam)]
