"""Work for the face engine: queued by the web, claimed and closed by the engine's processes.

A job is claimed by one conditional update, so two processes never have the same one, on either database. Whoever is
told of a verdict (``on_judged``) is told inside the transaction that closes the job.
"""

import datetime as dt
import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from zhenxue.identity.data import SYSTEM
from zhenxue.integrity.data import JOB_TRANSITIONS, MOST_FRAMES, FaceReason, JobKind, JobState, Turn
from zhenxue.integrity.faces import limits
from zhenxue.integrity.models import Capture, Check, FaceJob
from zhenxue.integrity.operations.faces.files import seal_frames
from zhenxue.integrity.operations.faces.recording import record, verdict_body
from zhenxue.integrity.queries.faces import keep_pictures_until, threshold_percent
from zhenxue.kernel import clock, storage
from zhenxue.kernel.data import states_before
from zhenxue.kernel.errors import Invalid

#: How long a job may wait and run before nobody waits for it any more.
DEADLINES = {
    JobKind.CHECK: dt.timedelta(seconds=20),
    JobKind.ENROL: dt.timedelta(seconds=60),
    JobKind.DUPLICATES: dt.timedelta(hours=6),
}
#: A process that has had a job so long is taken for dead.
LEASES = {
    JobKind.CHECK: dt.timedelta(seconds=10),
    JobKind.ENROL: dt.timedelta(seconds=30),
    JobKind.DUPLICATES: dt.timedelta(hours=1),
}
MOST_STARTS = 2
WORDS = {
    "type": "照片不是 JPG 或 PNG 格式，请用摄像头重新拍。",
    "size": "照片太大或不完整，请用摄像头重新拍。",
    "pixels": "照片的尺寸不对，请用摄像头重新拍。",
    "broken": "照片打不开，请刷新页面重新拍。",
}

type Judged = Callable[[FaceJob, dt.datetime], object]
_listeners: dict[JobKind, Judged] = {}


def on_judged(kind: JobKind, listener: Judged) -> None:
    """Announce in ``apps.ready()`` who is told when a job of this kind is over: ``listener(job, now)``."""
    _listeners[kind] = listener


def submit_job(
    *,
    kind: JobKind,
    person_id: int,
    frames: Sequence[bytes],
    nonce: str = "",
    check: Check | None = None,
    turns: Sequence[Turn] = (),
    device: str = "",
    claims: Mapping[str, Any] | None = None,
    now: dt.datetime,
) -> FaceJob:
    """Queue a burst (in the order in which it was taken). Turns and threshold of a check are the check's own.

    Only headers are looked at here, nothing is decoded. Raises ``Invalid`` for a number or a kind of pictures that the
    engine would not look at; then nothing is kept.
    """
    if not 1 <= len(frames) <= MOST_FRAMES:
        raise Invalid("integrity.frames", "照片没有拍全，请按提示重新拍一次。")
    for frame in frames:
        try:
            limits.look(frame)
        except limits.BadPicture as error:
            raise Invalid("integrity.picture", WORDS[str(error)]) from error
    if check is not None:
        turns = [Turn(one) for one in check.task.get("turns", ())]
    asked = {
        "turns": [turn.value for turn in turns],
        "percent": threshold_percent(person_id, check.context if check else "", check.enrolment if check else None),
    }
    path = seal_frames(frames)
    try:
        with transaction.atomic():
            job = FaceJob.objects.create(
                kind=kind,
                person_id=person_id,
                presence=check,
                nonce=nonce,
                device=device,
                claims=dict(claims or {}),
                asked=asked,
                queued_at=now,
                deadline_at=now + DEADLINES[kind],
            )
            keep = keep_pictures_until(person_id, clock.civil_day(now))
            Capture.objects.bulk_create(
                Capture(
                    job=job,
                    person_id=person_id,
                    number=number,
                    path=path,
                    sha256=hashlib.sha256(frame).hexdigest(),
                    taken_at=now,
                    keep_until=keep,
                )
                for number, frame in enumerate(frames)
            )
    except BaseException:
        storage.delete(path)
        raise
    return job


