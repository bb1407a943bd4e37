"""Proofs of who a person is: begun, asked of people, decided, ended. Only ``_refresh`` writes a person's strength."""

import datetime as dt
from collections.abc import Mapping

from django.db import IntegrityError, transaction

from zhenxue.evidence import api as evidence
from zhenxue.identity import policies, signals
from zhenxue.identity.data import (
    IN_PERSON,
    METHOD_LABELS,
    REVIEW,
    STRENGTH_OF,
    VERIFICATION_TRANSITIONS,
    WORD,
    Actor,
    VerificationState,
)
from zhenxue.identity.models import Person, Verification
from zhenxue.identity.operations.people import check_reason
from zhenxue.identity.queries import verifying as queries
from zhenxue.identity.queries.codes import has_proven_phone
from zhenxue.identity.queries.people import get_visible_person
from zhenxue.kernel import clock
from zhenxue.kernel.errors import Conflict, Invalid, TooMany

#: Attempts by one method a day.
A_DAY = 5
NOTE_LONGEST = 200


def record_verification(
    *,
    actor: Actor,
    person_id: int,
    method: str,
    now: dt.datetime,
    facts: Mapping[str, object] | None = None,
    reason: str = "",
) -> Verification:
    """A proof that was given just now (``integrity``: a face that fits); the person's strength follows.

    ``facts`` must hold no personal data. An older proof by the same method ends by it.
    """
    with transaction.atomic():
        person = Person.objects.select_for_update().get(pk=person_id)
        row = Verification.objects.create(
            person=person,
            method=method,
            strength=STRENGTH_OF[method],
            state=VerificationState.PASSED,
            reason=reason[:NOTE_LONGEST],
            facts=dict(facts or {}),
            started_at=now,
            decided_at=now,
            decided_by_id=actor.account_id,
        )
        _passed(row, actor, now)
    return row


def end_verification(*, actor: Actor, person_id: int, method: str, reason: str, now: dt.datetime) -> None:
    """What was proven by a method no longer holds (the face was deleted, it was a mistake); the strength follows."""
    with transaction.atomic():
        person = Person.objects.select_for_update().get(pk=person_id)
        rows = Verification.objects.filter(
            person=person, method=method, state=VerificationState.PASSED, ended_at__isnull=True
        )
        if rows.update(ended_at=now, end_reason=reason[:NOTE_LONGEST]):
            _record("identity.verification_ended", actor, person_id, now, method=_label(method), reason=reason)
            _refresh(person, now)


def begin_attempt(*, actor: Actor, person_id: int, method: str, now: dt.datetime) -> Verification:
    """Note that an attempt begins, before anybody outside is asked; one that hangs from before is dropped.

    Raises ``TooMany`` above ``A_DAY`` attempts a day, ``Conflict`` with what must come first, ``NotFound``.
    """
    policies.check_is_oneself(actor, person_id)
    offered = queries.find_method(method)
    with transaction.atomic():
        person = Person.objects.select_for_update().get(pk=person_id)
        if obstacle := queries.obstacle_of(offered, person):
            raise Conflict("identity.method_obstacle", obstacle)
        if queries.attempts_today(person_id, method, clock.start_of_day(clock.civil_day(now))) >= A_DAY:
            words = f"今天用“{offered.label}”核验的次数已用完，请明天再试，或换一种方式。"
            raise TooMany("identity.method_today", words)
        _drop_open(person_id, method, now)
        return Verification.objects.create(
            person=person,
            method=method,
            strength=offered.strength,
            state=VerificationState.STARTED,
            started_at=now,
            expires_at=now + dt.timedelta(minutes=15),
        )


def finish_attempt(
    *, actor: Actor, verification_id: int, passed: bool, reason: str, facts: Mapping[str, object], now: dt.datetime
) -> Verification:
    """What came of an attempt. Raises ``Conflict`` when it was decided or dropped meanwhile."""
    with transaction.atomic():
        row = Verification.objects.select_for_update().select_related("person").get(pk=verification_id)
        _move(row, VerificationState.PASSED if passed else VerificationState.REFUSED)
        row.decided_at, row.reason, row.facts = now, reason[:NOTE_LONGEST], dict(facts)
        row.secret = row.state_digest = ""
        row.save()
        if passed:
            Person.objects.select_for_update().get(pk=row.person_id)
            _passed(row, actor, now)
        else:
            _refused(row, actor, now)
    return row


def drop_attempt(*, verification_id: int, reason: str, now: dt.datetime) -> None:
    """An attempt led nowhere (a service was down, the person turned back); nothing is said about the person."""
    with transaction.atomic():
        row = Verification.objects.select_for_update().get(pk=verification_id)
        if row.state in queries.OPEN:
            _move(row, VerificationState.DROPPED)
            row.decided_at, row.reason = now, reason[:NOTE_LONGEST]
            row.secret = row.state_digest = ""
            row.save()


