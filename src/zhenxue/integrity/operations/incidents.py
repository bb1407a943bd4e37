"""Acts on an incident: explain, rule, appeal, decide, close. A person does each of them, and the log has each.

What a ruling changes is done by who owns it: ``signals.ruling_made`` is sent inside the transaction, and a receiver
that cannot do it raises, which undoes the ruling.
"""

import datetime as dt
from collections.abc import Sequence

from django.db import transaction

from zhenxue.evidence import api as evidence
from zhenxue.identity.data import SYSTEM, Actor
from zhenxue.integrity import signals
from zhenxue.integrity.data import APPEALABLE, Due, IncidentState, RulingKind, StatementRole
from zhenxue.integrity.models import Incident, Ruling, Statement
from zhenxue.integrity.operations import pictures as files
from zhenxue.integrity.operations.records import record_incident
from zhenxue.integrity.operations.signals import kind_of, open_for
from zhenxue.integrity.policies import incidents as policies
from zhenxue.integrity.queries import incidents as queries
from zhenxue.integrity.queries.verification import ruling_facts, statement_facts
from zhenxue.kernel import clock
from zhenxue.kernel.errors import Conflict, Invalid, Refused
from zhenxue.kernel.workdays import after_working_days
from zhenxue.training import api as training

LENGTHS = (10, 2000)
#: So many days before a deadline, and then every day it is overdue, whoever is awaited is reminded.
REMIND_BEFORE_DAYS = 1


def explain(
    *, actor: Actor, incident_id: int, text: str, pictures: Sequence[bytes] = (), now: dt.datetime
) -> Statement:
    """The provider says what happened. Raises ``Invalid`` at ``text`` or ``pictures``, ``Refused``, ``Conflict``."""
    incident = queries.get_incident(actor, incident_id)
    policies.check_can_explain(actor, incident)
    words, kept = checked(text, "text", "情况说明"), files.store_pictures(pictures)
    try:
        with transaction.atomic():
            incident = _held(actor, incident_id)
            policies.check_can_explain(actor, incident)
            made = _state(incident, StatementRole.EXPLANATION, words, kept, actor, now)
            _move(incident, IncidentState.EXPLAINED)
            record_incident("integrity.incident_explained", incident, actor, now, **statement_facts(made), text=words)
            signals.incident_explained.send(sender=Incident, incident_id=incident.pk, now=now)
    except BaseException:
        files.drop_pictures(kept)
        raise
    return made


def rule(
    *,
    actor: Actor,
    incident_id: int,
    kind: RulingKind | str,
    reason: str,
    since: dt.datetime | None = None,
    until: dt.datetime | None = None,
    context: str = "",
    now: dt.datetime,
) -> Ruling:
    """A person decides, with the reason that the learner reads.

    ``WITHDRAW`` takes back what counts in ``[since, until)``, inside the days of the incident's signals; ``VOID_EXAM``
    the attempt ``context`` that one of its signals comes from; ``SPLIT`` opens an incident for each learner of a
    class's. Raises ``Invalid`` at the field, ``Refused``, ``Conflict`` (also when a receiver cannot carry it out).
    """
    wanted, words = RulingKind(kind), checked(reason, "reason", "裁定理由")
    with transaction.atomic():
        incident = _held(actor, incident_id)
        policies.check_can_rule(actor, incident, wanted, now)
        made = Ruling(incident=incident, number=1, kind=wanted, reason=words, made_at=now)
        made.account_id, made.organisation_id = _signed(actor)
        if wanted is RulingKind.WITHDRAW:
            made.since, made.until = _checked_stretch(incident, since, until)
        if wanted is RulingKind.VOID_EXAM:
            made.context = _checked_attempt(incident, context)
        made.save()
        _move(incident, IncidentState.RULED)
        if wanted in APPEALABLE:
            days = training.rules_of(incident.cohort)["appeal_days"]
            incident.appeal_by = clock.civil_day(now) + dt.timedelta(days=days)
            incident.save(update_fields=["appeal_by"])
        record_incident("integrity.incident_ruled", incident, actor, now, **ruling_facts(made), reason=words)
        _announce(made, actor, now)
        if wanted is RulingKind.SPLIT:
            _split(incident, now)
        if wanted not in APPEALABLE:
            _close(incident, actor, now)
    return made


