"""Background work of ``evidence``: dossiers and verifications are made by the worker, not while a page waits."""

import datetime as dt
from typing import Any

from django.dispatch import receiver
from django.tasks import task

from zhenxue.evidence import signals
from zhenxue.evidence.operations import dossiers, verifying
from zhenxue.kernel import clock

#: How often, and how many times, a sealed dossier looks for a witness's cosignature before it goes without one.
LOOK_SECONDS = 3
LOOKS = 25


@task
def build_dossier(dossier_id: int) -> None:
    """Writes and seals a dossier, then finishes it."""
    if dossiers.build_dossier(dossier_id=dossier_id, clock=clock.now):
        _finish(dossier_id, LOOKS)


@task
def finish_dossier(dossier_id: int, looks: int) -> None:
    """Completes a sealed dossier, or looks again a little later."""
    _finish(dossier_id, looks)


def _finish(dossier_id: int, looks: int) -> None:
    can_wait = finish_dossier.get_backend().supports_defer and looks > 0
    if not dossiers.finish_dossier(dossier_id=dossier_id, now=clock.now(), patient=can_wait) and can_wait:
        later = clock.now() + dt.timedelta(seconds=LOOK_SECONDS)
        finish_dossier.using(run_after=later).enqueue(dossier_id, looks - 1)


@receiver(signals.dossier_waiting)
def enqueue_dossier(sender: object, *, dossier_id: int, **more: Any) -> None:
    """Queues a dossier in the transaction of the request."""
    build_dossier.enqueue(dossier_id)


def remove_old_dossiers(now: dt.datetime) -> None:
    """Removes dossiers that were ready for some days (a periodic job)."""
    dossiers.remove_old_dossiers(now=now)


@task
def verify_log(run_id: int) -> None:
    """Verifies the whole log and keeps the result."""
    verifying.run_verification(run_id=run_id, clock=clock.now)


@receiver(signals.verification_asked)
def enqueue_verification(sender: object, *, run_id: int, **more: Any) -> None:
    """Queues a verification in the transaction of the request."""
    verify_log.enqueue(run_id)


def verify_daily(now: dt.datetime) -> None:
    """Keeps the last verification of the log younger than about a day (a periodic job)."""
    verifying.verify_daily(now)
