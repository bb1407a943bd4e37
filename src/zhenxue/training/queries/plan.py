"""The plan of a cohort as other rooms read it: units to study, seconds required, frozen rules, digest."""

import datetime as dt
import hashlib
import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from zhenxue.catalogue import api as catalogue
from zhenxue.identity import api as identity
from zhenxue.kernel import clock
from zhenxue.training.data import LATER_RULES, LineMode, OnlineShare, online_share
from zhenxue.training.models import Cohort, Enrolment, PlanLine, Programme, Stage

DIGEST_VERSION = 1
#: Filed plans that a process remembers, each with its units and their texts (some 100 kB).
KEPT_PLANS = 500


@dataclass(frozen=True, slots=True)
class PlanUnit:
    """A unit to study online, with the line and stage of the plan that brings it."""

    line: PlanLine
    stage_number: int
    unit: catalogue.Unit


@dataclass(frozen=True, slots=True)
class RequiredSeconds:
    """What must be studied and attended; both in seconds."""

    online: int = 0
    offline: int = 0


def list_lines(cohort_id: int) -> list[PlanLine]:
    """All lines of the plan in order, with stage, course version, course and teacher."""
    return list(
        PlanLine.objects.filter(cohort_id=cohort_id)
        .select_related("stage", "course_version__course", "teacher", "source")
        .order_by("stage__number", "position")
    )


def list_stages(cohort_id: int) -> list[Stage]:
    """The stages of the plan by number."""
    return list(Stage.objects.filter(cohort_id=cohort_id).order_by("number"))


def plan_units(cohort_id: int) -> list[PlanUnit]:
    """Every unit of the plan in study order (stage, line, unit). At most three queries."""
    lines = list(
        PlanLine.objects.filter(cohort_id=cohort_id, mode=LineMode.ONLINE)
        .select_related("stage", "course_version__course")
        .order_by("stage__number", "position")
    )
    versions = [line.course_version_id for line in lines if line.course_version_id is not None]
    units = catalogue.units_of_versions(versions)
    return [
        PlanUnit(line, line.stage.number, unit) for line in lines for unit in units.get(line.course_version_id or 0, [])
    ]


def plan_units_of(cohort: Cohort) -> Sequence[PlanUnit]:
    """As ``plan_units``; the plan of a filed cohort, whose digest names its contents, is read once a process.

    What it gives is shared between requests: read it, never change it.
    """
    return _frozen_units(cohort.pk, cohort.plan_digest) if is_frozen(cohort) else plan_units(cohort.pk)


def is_frozen(cohort: Cohort) -> bool:
    """Whether the plan is exactly what its digest names (a returned filing keeps its digest while it is edited)."""
    return bool(cohort.plan_digest) and not cohort.plan_open


@lru_cache(maxsize=KEPT_PLANS)
def _frozen_units(cohort_id: int, plan_digest: str) -> Sequence[PlanUnit]:
    return tuple(plan_units(cohort_id))


def required_by_stage(cohort_id: int, units: Sequence[PlanUnit] | None = None) -> dict[int, RequiredSeconds]:
    """Seconds online (of the units) and offline (of the lessons) per stage number.

    A make-up lesson repeats another lesson and therefore requires nothing of its own. Whoever holds the ``units`` of
    the plan already hands them in and saves their queries.
    """
    online: dict[int, int] = defaultdict(int)
    offline: dict[int, int] = defaultdict(int)
    for item in plan_units(cohort_id) if units is None else units:
        online[item.stage_number] += item.unit.seconds
    lessons = PlanLine.objects.filter(cohort_id=cohort_id, mode=LineMode.OFFLINE, makes_up__isnull=True)
    for number, minutes in lessons.values_list("stage__number", "minutes"):
        offline[number] += minutes * 60
    numbers = {*online, *offline, *Stage.objects.filter(cohort_id=cohort_id).values_list("number", flat=True)}
    return {number: RequiredSeconds(online[number], offline[number]) for number in sorted(numbers)}


def required_seconds(cohort_id: int) -> tuple[int, int]:
    """Seconds (online, offline) that the whole plan requires."""
    stages = required_by_stage(cohort_id).values()
    return sum(stage.online for stage in stages), sum(stage.offline for stage in stages)