def appeal(*, actor: Actor, incident_id: int, text: str, pictures: Sequence[bytes] = (), now: dt.datetime) -> Statement:
    """The learner's one answer, with up to six pictures; a second person decides about it."""
    incident = queries.get_incident(actor, incident_id)
    policies.check_can_appeal(actor, incident, queries.ruling_of(incident), now)
    words, kept = checked(text, "text", "申诉内容"), files.store_pictures(pictures)
    try:
        with transaction.atomic():
            incident = _held(actor, incident_id)
            policies.check_can_appeal(actor, incident, queries.ruling_of(incident), now)
            made = _state(incident, StatementRole.APPEAL, words, kept, actor, now)
            days = training.rules_of(incident.cohort)["ruling_days"]
            incident.decide_by = after_working_days(clock.civil_day(now), days)
            _move(incident, IncidentState.APPEALED)
            record_incident("integrity.incident_appealed", incident, actor, now, **statement_facts(made), text=words)
            signals.incident_appealed.send(sender=Incident, incident_id=incident.pk, now=now)
    except BaseException:
        files.drop_pictures(kept)
        raise
    return made


def decide_appeal(*, actor: Actor, incident_id: int, kind: RulingKind | str, reason: str, now: dt.datetime) -> Ruling:
    """A second person upholds the ruling (the same kind) or puts a lighter one in its place; what the first had changed
    is then undone. Raises ``Refused`` for who ruled first."""
    wanted, words = RulingKind(kind), checked(reason, "reason", "复核理由")
    with transaction.atomic():
        incident = _held(actor, incident_id)
        first = queries.ruling_of(incident)
        policies.check_can_decide(actor, incident, first)
        if first is None:
            raise Conflict("integrity.not_appealed", "这件核查没有等待复核的申诉。请刷新页面查看。")
        policies.check_decision(first, wanted)
        made = Ruling(incident=incident, number=2, kind=wanted, reason=words, made_at=now, first_by=first.account)
        made.account_id, made.organisation_id = _signed(actor)
        if wanted == first.kind:
            made.since, made.until, made.context = first.since, first.until, first.context
        made.save()
        _finish(incident, now)
        record_incident("integrity.appeal_decided", incident, actor, now, **ruling_facts(made), reason=words)
        if wanted != first.kind:
            _announce(first, actor, now, overturned=True)
        signals.appeal_decided.send(sender=Incident, incident_id=incident.pk, upheld=wanted == first.kind, now=now)
    return made


def close_finished(*, now: dt.datetime) -> int:
    """Closes ruled incidents whose time for an appeal is over; how many."""
    today, closed = clock.civil_day(now), 0
    due = Incident.objects.filter(state=IncidentState.RULED, appeal_by__lt=today)
    for pk in list(due.order_by("pk").values_list("pk", flat=True)):
        with transaction.atomic():
            incident = _held(SYSTEM, pk)
            if incident.state == IncidentState.RULED:
                _close(incident, SYSTEM, now)
                closed += 1
    return closed


def remind(*, now: dt.datetime) -> int:
    """Announces ``incident_due`` for what is due tomorrow at the latest, once a civil day each; how many."""
    today, told = clock.civil_day(now), 0
    for incident in queries.due_until(today + dt.timedelta(days=REMIND_BEFORE_DAYS)):
        if incident.reminded_on is not None and incident.reminded_on >= today:
            continue
        with transaction.atomic():
            if not Incident.objects.filter(pk=incident.pk, reminded_on=incident.reminded_on).update(reminded_on=today):
                continue
            for which, by in queries.dues_of(incident):
                late = by < today
                signals.incident_due.send(
                    sender=Incident, incident_id=incident.pk, due=Due(which), by=by, overdue=late, now=now
                )
            told += 1
    return told


def checked(text: str, field: str, what: str) -> str:
    """The words without blanks around them, or ``Invalid`` at the field."""
    words = text.strip()
    least, most = LENGTHS
    if not least <= len(words) <= most:
        message = f"请写明{what}（{least} 至 {most} 个字），现在是 {len(words)} 个字。"
        raise Invalid(f"integrity.{field}", message, fields={field: message})
    return words


