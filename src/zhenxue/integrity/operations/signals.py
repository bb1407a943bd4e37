"""Signals are noted once and gathered into incidents. Here nothing is decided: no hour moves by a score.

The gathering works under one lock for all (signals are few), so that two at the same moment join one incident.
"""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.db import transaction

from zhenxue.evidence.data import moment_text
from zhenxue.identity.data import SYSTEM
from zhenxue.integrity import rules, signals
from zhenxue.integrity.data import WAITING_INCIDENTS, IncidentKind, IncidentState
from zhenxue.integrity.models import Incident, ScanMark, Signal
from zhenxue.integrity.operations.records import record_incident
from zhenxue.integrity.protocol import for_log
from zhenxue.kernel import clock
from zhenxue.kernel.errors import Invalid
from zhenxue.kernel.workdays import after_working_days
from zhenxue.training import api as training


def note_signal(
    *,
    person_id: int,
    enrolment_id: int | None = None,
    kind: str,
    context: str = "",
    facts: Mapping[str, Any],
    once_key: str = "",
    now: dt.datetime,
    happened_at: dt.datetime | None = None,
) -> Signal:
    """Writes down what a registered rule found, and lets it join (or open) an incident; sends ``signal_noted``.

    ``facts`` are plain: numbers, texts and ids, never names, numbers of people or pictures. The same ``once_key``
    (within one kind) is the same fact: it is noted once, whatever comes with it later. Without one the check, else the
    job in the facts, else the context makes it one. Raises ``Invalid`` for a kind that no rule has registered.
    """
    rule = rules.find_rule(kind)
    if rule is None:
        raise Invalid("integrity.unknown_signal", f"没有登记“{kind}”这条规则。")
    key = f"{kind}:{once_key or _sameness(context, facts)}"[:120]
    with transaction.atomic():
        signal, is_new = Signal.objects.get_or_create(
            once_key=key,
            defaults={
                "kind": kind,
                "rule_version": rule.version,
                "weight": rule.weight,
                "person_id": person_id,
                "enrolment_id": enrolment_id or _newest_enrolment(person_id),
                "context": context,
                "facts": dict(facts),
                "happened_at": happened_at or now,
                "noted_at": now,
            },
        )
        if is_new:
            gather(signal, now=now)
            signals.signal_noted.send(sender=Signal, signal_id=signal.pk, now=now)
    return signal


def gather(signal: Signal, *, now: dt.datetime) -> Incident | None:
    """Lets a free signal join the incident that waits for its learner (or class), or open one when the score of what is
    free in the window reaches the threshold; the incident, if any.

    A signal without an enrolment stays free: nothing is at stake before somebody is in a class.
    """
    if signal.incident_id is not None or signal.enrolment_id is None or signal.person_id is None:
        return None
    _take_turn(now)
    rule = rules.find_rule(signal.kind)
    enrolment = training.visible_enrolments(SYSTEM).get(pk=signal.enrolment_id)
    wide = rule is not None and rule.class_wide
    mine: dict[str, Any] = {"cohort_id": enrolment.cohort_id} if wide else {"enrolment_id": enrolment.pk}
    waiting = Incident.objects.select_for_update(of=("self",)).filter(
        state__in=WAITING_INCIDENTS, person__isnull=wide, **mine
    )
    window = rules.GATHERING[kind_of(signal)]
    since = signal.happened_at - dt.timedelta(days=window.window_days)
    near = waiting.filter(last_at__gte=since, kind=kind_of(signal)) if wide else waiting.filter(last_at__gte=since)
    found = near.order_by("-last_at", "-pk").first()
    if found is not None:
        _take_in(found, [signal], now=now)
        return found
    free = Signal.objects.filter(incident__isnull=True, happened_at__gte=since)
    keys = [one.key for one in rules.all_rules() if one.class_wide == wide]
    free = free.filter(kind__in=keys)
    scope = {"enrolment__cohort_id": enrolment.cohort_id} if wide else {"enrolment_id": enrolment.pk}
    rows = list(free.filter(**scope).order_by("happened_at", "pk"))
    if wide:
        rows = [one for one in rows if kind_of(one) is kind_of(signal)]
    kind = rules.heaviest_kind([(kind_of(one), one.kind, one.weight) for one in rows])
    if _score(rows, wide=wide) < rules.GATHERING[kind].threshold:
        return None
    return open_for(enrolment, kind, rows, wide=wide, now=now)


