"""Asking for a dossier, taking it, and removing old ones: each is itself in the log."""

import datetime as dt
from typing import Any

from django.db import IntegrityError, transaction

from zhenxue.evidence.data import DossierState
from zhenxue.evidence.models import Dossier
from zhenxue.evidence.operations.recording import record
from zhenxue.evidence.queries.covers import dossier_kind, dossier_subject
from zhenxue.evidence.queries.dossiers import get_dossier
from zhenxue.evidence.signals import dossier_waiting
from zhenxue.kernel import storage
from zhenxue.kernel.errors import Conflict, Invalid

REQUESTED, DOWNLOADED = "evidence.dossier_requested", "evidence.dossier_downloaded"
KEPT = dt.timedelta(days=7)
#: A worker that says nothing for so long is gone.
STUCK = dt.timedelta(hours=1)
UNDER_WAY = (DossierState.WAITING, DossierState.BUILDING, DossierState.SEALED)


def request_dossier(*, actor: Any, ref: str, with_names: bool, reason: str, now: dt.datetime) -> tuple[Dossier, bool]:
    """Asks for a dossier; gives it and whether it is new (one under way is given again, a second press makes none).

    ``with_names``: private values go in too; where the rule of the kind says so, that needs a reason. Raises what the
    kind's ``find`` raises, and ``Invalid`` without a reason. The worker hears of it by the signal.
    """
    subject = dossier_subject(actor, ref, with_names=with_names)
    kind, _ = dossier_kind(ref)
    reason = reason.strip()
    if with_names and kind.asks_reason(actor) and not reason:
        words = "请写明为什么需要姓名和说明文字。"
        raise Invalid("evidence.dossier_reason", words, fields={"reason": words})
    try:
        with transaction.atomic():
            made = Dossier.objects.create(
                ref=ref,
                title=subject.title[:200],
                account_id=actor.account_id,
                with_names=with_names,
                asked_at=now,
                moved_at=now,
            )
            body = {"dossier": made.pk, "names": with_names, **({"reason": reason} if with_names and reason else {})}
            record(kind=REQUESTED, actor=actor, subject=ref, about=subject.about, body=body, now=now)
            dossier_waiting.send(sender=Dossier, dossier_id=made.pk)
    except IntegrityError:
        rows = Dossier.objects.filter(ref=ref, account_id=actor.account_id, with_names=with_names)
        return rows.filter(state__in=UNDER_WAY).latest("id"), False
    return made, True


def take_dossier(*, actor: Any, dossier_id: int, now: dt.datetime) -> Dossier:
    """A finished dossier for the one who asked, if the right still holds; the taking is logged.

    Raises ``NotFound``, ``Refused``, or ``Conflict`` while it is not ready.
    """
    dossier = get_dossier(actor=actor, dossier_id=dossier_id)
    subject = dossier_subject(actor, dossier.ref, with_names=dossier.with_names)
    if dossier.state != DossierState.READY:
        raise Conflict("evidence.dossier_not_ready", "这份档案包还没有做好，或已过期删除。请刷新页面查看。")
    with transaction.atomic():
        body = {"dossier": dossier.pk, "names": dossier.with_names, "sha256": dossier.sha256}
        record(kind=DOWNLOADED, actor=actor, subject=dossier.ref, about=subject.about, body=body, now=now)
    return dossier


def remove_old_dossiers(*, now: dt.datetime) -> int:
    """Deletes files that were ready for some days, and gives up what a dead worker left; how many rows changed."""
    old = Dossier.objects.filter(state=DossierState.READY, moved_at__lt=now - KEPT)
    stuck = Dossier.objects.filter(state__in=UNDER_WAY, moved_at__lt=now - STUCK)
    changed = 0
    for dossier in [*old, *stuck]:
        was = DossierState(dossier.state)
        dossier.state = DossierState.REMOVED if was is DossierState.READY else DossierState.FAILED
        dossier.failure = "" if was is DossierState.READY else "制作中断了。请重新制作。"
        dossier.moved_at = now
        names = ["state", "failure", "moved_at"]
        if Dossier.objects.filter(pk=dossier.pk, state=was).update(**{name: getattr(dossier, name) for name in names}):
            changed += 1
            for path in filter(None, (dossier.path, dossier.work_path)):
                storage.delete(path)
    return changed