def rules_of(cohort: Cohort) -> dict[str, int]:
    """The rule values frozen at approval; before that, those in force for the region when it was filed or begun (one
    query)."""
    if cohort.rules:
        return {**LATER_RULES, **cohort.rules}
    day = clock.civil_day(cohort.filed_at or cohort.created_at)
    return {**LATER_RULES, **identity.get_rules(region_code=cohort.region_id, on=day).frozen()}


def plan_share(lines: list[PlanLine]) -> OnlineShare:
    """The online share of a plan; make-up lessons are repeats and do not count."""
    return online_share([(line.mode, line.minutes) for line in lines if line.makes_up_id is None])


def programme_share(programme: Programme) -> OnlineShare:
    """The online share of a programme."""
    return online_share([(mode, minutes) for mode, minutes in programme.lines.values_list("mode", "minutes")])


def plan_document(cohort: Cohort) -> dict[str, Any]:
    """What the plan digest covers, as plain JSON without names or numbers of persons.

    ``digest_version``; ``cohort``: id, code, title, programme id and kind, occupation, level, organisation id and
    credit code, region, first and last day, capacity, venue, head teacher (person id), assessment plan, pass mark,
    reason for an online share above the limit; ``rules``: the frozen rule values; ``stages``: number and title;
    ``lines`` in order: id, stage, position, mode, title, minutes, course version id with its frozen digest, or time
    (UTC, ISO 8601), place, teacher (person id) and the lesson a make-up repeats; ``roster``: the person ids of
    everybody ever enrolled, sorted (leaving does not change the digest; nobody is added after filing).
    """
    lines = (
        PlanLine.objects.filter(cohort=cohort)
        .select_related("course_version", "stage")
        .order_by("stage__number", "position")
    )
    programme = cohort.programme
    return {
        "digest_version": DIGEST_VERSION,
        "cohort": {
            "id": cohort.pk,
            "code": cohort.code,
            "title": cohort.title,
            "programme": programme.pk,
            "kind": programme.kind,
            "occupation": programme.occupation_id,
            "level": programme.level,
            "organisation": cohort.organisation_id,
            "uscc": cohort.organisation.uscc,
            "region": cohort.region_id,
            "starts_on": cohort.starts_on.isoformat(),
            "ends_on": cohort.ends_on.isoformat(),
            "capacity": cohort.capacity,
            "venue": cohort.venue,
            "head_teacher": cohort.head_teacher_id,
            "assessment_plan": cohort.assessment_plan,
            "pass_percent": cohort.pass_percent,
            "share_exception_reason": cohort.share_exception_reason,
        },
        "rules": dict(sorted(cohort.rules.items())),
        "stages": [{"number": stage.number, "title": stage.title} for stage in list_stages(cohort.pk)],
        "lines": [_line_document(line) for line in lines],
        "roster": sorted(Enrolment.objects.filter(cohort=cohort).values_list("person_id", flat=True)),
    }


def _line_document(line: PlanLine) -> dict[str, Any]:
    shared = {
        "id": line.pk,
        "stage": line.stage.number,
        "position": line.position,
        "mode": line.mode,
        "title": line.title,
        "minutes": line.minutes,
    }
    if line.course_version is not None:
        return {**shared, "course_version": line.course_version.pk, "course_digest": line.course_version.digest}
    return {
        **shared,
        "starts_at": _utc(line.starts_at),
        "ends_at": _utc(line.ends_at),
        "place": line.place,
        "teacher": line.teacher_id,
        "makes_up": line.makes_up_id,
    }


def _utc(moment: dt.datetime | None) -> str | None:
    return moment.astimezone(dt.UTC).isoformat() if moment is not None else None


def digest_of(document: dict[str, Any]) -> str:
    """SHA-256 (hex) of the canonical JSON: UTF-8, keys sorted, no blanks; the documents hold no floats."""
    text = json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def plan_digest(cohort: Cohort) -> str:
    """The digest of the plan as it stands (see ``plan_document``)."""
    return digest_of(plan_document(cohort))