def gather_free(*, now: dt.datetime) -> int:
    """Tries again the free signals of the longest window (their learner may be in a class by now); how many joined."""
    longest = max(one.window_days for one in rules.GATHERING.values())
    rows = Signal.objects.filter(
        incident__isnull=True, enrolment__isnull=True, happened_at__gte=now - dt.timedelta(days=longest)
    )
    joined = 0
    for signal in list(rows.order_by("pk")[:500]):
        enrolment_id = _newest_enrolment(signal.person_id or 0)
        if enrolment_id is None:
            continue
        with transaction.atomic():
            Signal.objects.filter(pk=signal.pk).update(enrolment_id=enrolment_id)
            signal.enrolment_id = enrolment_id
            joined += gather(signal, now=now) is not None
    return joined


def kind_of(signal: Signal) -> IncidentKind:
    """The kind of incident that a signal points to; one whose rule is gone is told as brushing."""
    rule = rules.find_rule(signal.kind)
    return rule.kind_for(signal.context) if rule else IncidentKind.BRUSHING


def open_for(
    enrolment: training.Enrolment,
    kind: IncidentKind,
    rows: list[Signal],
    *,
    wide: bool,
    now: dt.datetime,
    parent: Incident | None = None,
) -> Incident:
    """Opens an incident over these signals, whatever their score, with its deadlines by the class's frozen rules."""
    frozen, today = training.rules_of(enrolment.cohort), clock.civil_day(now)
    incident = Incident.objects.create(
        kind=kind,
        state=IncidentState.OPEN,
        person_id=None if wide else enrolment.person_id,
        enrolment_id=None if wide else enrolment.pk,
        cohort_id=enrolment.cohort_id,
        organisation_id=enrolment.cohort.organisation_id,
        region_id=enrolment.cohort.region_id,
        parent=parent,
        score=_score(rows, wide=wide),
        signal_count=len(rows),
        first_at=min(one.happened_at for one in rows),
        last_at=max(one.happened_at for one in rows),
        opened_at=now,
        reply_by=after_working_days(today, frozen["incident_reply_days"]),
        rule_by=after_working_days(today, frozen["incident_reply_days"] + frozen["ruling_days"]),
    )
    Signal.objects.filter(pk__in=[one.pk for one in rows]).update(incident=incident)
    record_incident("integrity.incident_opened", incident, SYSTEM, now, signals=told(rows))
    signals.incident_opened.send(sender=Incident, incident_id=incident.pk, now=now)
    return incident


def told(rows: list[Signal]) -> list[dict[str, Any]]:
    """Signals as an entry of the log tells them."""
    return [
        {
            "signal": one.pk,
            "kind": one.kind,
            "version": one.rule_version,
            "weight": one.weight,
            "enrolment": one.enrolment_id,
            "context": one.context,
            "at": moment_text(one.happened_at),
            "facts": for_log(one.facts),
        }
        for one in rows
    ]


def _take_in(incident: Incident, rows: list[Signal], *, now: dt.datetime) -> None:
    Signal.objects.filter(pk__in=[one.pk for one in rows]).update(incident=incident)
    held = list(incident.signals.order_by("pk"))
    incident.score = _score(held, wide=incident.person_id is None)
    incident.signal_count = len(held)
    incident.first_at = min(one.happened_at for one in held)
    incident.last_at = max(one.happened_at for one in held)
    if incident.person_id is not None:
        incident.kind = rules.heaviest_kind([(kind_of(one), one.kind, one.weight) for one in held])
    incident.save(update_fields=["score", "signal_count", "first_at", "last_at", "kind"])
    record_incident("integrity.incident_joined", incident, SYSTEM, now, signals=told(rows))


def _score(rows: list[Signal], *, wide: bool) -> int:
    """Of one learner by the registry; of a class the sum over its learners."""
    if not wide:
        return rules.score_of([(one.kind, one.weight) for one in rows])
    by_learner: dict[int | None, list[tuple[str, int]]] = {}
    for one in rows:
        by_learner.setdefault(one.enrolment_id, []).append((one.kind, one.weight))
    return sum(rules.score_of(held) for held in by_learner.values())


def _take_turn(now: dt.datetime) -> None:
    """Waits until nobody else gathers; held until the transaction ends."""
    ScanMark.objects.get_or_create(source="gathering", defaults={"until": now})
    ScanMark.objects.select_for_update().get(source="gathering")


def _newest_enrolment(person_id: int) -> int | None:
    mine = training.list_enrolments_of_person(person_id)
    return mine[0].pk if mine else None


def _sameness(context: str, facts: Mapping[str, Any]) -> str:
    for name in ("check", "job"):
        if name in facts:
            return f"{name}:{facts[name]}"
    return context or "-"
