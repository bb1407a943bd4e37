"""One thread of the engine's process: takes a job, looks, judges, closes it. The only room that imports the engine.

Nets serve one thread at a time, so every ``Worker`` has an ``Engine`` of its own; the gallery for the search over
everybody is shared and locked.
"""

import base64
import datetime as dt
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from django.db import transaction

from zhenxue.identity import api as identity
from zhenxue.integrity.data import STRANGE_REASONS, FaceReason, JobKind, Turn
from zhenxue.integrity.faces import images, judging, liveness
from zhenxue.integrity.faces.engine import VECTOR_LENGTH, Engine, Vector, cosine
from zhenxue.integrity.faces.naming import ENGINE
from zhenxue.integrity.faces.search import Gallery
from zhenxue.integrity.models import Capture, FaceJob, FaceTemplate
from zhenxue.integrity.operations.faces.files import open_frames
from zhenxue.integrity.operations.faces.jobs import claim_job, close_job
from zhenxue.integrity.operations.faces.templates import Enrolled, settle_enrolment
from zhenxue.integrity.operations.signals import note_signal
from zhenxue.integrity.queries.faces import duplicate_percent
from zhenxue.kernel import clock
from zhenxue.kernel.crypto import SealBroken
from zhenxue.kernel.errors import ZhenxueError

logger = logging.getLogger(__name__)

#: How far back pictures of the same person are looked at for a picture that was used before.
REUSE_DAYS = 120
#: Two pictures whose five points lie within this of each other (in eye distances) show one moment: a copy.
REUSE_POINTS = 0.015
LATEST_TIMES = 100
#: Nobody is nearer to anybody below this; the rules of a place may ask for more.
LEAST_DUPLICATE_PERCENT = 40
MOST_PAIRS = 5_000


def pack(vector: Vector) -> str:
    """A vector as it is sealed."""
    return base64.b64encode(np.asarray(vector, "<f4").tobytes()).decode()


def unpack(text: str) -> Vector:
    """Raises ``ValueError`` for anything but 128 numbers."""
    found = np.frombuffer(base64.b64decode(text), "<f4").astype(np.float32)
    if found.shape != (VECTOR_LENGTH,):
        raise ValueError("not a face template")
    return found


class Everybody:
    """All living templates in memory, by person; fresh before every search."""

    def __init__(self) -> None:
        self._gallery = Gallery()
        self._templates: dict[int, int] = {}  # person → template
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._gallery)

    def nearest(self, person_id: int, vector: Vector, *, threshold: float) -> list[tuple[int, float]]:
        """Other people at least that alike, the most alike first."""
        with self._lock:
            self._refresh()
            found = self._gallery.nearest(vector, threshold=threshold)
        return [(other, score) for other, score in found if other != person_id]

    def pairs(self, *, threshold: float) -> list[tuple[int, int, float]]:
        """Every two people that alike."""
        with self._lock:
            self._refresh()
            found = []
            for pair in self._gallery.pairs(threshold=threshold):
                found.append(pair)
                if len(found) >= MOST_PAIRS:
                    logger.error("more than %d pairs of like faces; the rest is looked at tomorrow", MOST_PAIRS)
                    break
        return found

    def _refresh(self) -> None:
        living = FaceTemplate.objects.filter(ended_at__isnull=True)
        now = dict(living.values_list("person_id", "pk"))
        gone = [person for person, template in self._templates.items() if now.get(person) != template]
        self._gallery.remove(gone)
        for person in gone:
            del self._templates[person]
        fresh = [template for person, template in now.items() if person not in self._templates]
        for start in range(0, len(fresh), 500):
            rows = living.filter(pk__in=fresh[start : start + 500])
            for template, person, vector in rows.values_list("pk", "person_id", "vector"):
                self._gallery.add(person, unpack(str(vector)))
                self._templates[person] = template