def _checked_stretch(
    incident: Incident, since: dt.datetime | None, until: dt.datetime | None
) -> tuple[dt.datetime, dt.datetime]:
    first, last = incident.period
    if since is None or until is None or until <= since:
        message = "请填写撤销从什么时候到什么时候，结束要晚于开始。"
        raise Invalid("integrity.stretch", message, fields={"until": message})
    if since < first or until > last:
        begin, end = (one.astimezone(clock.CIVIL_ZONE) for one in (first, last))
        message = f"撤销的时间要在这件核查涉及的时间之内：{begin:%Y-%m-%d %H:%M} 至 {end:%Y-%m-%d %H:%M}。"
        raise Invalid("integrity.stretch_outside", message, fields={"since": message})
    return since, until


def _checked_attempt(incident: Incident, context: str) -> str:
    if context not in queries.attempts_in(incident):
        message = "请选择要作废的那次考试；只能作废这件核查里有线索的考试。"
        raise Invalid("integrity.no_attempt", message, fields={"context": message})
    return context


def _split(incident: Incident, now: dt.datetime) -> None:
    """An incident for each learner of a class's, over that learner's signals, whatever their score."""
    by_learner: dict[int, list[int]] = {}
    rows = list(incident.signals.order_by("happened_at", "pk"))
    for signal in rows:
        by_learner.setdefault(signal.enrolment_id or 0, []).append(signal.pk)
    enrolments = training.visible_enrolments(SYSTEM).in_bulk([one for one in by_learner if one])
    for enrolment_id, enrolment in sorted(enrolments.items()):
        mine = [one for one in rows if one.pk in by_learner[enrolment_id]]
        open_for(enrolment, kind_of(mine[0]), mine, wide=False, now=now, parent=incident)


def _announce(ruling: Ruling, actor: Actor, now: dt.datetime, *, overturned: bool = False) -> None:
    incident = ruling.incident
    contexts = (ruling.context,) if ruling.context else tuple(queries.contexts_of(incident))
    signals.ruling_made.send(
        sender=Incident,
        incident_id=incident.pk,
        ruling=RulingKind(ruling.kind),
        enrolment_id=incident.enrolment_id,
        person_id=incident.person_id,
        since=ruling.since,
        until=ruling.until,
        contexts=contexts,
        overturned=overturned,
        actor=actor,
        now=now,
    )


def _held(actor: Actor, incident_id: int) -> Incident:
    """The incident in sight, its row held by this transaction."""
    queries.get_incident(actor, incident_id)
    rows = Incident.objects.select_for_update(of=("self",)).select_related("cohort__programme", "enrolment")
    return rows.get(pk=incident_id)


def _state(
    incident: Incident, role: StatementRole, text: str, kept: list[str], actor: Actor, now: dt.datetime
) -> Statement:
    return Statement.objects.create(
        incident=incident, role=role, text=text, pictures=kept, account_id=_account(actor), made_at=now
    )


def _account(actor: Actor) -> int:
    if actor.account_id is None:
        raise Refused("integrity.no_account", "请先登录再操作。")
    return actor.account_id


def _signed(actor: Actor) -> tuple[int, int]:
    """The account and the organisation that a ruling bears; the system has neither and so never rules."""
    if actor.account_id is None or actor.organisation_id is None:
        raise Refused("integrity.rule_right", "裁定要由登录的工作人员作出。")
    return actor.account_id, actor.organisation_id


def _move(incident: Incident, state: IncidentState) -> None:
    policies.check_move(incident, state)
    incident.state = state
    incident.reminded_on = None
    incident.save(update_fields=["state", "reminded_on", "decide_by"])


def _finish(incident: Incident, now: dt.datetime) -> None:
    policies.check_move(incident, IncidentState.CLOSED)
    incident.state, incident.closed_at = IncidentState.CLOSED, now
    incident.save(update_fields=["state", "closed_at"])


def _close(incident: Incident, actor: Actor, now: dt.datetime) -> None:
    _finish(incident, now)
    record_incident("integrity.incident_closed", incident, actor, now)


def record_export(*, actor: Actor, count: int, now: dt.datetime) -> None:
    """The log entry of a list of incidents that somebody took away."""
    with transaction.atomic():
        evidence.record(
            kind="integrity.incidents_exported",
            actor=actor,
            subject=f"organisation:{actor.organisation_id}",
            body={"count": count},
            now=now,
        )
