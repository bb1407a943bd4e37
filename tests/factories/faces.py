"""Enrolled faces for tests, judged by the real engine on real pictures (``tests.support.faces``)."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from tests.factories.identity import NOW
from tests.support import faces
from zhenxue.identity import api as identity
from zhenxue.identity.data import Actor, ConsentPurpose
from zhenxue.integrity.data import JobKind, Turn
from zhenxue.integrity.models import Check, FaceJob, FaceTemplate
from zhenxue.integrity.operations import faces as operations
from zhenxue.integrity.operations.faces.working import Everybody, Worker

BOTH = (Turn.LEFT, Turn.RIGHT)


def consent(actor: Actor, *, now: dt.datetime = NOW) -> None:
    """The learner agrees to the text in force."""
    version = identity.consent_text(ConsentPurpose.FACE).version
    identity.give_consent(
        actor=actor, person_id=actor.person_id or 0, purpose=ConsentPurpose.FACE, version=version, now=now
    )


def worker(now: dt.datetime = NOW) -> Worker:
    """An engine's thread whose clock stands at ``now``."""
    return Worker("test/0", Everybody(), engine=faces.engine(), now=lambda: now)


def work(now: dt.datetime = NOW) -> int:
    """Everything that waits is done; how many jobs."""
    engine, count = worker(now), 0
    while engine.step():
        count += 1
    assert not engine.failures
    return count


def ask_enrolment(
    actor: Actor,
    frames: Sequence[bytes],
    turns: Sequence[Turn] = BOTH,
    *,
    claims: Mapping[str, Any] | None = None,
    device: str = "",
    now: dt.datetime = NOW,
) -> FaceJob:
    """Frames handed in and judged."""
    job = operations.enrol(
        actor=actor,
        person_id=actor.person_id or 0,
        frames=frames,
        nonce="n" * 22,
        turns=turns,
        claims=claims or {},
        device=device,
        now=now,
    )
    work(now)
    job.refresh_from_db()
    return job


def enrolled(actor: Actor, person: str = "a", *, seed: int = 100, now: dt.datetime = NOW) -> FaceTemplate:
    """The learner with the face of ``a`` from then on."""
    consent(actor, now=now)
    ask_enrolment(actor, faces.enrolment_of(person, BOTH, seed=seed), now=now)
    return FaceTemplate.objects.get(person_id=actor.person_id, ended_at__isnull=True)


def compare(
    actor: Actor,
    frames: Sequence[bytes],
    turns: Sequence[Turn] = BOTH,
    *,
    check: Check | None = None,
    now: dt.datetime = NOW,
) -> FaceJob:
    """A burst compared with the enrolled face."""
    job = operations.submit_job(
        kind=JobKind.CHECK, person_id=actor.person_id or 0, frames=frames, turns=turns, check=check, now=now
    )
    work(now)
    job.refresh_from_db()
    return job