def claim_job(*, worker: str, now: dt.datetime) -> FaceJob | None:
    """The most urgent waiting job, now this process's own; None when nothing waits."""
    for _ in range(8):
        waiting = FaceJob.objects.filter(state=JobState.QUEUED, deadline_at__gt=now).order_by("deadline_at", "pk")
        found = waiting.first()
        if found is None:
            return None
        lease = now + LEASES[JobKind(found.kind)]
        won = (
            _before(JobState.RUNNING)
            .filter(pk=found.pk)
            .update(state=JobState.RUNNING, worker=worker, lease_until=lease, started_at=now, starts=found.starts + 1)
        )
        if won:
            found.refresh_from_db()
            return found
    return None


def close_job(
    *,
    job: FaceJob,
    verdict: Mapping[str, Any],
    looks: Sequence[tuple[str, list[float]]] = (),
    now: dt.datetime,
) -> bool:
    """Write the verdict, with the hash and points of each picture, and tell whoever listens.

    False, and nothing is written, when the job is no longer this process's (its lease ran out). Call it inside the
    transaction of what the verdict leads to.
    """
    with transaction.atomic():
        mine = _before(JobState.DONE).filter(pk=job.pk, worker=job.worker, starts=job.starts)
        passed = bool(verdict.get("passed"))
        if not mine.update(state=JobState.DONE, done_at=now, passed=passed, verdict=dict(verdict)):
            return False
        job.refresh_from_db()
        for number, (picture_hash, points) in enumerate(looks):
            Capture.objects.filter(job=job, number=number).update(picture_hash=picture_hash, points=points)
        if job.person_id is not None and job.kind == JobKind.CHECK:
            about = [f"enrolment:{job.presence.enrolment_id}"] if job.presence and job.presence.enrolment_id else []
            body = verdict_body(job) | {"check": job.presence_id}
            record("integrity.face_compared", SYSTEM, job.person_id, body, now, *about)
        _tell(job, now)
    return True


def expire_late(*, now: dt.datetime) -> int:
    """End jobs whose deadline passed, waiting or running; how many there were."""
    late = _before(JobState.EXPIRED).filter(deadline_at__lte=now)
    count = 0
    for job_id in list(late.order_by("deadline_at", "pk").values_list("pk", flat=True)[:500]):
        with transaction.atomic():
            verdict = {"passed": False, "reasons": [FaceReason.BUSY.value], "found": []}
            mine = _before(JobState.EXPIRED).filter(pk=job_id)
            if mine.update(state=JobState.EXPIRED, done_at=now, passed=False, verdict=verdict):
                _tell(FaceJob.objects.select_related("presence").get(pk=job_id), now)
                count += 1
    return count


def take_up(*, now: dt.datetime, alone: bool = False) -> int:
    """Put back into the queue what a dead process had (all that runs, when this one is ``alone``); how many.

    A job that was begun ``MOST_STARTS`` times and never finished is given up: it may be what kills.
    """
    left = _before(JobState.QUEUED)
    if not alone:
        left = left.filter(lease_until__lte=now)
    hopeless = left.filter(starts__gte=MOST_STARTS)
    for job_id in list(hopeless.values_list("pk", flat=True)):
        left.filter(pk=job_id).update(deadline_at=now)
    count = left.filter(starts__lt=MOST_STARTS).update(state=JobState.QUEUED, worker="", lease_until=None)
    return count + (expire_late(now=now) if hopeless.exists() else 0)


def _before(state: JobState) -> QuerySet[FaceJob]:
    """Jobs that may come to this state."""
    return FaceJob.objects.filter(state__in=states_before(JOB_TRANSITIONS, state))


def _tell(job: FaceJob, now: dt.datetime) -> None:
    listener = _listeners.get(JobKind(job.kind))
    if listener is not None:
        listener(job, now)