class Worker:
    """Claims and does jobs, one at a time; keeps its figures. ``now`` is the clock of the process."""

    def __init__(
        self,
        name: str,
        everybody: Everybody,
        *,
        engine: Engine | None = None,
        now: Callable[[], dt.datetime] = clock.now,
    ) -> None:
        self.name = name
        self.everybody = everybody
        self.engine = engine or Engine()
        self.now = now
        self.done = 0
        self.failures = 0
        self.times: deque[int] = deque(maxlen=LATEST_TIMES)

    def step(self) -> bool:
        """Do one job, if one waits. A job that fails is logged and left to its lease: it is tried once more."""
        job = claim_job(worker=self.name, now=self.now())
        if job is None:
            return False
        began = time.perf_counter()
        try:
            self.work(job)
        except Exception:
            self.failures += 1
            logger.exception("face job %s failed", job.pk)
        else:
            self.done += 1
            self.times.append(round((time.perf_counter() - began) * 1000))
        return True

    def work(self, job: FaceJob) -> None:
        """One job from its pictures to its verdict."""
        if job.kind == JobKind.CHECK:
            self._check(job)
        elif job.kind == JobKind.ENROL:
            self._enrol(job)
        else:
            self._duplicates(job)

    def _check(self, job: FaceJob) -> None:
        person_id = job.person_id or 0
        template = FaceTemplate.objects.filter(person_id=person_id, ended_at__isnull=True).first()
        if template is None or not identity.has_consent(person_id, "face"):
            self._close(job, judging.refused(FaceReason.NOT_ENROLLED), None)
            return
        frames = open_frames(job)
        burst = judging.look(self.engine, frames)
        if reused(job, burst):
            burst.reasons.append(FaceReason.REUSED)
        verdict = judging.judge_check(
            self.engine,
            frames,
            reference=unpack(template.vector),
            threshold=job.asked["percent"] / 100,
            turns=[Turn(one) for one in job.asked["turns"]],
            burst=burst,
        )
        self._close(job, verdict, burst, template=template.pk)

    def _enrol(self, job: FaceJob) -> None:
        person_id = job.person_id or 0
        frames = open_frames(job)
        burst = judging.look(self.engine, frames)
        if reused(job, burst):
            burst.reasons.append(FaceReason.REUSED)
        threshold = job.asked["percent"] / 100
        verdict, vector = judging.judge_enrolment(
            self.engine,
            frames,
            turns=[Turn(one) for one in job.asked["turns"]],
            threshold=threshold,
            portrait=card_portrait(person_id),
            burst=burst,
        )
        if vector is None:
            self._close(job, verdict, burst)
            return
        former = FaceTemplate.objects.filter(person_id=person_id, ended_at__isnull=True).first()
        made = Enrolled(
            vector=pack(vector),
            engine=ENGINE,
            frames=len(burst.pictures),
            threshold=threshold,
            portrait_score=verdict.score,
            former_score=cosine(vector, unpack(former.vector)) if former else None,
            unlike_portrait=FaceReason.UNLIKE_PORTRAIT in verdict.reasons,
        )
        now = self.now()
        with transaction.atomic():
            try:
                with transaction.atomic():
                    kept = settle_enrolment(job=job, made=made, now=now)
            except ZhenxueError as error:  # consent was taken back, or another enrolment came first
                logger.info("face job %s: %s", job.pk, error)
                self._close(job, judging.refused(FaceReason.NOT_ENROLLED), burst)
                return
            pending = kept is not None and not isinstance(kept, FaceTemplate)
            if not self._close(job, verdict, burst, passed=kept is not None, pending=pending):
                transaction.set_rollback(True)
                return
            if kept is not None:
                self._note_alike(person_id, vector, job, now)

    def _note_alike(self, person_id: int, vector: Vector, job: FaceJob, now: dt.datetime) -> None:
        """The same face on somebody else: a signal about both, for a person to look at."""
        percent = duplicate_percent(person_id)
        for other, score in self.everybody.nearest(person_id, vector, threshold=percent / 100):
            note_duplicate(person_id, other, score, percent, now)

    def _duplicates(self, job: FaceJob) -> None:
        pairs = self.everybody.pairs(threshold=LEAST_DUPLICATE_PERCENT / 100)
        now = self.now()
        count = 0
        with transaction.atomic():
            for one, other, score in pairs:
                percent = max(duplicate_percent(one), duplicate_percent(other))
                if score * 100 >= percent:
                    note_duplicate(one, other, score, percent, now)
                    count += 1
            verdict = {"passed": True, "reasons": [], "found": [], "engine": ENGINE, "pairs": count}
            close_job(job=job, verdict=verdict | {"templates": len(self.everybody)}, now=now)

    def _close(self, job: FaceJob, verdict: judging.Verdict, burst: judging.Burst | None, **more: Any) -> bool:
        plain = verdict.plain() | {"found": [one.value for one in verdict.reasons if one in STRANGE_REASONS]} | more
        looks = [(one.digest, one.points) for one in burst.pictures] if burst and not burst.bad else []
        return close_job(job=job, verdict=plain, looks=looks, now=self.now())


def card_portrait(person_id: int) -> bytes | None:
    """The portrait that was cut out of the person's own card; None where there is none, or it cannot be opened."""
    person = identity.get_person(person_id)
    if not person.portrait:
        return None
    try:
        return identity.open_photo(person, "portrait")
    except (OSError, SealBroken):
        logger.exception("the portrait of person %s cannot be opened", person_id)
        return None


def reused(job: FaceJob, burst: judging.Burst) -> bool:
    """Whether a picture of the burst was handed in before: byte for byte by anybody, or saved anew.

    A copy has nearly the same hash *and* the five points in the same places. The hash alone would also fit somebody who
    sits at the same desk every evening; the points of a living head do not come back to within a pixel.
    """
    own = list(job.captures.order_by("number").values_list("sha256", flat=True))
    earlier = Capture.objects.exclude(job=job).filter(job__queued_at__lte=job.queued_at)
    if len(set(own)) < len(own) or earlier.filter(sha256__in=own).exists():
        return True
    hashes = [one.digest for one in burst.pictures]
    since = job.queued_at - dt.timedelta(days=REUSE_DAYS)
    rows = earlier.exclude(points=[]).values_list("picture_hash", "points")
    mine = (
        rows.filter(person_id=job.person_id or 0, taken_at__gte=since).exclude(picture_hash="").order_by("-pk")[:2_000]
    )
    anybody = rows.filter(picture_hash__in=hashes).order_by("-pk")[:500]
    return any(_is_copy(picture, candidates) for candidates in (mine, anybody) for picture in burst.pictures)


def _is_copy(picture: judging.Picture, candidates: Iterable[tuple[str, Sequence[float]]]) -> bool:
    if not picture.points:
        return False
    points = np.array(picture.points, np.float32).reshape(5, 2)
    return any(
        images.bits_apart(picture.digest, digest) <= images.NEAR_BITS
        and liveness.same_points(points, np.array(there, np.float32).reshape(5, 2), REUSE_POINTS)
        for digest, there in candidates
    )


def note_duplicate(one: int, other: int, score: float, percent: int, now: dt.datetime) -> None:
    """A signal about each of two people with one face; the same pair is noted once."""
    pair = f"{min(one, other)}-{max(one, other)}"
    for person_id, second in ((one, other), (other, one)):
        facts = {"other_person": second, "percent": round(score * 100), "threshold": percent}
        note_signal(person_id=person_id, kind="duplicate_face", facts=facts, once_key=f"{person_id}:{pair}", now=now)