def ask_review(*, actor: Actor, person_id: int, method: str, note: str, now: dt.datetime) -> Verification:
    """Ask people to judge: the provider by the card (``REVIEW``), the teacher by their word (``WORD``).

    Raises ``Conflict`` with what must come first, or when it is asked already.
    """
    policies.check_is_oneself(actor, person_id)
    if method not in {REVIEW, WORD}:
        raise Invalid("identity.method", "请从列表里选择一种方式。")
    offered = queries.find_method(method)
    with transaction.atomic():
        person = Person.objects.select_for_update().get(pk=person_id)
        if obstacle := queries.obstacle_of(offered, person):
            raise Conflict("identity.method_obstacle", obstacle)
        try:
            with transaction.atomic():
                row = Verification.objects.create(
                    person=person,
                    method=method,
                    strength=offered.strength,
                    state=VerificationState.WAITING,
                    note=note.strip()[:NOTE_LONGEST],
                    started_at=now,
                )
        except IntegrityError as error:
            raise Conflict("identity.review_asked", "已经提交过，请等待审核结果，不用重复提交。") from error
        _record("identity.verification_asked", actor, person_id, now, method=_label(method))
        signals.verification_asked.send(
            Verification, verification_id=row.pk, person_id=person_id, method=method, now=now
        )
    return row


def decide_review(*, actor: Actor, verification_id: int, passed: bool, reason: str, now: dt.datetime) -> Verification:
    """A person judged; refusing takes a reason that the learner reads. Raises ``Refused``, ``Conflict``."""
    found = queries.get_visible_verification(actor, verification_id)
    policies.check_can_judge(actor, found)
    reason = check_reason(reason) if not passed or reason.strip() else ""
    with transaction.atomic():
        row = Verification.objects.select_for_update().get(pk=verification_id)
        if row.method == WORD and passed and not has_proven_phone(found.person):
            raise Conflict("identity.word_without_phone", "学员换过手机号码，请让学员先验证现在的号码。")
        _move(row, VerificationState.PASSED if passed else VerificationState.REFUSED)
        row.decided_at, row.decided_by_id, row.reason = now, actor.account_id, reason
        row.save()
        if passed:
            _passed(row, actor, now)
        else:
            _refused(row, actor, now)
    return row


def verify_in_person(*, actor: Actor, person_id: int, reason: str, now: dt.datetime) -> Verification:
    """Somebody answerable saw the person and the original card; ``reason`` says when and where."""
    person = get_visible_person(actor, person_id)
    policies.check_can_verify_in_person(actor, person)
    reason = check_reason(reason)
    return record_verification(actor=actor, person_id=person_id, method=IN_PERSON, now=now, reason=reason)


def _passed(row: Verification, actor: Actor, now: dt.datetime) -> None:
    """Older proofs by the method end, the person's strength follows, evidence and announcement."""
    earlier = Verification.objects.filter(
        person_id=row.person_id, method=row.method, state=VerificationState.PASSED, ended_at__isnull=True
    )
    earlier.exclude(pk=row.pk).update(ended_at=now, end_reason="已重新核验")
    body = {"method": _label(row.method), "strength": row.strength, "reason": row.reason, **row.facts}
    _record("identity.verified", actor, row.person_id, now, **body)
    _refresh(Person.objects.select_for_update().get(pk=row.person_id), now)
    _announce(row, now, passed=True)


def _refused(row: Verification, actor: Actor, now: dt.datetime) -> None:
    body = {"method": _label(row.method), "reason": row.reason, **row.facts}
    _record("identity.verification_refused", actor, row.person_id, now, **body)
    _announce(row, now, passed=False)


def _announce(row: Verification, now: dt.datetime, *, passed: bool) -> None:
    signals.verification_decided.send(
        Verification,
        verification_id=row.pk,
        person_id=row.person_id,
        method=row.method,
        passed=passed,
        strength=row.strength,
        reason=row.reason,
        now=now,
    )


def _refresh(person: Person, now: dt.datetime) -> None:
    """Strength, method and time of the best proof that holds."""
    living = Verification.objects.filter(person=person, state=VerificationState.PASSED, ended_at__isnull=True)
    best = living.order_by("-strength", "decided_at").first()
    before = person.verified_strength
    person.verified_strength = best.strength if best else 0
    person.verified_at = best.decided_at if best else None
    person.verified_by_method = best.method if best else ""
    person.save(update_fields=["verified_strength", "verified_at", "verified_by_method"])
    if person.verified_strength != before:
        after = person.verified_strength
        signals.strength_changed.send(Person, person_id=person.pk, before=before, after=after, now=now)


def _drop_open(person_id: int, method: str, now: dt.datetime) -> None:
    rows = Verification.objects.filter(person_id=person_id, method=method, state=VerificationState.STARTED)
    rows.update(state=VerificationState.DROPPED, decided_at=now, reason="重新开始", secret="", state_digest="")


def _move(row: Verification, state: VerificationState) -> None:
    if state not in VERIFICATION_TRANSITIONS[VerificationState(row.state)]:
        raise Conflict("identity.verification_state", "这次核验已经有结果，请刷新页面查看。")
    row.state = state


def _label(method: str) -> str:
    return METHOD_LABELS.get(method, method)


def _record(kind: str, actor: Actor, person_id: int, now: dt.datetime, **body: object) -> None:
    about = [f"organisation:{actor.organisation_id}"] if actor.organisation_id else []
    evidence.record(kind=kind, actor=actor, subject=f"person:{person_id}", about=about, body=body, now=now)
