"""What faces put into the log: scores in thousandths, engine, reasons; never a vector, never a picture."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from zhenxue.evidence import api as evidence
from zhenxue.identity.data import Actor
from zhenxue.integrity.models import FaceJob
from zhenxue.training import api as training


def record(kind: str, actor: Actor, person_id: int, body: Mapping[str, Any], now: dt.datetime, *about: str) -> None:
    """One entry about a person's face; the person's cohorts' providers may read it."""
    refs = [f"organisation:{one}" for one in organisations_of(person_id)]
    evidence.record(kind=kind, actor=actor, subject=f"person:{person_id}", about=[*refs, *about], body=body, now=now)


def verdict_body(job: FaceJob) -> dict[str, Any]:
    """What the log holds of a verdict."""
    verdict = job.verdict
    return {
        "job": job.pk,
        "kind": job.kind,
        "passed": bool(job.passed),
        "reasons": list(verdict.get("reasons", ())),
        "found": list(verdict.get("found", ())),
        "engine": verdict.get("engine", ""),
        "score": thousandths(verdict.get("score")),
        "threshold": thousandths(verdict.get("threshold")),
        "same": thousandths(verdict.get("same")),
        "frames": len(verdict.get("frames", ())),
    }


def thousandths(value: float | None) -> int | None:
    """The log knows no floats."""
    return None if value is None else round(value * 1000)


def organisations_of(person_id: int) -> list[int]:
    """Providers with whom the person is or was enrolled, the newest three."""
    rows = training.list_enrolments_of_person(person_id)
    return list(dict.fromkeys(row.cohort.organisation_id for row in rows))[:3]
