"""What every write about a check shares: its lock, its entry in the log, its announcement."""

import datetime as dt
from typing import Any

from django.dispatch import Signal

from zhenxue.evidence import api as evidence
from zhenxue.identity.data import Actor
from zhenxue.integrity.models import Check
from zhenxue.kernel.errors import NotFound


def lock_check(check_id: int) -> Check:
    """A check with its enrolment and cohort, locked until the transaction ends; raises ``NotFound``."""
    Check.objects.select_for_update().filter(pk=check_id).first()
    found = Check.objects.select_related("enrolment__cohort", "makes_up__enrolment").filter(pk=check_id).first()
    if found is None:
        raise NotFound("integrity.check_not_found", "没有找到这次核验。")
    return found


def record(kind: str, actor: Actor, check: Check, body: dict[str, Any], now: dt.datetime) -> None:
    """One entry about a check, found under its person, enrolment and cohort."""
    about = [f"person:{check.person_id}"]
    if check.enrolment is not None:
        about += [f"enrolment:{check.enrolment_id}", f"cohort:{check.enrolment.cohort_id}"]
    if check.command_id is not None:
        about.append(f"command:{check.command_id}")
    body = {"check": check.pk, "context": check.context, "cause": check.cause, **body}
    evidence.record(kind=kind, actor=actor, subject=f"check:{check.pk}", about=about, body=body, now=now)


def announce(signal: Signal, check: Check, now: dt.datetime, **more: Any) -> None:
    """Tells whoever waits for the context; a receiver that raises undoes everything."""
    values = {
        "check_id": check.pk,
        "context": check.context,
        "person_id": check.person_id,
        "enrolment_id": check.enrolment_id,
        "proof_at": check.proof_at,
        "asked_at": check.asked_at,
        "now": now,
    }
    signal.send(sender=Check, **{**values, **more})
