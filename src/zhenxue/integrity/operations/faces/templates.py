"""Face templates: enrolled, waiting for the provider, replaced, ended. A living template is never written over: the old
one ends, its vector is erased, its dates stay."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from zhenxue.identity import api as identity
from zhenxue.identity.data import FACE, IN_PERSON, SYSTEM, Actor, Role
from zhenxue.integrity import protocol
from zhenxue.integrity.data import (
    ENROLMENT_TURNS,
    FEWEST_FRAMES,
    PENDING_TRANSITIONS,
    FaceReason,
    JobKind,
    JobState,
    PendingCause,
    PendingState,
    TemplateEnd,
    Turn,
)
from zhenxue.integrity.models import FaceJob, FaceTemplate, PendingFace
from zhenxue.integrity.operations.faces.jobs import submit_job
from zhenxue.integrity.operations.faces.recording import record, thousandths
from zhenxue.integrity.operations.signals import note_signal
from zhenxue.integrity.policies.faces import check_can_confirm_face, check_can_end_template, check_can_enrol
from zhenxue.integrity.queries.checks import known_cameras
from zhenxue.integrity.queries.face_projection import template_digest
from zhenxue.integrity.rules.facts import CHECK_WORDS
from zhenxue.kernel import clock
from zhenxue.kernel.errors import Conflict, Invalid, NotFound, TooMany

MOST_TRIES_AN_HOUR = 12
#: Refusals because of the card's picture, within a day, after which the provider is asked instead.
PORTRAIT_TRIES = 2
PENDING_DAYS = 14


@dataclass(frozen=True, slots=True)
class Enrolled:
    """What the engine made of the frames of an enrolment; ``vector`` is base64 of 128 float32."""

    vector: str
    engine: str
    frames: int
    threshold: float
    portrait_score: float | None
    former_score: float | None = None
    unlike_portrait: bool = False


def enrol(
    *,
    actor: Actor,
    person_id: int,
    frames: Sequence[bytes],
    nonce: str,
    turns: Sequence[Turn],
    claims: Mapping[str, Any],
    device: str,
    now: dt.datetime,
) -> FaceJob:
    """Hand the frames of one's own enrolment to the engine; what becomes of them is told by the job.

    ``device`` is the fingerprint of the key that signed them (the page's address has checked that), ``claims`` what the
    browser says of its camera: kept, held against the cameras used on this device before, and noted where it is
    strange, as with the burst of a check; it decides nothing.

    Raises ``Refused`` for anybody else or without consent, ``Conflict`` while an earlier one is looked at or waits for
    the provider, ``TooMany``, ``Invalid`` for bad frames.
    """
    check_can_enrol(actor, person_id)
    if tuple(turns) not in ENROLMENT_TURNS:
        raise Invalid("integrity.turns", "登记的步骤不对，请刷新页面重新拍。")
    if len(frames) < FEWEST_FRAMES + len(turns):
        raise Invalid("integrity.frames", "照片没有拍全，请按提示重新拍一次。")
    jobs = FaceJob.objects.filter(person_id=person_id, kind=JobKind.ENROL)
    if PendingFace.objects.filter(person_id=person_id, state=PendingState.WAITING).exists():
        raise Conflict("integrity.face_waits", "您的登记已提交，正在等机构确认，不用重复登记。")
    if jobs.filter(state__in=[JobState.QUEUED, JobState.RUNNING], deadline_at__gt=now).exists():
        raise Conflict("integrity.job_waits", "上一组照片正在比对，请等几秒。")
    if jobs.filter(queued_at__gt=now - dt.timedelta(hours=1)).count() >= MOST_TRIES_AN_HOUR:
        raise TooMany("integrity.enrol_pace", "登记次数太多了，请过一小时再试，或请机构帮忙。")
    known = protocol.camera_claims(claims)
    strange = protocol.camera_words(known, known_cameras(person_id, device))
    with transaction.atomic():
        job = submit_job(
            kind=JobKind.ENROL,
            person_id=person_id,
            frames=frames,
            nonce=nonce,
            turns=turns,
            device=device,
            claims=known,
            now=now,
        )
        for word in sorted(strange):
            facts = {"job": job.pk, "kind": JobKind.ENROL.value, "found": word}
            note_signal(person_id=person_id, kind=CHECK_WORDS[word], facts=facts, once_key=f"job:{job.pk}", now=now)
    return job


def needs_confirmation(person_id: int) -> bool:
    """Whether an enrolment is a second one: a template lives, or ended otherwise than by the end of its time."""
    rows = FaceTemplate.objects.filter(person_id=person_id)
    return rows.exclude(end_reason=TemplateEnd.KEPT_LONG_ENOUGH).exists()


def settle_enrolment(*, job: FaceJob, made: Enrolled, now: dt.datetime) -> FaceTemplate | PendingFace | None:
    """Make a template of what the engine found, or let it wait for the provider; None where neither may be.

    A second enrolment always waits. One that is unlike the card's picture waits from the third time on; before, the
    learner tries again.
    """
    person_id = _person_of(job)
    with transaction.atomic():
        check_can_enrol(_own(person_id), person_id)
        if needs_confirmation(person_id):
            return _ask_provider(job, made, PendingCause.RENEWAL, now)
        if made.unlike_portrait:
            return _ask_provider(job, made, PendingCause.PORTRAIT, now) if _tried_enough(job, now) else None
        return _store(person_id, made, _own(person_id), now, job=job)


def confirm_face(*, actor: Actor, pending_id: int, agreed: bool, note: str, now: dt.datetime) -> PendingFace:
    """A manager of the provider says, having seen person and card, whether the new face is theirs.

    Raises ``NotFound`` out of sight, ``Refused``, ``Conflict`` when it was decided, ``Invalid`` without a note.
    """
    note = note.strip()
    if not 4 <= len(note) <= 200:
        words = "请写明怎样核对的，例如“本人到场，核对身份证原件”，4 到 200 字。"
        raise Invalid("integrity.pending_note", words, fields={"note": words})
    with transaction.atomic():
        pending = PendingFace.objects.select_for_update().filter(pk=pending_id).first()
        if pending is None:
            raise NotFound("integrity.no_pending_face", "没有找到这次登记。")
        check_can_confirm_face(actor, pending)
        if PendingState.CONFIRMED not in PENDING_TRANSITIONS[PendingState(pending.state)]:
            raise Conflict("integrity.pending_decided", "这次登记已经办过了，不用重复办理。")
        made = Enrolled(
            pending.vector,
            pending.engine,
            pending.frames,
            pending.threshold,
            pending.portrait_score,
            pending.former_score,
        )
        _decide(pending, PendingState.CONFIRMED if agreed else PendingState.REFUSED, now, actor=actor, note=note)
        if agreed:
            _end_living(pending.person_id, TemplateEnd.REPLACED, actor, now)
            _store(pending.person_id, made, actor, now, job=pending.job)
            if pending.cause == PendingCause.PORTRAIT:
                identity.record_verification(
                    actor=actor, person_id=pending.person_id, method=IN_PERSON, reason=note, now=now
                )
    return pending


def end_template(*, actor: Actor, person_id: int, reason: TemplateEnd, now: dt.datetime) -> FaceTemplate | None:
    """Erase a person's vector, what waits for the provider too; the ended row, or None where none lived.

    Raises ``Refused``: one's own by withdrawal; a ruling's consequence and the end of its time by the system.
    """
    check_can_end_template(actor, person_id, reason)
    with transaction.atomic():
        for pending in PendingFace.objects.select_for_update().filter(person_id=person_id, state=PendingState.WAITING):
            _decide(pending, PendingState.LAPSED, now, actor=actor, note=reason.label)
        return _end_living(person_id, reason, actor, now)


def lapse_pending(*, now: dt.datetime) -> int:
    """Let enrolments lapse that no provider decided in time; how many."""
    late = PendingFace.objects.select_for_update().filter(
        state=PendingState.WAITING, lapses_on__lt=clock.civil_day(now)
    )
    with transaction.atomic():
        rows = list(late)
        for pending in rows:
            _decide(pending, PendingState.LAPSED, now, actor=SYSTEM, note="机构没有按时确认")
    return len(rows)


def _store(person_id: int, made: Enrolled, actor: Actor, now: dt.datetime, *, job: FaceJob) -> FaceTemplate:
    template = FaceTemplate.objects.create(
        person_id=person_id,
        vector=made.vector,
        engine=made.engine,
        frames=made.frames,
        portrait_score=made.portrait_score,
        threshold=made.threshold,
        enrolled_at=now,
    )
    body = {**_body(made), "template": template.pk, **_job_body(job), "digest": template_digest(made.vector)}
    record("integrity.face_enrolled", actor, person_id, body, now)
    if made.portrait_score is not None and made.portrait_score >= made.threshold:
        facts = {"job": job.pk, "score": round(made.portrait_score, 3), "threshold": made.threshold}
        identity.record_verification(actor=actor, person_id=person_id, method=FACE, facts=facts, now=now)
    return template


def _end_living(person_id: int, reason: TemplateEnd, actor: Actor, now: dt.datetime) -> FaceTemplate | None:
    living = FaceTemplate.objects.select_for_update().filter(person_id=person_id, ended_at__isnull=True).first()
    if living is None:
        return None
    living.vector, living.ended_at, living.end_reason = "", now, reason
    living.save(update_fields=["vector", "ended_at", "end_reason"])
    record("integrity.face_ended", actor, person_id, {"template": living.pk, "reason": reason.value}, now)
    identity.end_verification(actor=actor, person_id=person_id, method=FACE, reason=reason.label, now=now)
    return living


def _ask_provider(job: FaceJob, made: Enrolled, cause: PendingCause, now: dt.datetime) -> PendingFace:
    pending = PendingFace.objects.create(
        person_id=_person_of(job),
        cause=cause,
        vector=made.vector,
        engine=made.engine,
        frames=made.frames,
        portrait_score=made.portrait_score,
        former_score=made.former_score,
        threshold=made.threshold,
        job=job,
        asked_at=now,
        lapses_on=clock.civil_day(now) + dt.timedelta(days=PENDING_DAYS),
    )
    body = {**_body(made), "pending": pending.pk, "cause": cause.value, **_job_body(job)}
    record("integrity.face_asked", _own(pending.person_id), pending.person_id, body, now)
    return pending


def _decide(pending: PendingFace, state: PendingState, now: dt.datetime, *, actor: Actor, note: str) -> None:
    pending.state, pending.vector, pending.decided_at, pending.note = state, "", now, note
    pending.decided_by_id = actor.account_id
    pending.save(update_fields=["state", "vector", "decided_at", "note", "decided_by"])
    body = {"pending": pending.pk, "cause": pending.cause, "state": state.value, "note": note}
    record("integrity.face_decided", actor, pending.person_id, body, now)


def _tried_enough(job: FaceJob, now: dt.datetime) -> bool:
    earlier = FaceJob.objects.filter(
        person_id=_person_of(job), kind=JobKind.ENROL, state=JobState.DONE, done_at__gt=now - dt.timedelta(days=1)
    ).exclude(pk=job.pk)
    unlike = FaceReason.UNLIKE_PORTRAIT.value
    return sum(unlike in verdict.get("reasons", ()) for verdict in earlier.values_list("verdict", flat=True)) >= (
        PORTRAIT_TRIES
    )


def _job_body(job: FaceJob) -> dict[str, object]:
    return {"job": job.pk, "device_key": job.device}


def _body(made: Enrolled) -> dict[str, object]:
    return {
        "engine": made.engine,
        "frames": made.frames,
        "threshold": thousandths(made.threshold),
        "portrait_score": thousandths(made.portrait_score),
        "former_score": thousandths(made.former_score),
    }


def _own(person_id: int) -> Actor:
    """The learner, for whom the engine finishes what they began."""
    return Actor(role=Role.LEARNER, person_id=person_id, name="学员本人")


def _person_of(job: FaceJob) -> int:
    if job.person_id is None:
        raise ValueError(f"face job {job.pk} is nobody's")
    return job.person_id
