"""The plan of a cohort as other rooms read it: units to study, seconds required, frozen rules, digest."""

import datetime as dt
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Q, Sum

from zhenxue.catalogue import api as catalogue
from zhenxue.identity import api as identity
from zhenxue.kernel import clock
from zhenxue.kernel.prepared import Prepared, padded
from zhenxue.kernel.remembering import Remembered
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
    """Every unit of the plan in study order (stage, line, unit). At most two queries."""
    return _read_plans([cohort_id])[cohort_id]


def _read_plans(cohort_ids: Iterable[int]) -> dict[int, list[PlanUnit]]:
    plans: dict[int, list[PlanUnit]] = {cohort_id: [] for cohort_id in cohort_ids}
    lines = _online_lines(padded(plans))
    versions = {line.course_version_id for line in lines if line.course_version_id is not None}
    units = catalogue.units_of_versions(versions) if versions else {}
    for line in lines:
        of_line = units.get(line.course_version_id or 0, [])
        plans[line.cohort_id] += [PlanUnit(line, line.stage.number, unit) for unit in of_line]
    return plans


_online_lines = Prepared(
    lambda cohort_ids: (
        PlanLine.objects.filter(cohort_id__in=cohort_ids, mode=LineMode.ONLINE)
        .select_related("stage", "course_version__course")
        .order_by("stage__number", "position")
    )
)


def plan_units_of(cohort: Cohort) -> Sequence[PlanUnit]:
    """As ``plan_units``; the plan of a filed cohort, whose digest names its contents, is read once a process.

    What it gives is shared between requests: read it, never change it.
    """
    return plans_of([cohort])[cohort.pk]


def plans_of(cohorts: Iterable[Cohort]) -> dict[int, Sequence[PlanUnit]]:
    """As ``plan_units_of``, by cohort; two queries for all those that were not read yet."""
    rows = {one.pk: one for one in cohorts}
    keys = [(one.pk, one.plan_digest) for one in rows.values() if is_frozen(one)]
    open_plans = [one.pk for one in rows.values() if not is_frozen(one)]
    found: dict[int, Sequence[PlanUnit]] = {}
    for (cohort_id, _), plan in _plans.many(keys, _read_frozen).items():
        found[cohort_id] = plan
    return found | (_read_plans(open_plans) if open_plans else {})


def is_frozen(cohort: Cohort) -> bool:
    """Whether the plan is exactly what its digest names (a returned filing keeps its digest while it is edited)."""
    return bool(cohort.plan_digest) and not cohort.plan_open


#: Filed plans by cohort and digest.
_plans: Remembered[tuple[int, str], Sequence[PlanUnit]] = Remembered(KEPT_PLANS)


def _read_frozen(keys: list[tuple[int, str]]) -> dict[tuple[int, str], Sequence[PlanUnit]]:
    plans = _read_plans(cohort_id for cohort_id, _ in keys)
    return {key: tuple(plans[key[0]]) for key in keys}


def required_by_stage(cohort_id: int, units: Sequence[PlanUnit] | None = None) -> dict[int, RequiredSeconds]:
    """Seconds online (of the units) and offline (of the lessons) per stage number.

    A make-up lesson repeats another lesson and therefore requires nothing of its own. Whoever holds the ``units`` of
    the plan already hands them in and saves their queries.
    """
    return required_by_stages({cohort_id: plan_units(cohort_id) if units is None else units})[cohort_id]


def required_by_stages(plans: Mapping[int, Sequence[PlanUnit]]) -> dict[int, dict[int, RequiredSeconds]]:
    """As ``required_by_stage`` for several cohorts, by cohort, from the units of their plans. One query."""
    once = Q(lines__mode=LineMode.OFFLINE, lines__makes_up__isnull=True)
    stages = Stage.objects.filter(cohort_id__in=list(plans)).values_list("cohort_id", "number").order_by("number")
    required: dict[int, dict[int, RequiredSeconds]] = {cohort_id: {} for cohort_id in plans}
    for cohort_id, number, minutes in stages.annotate(minutes=Sum("lines__minutes", filter=once)):
        online = sum(item.unit.seconds for item in plans[cohort_id] if item.stage_number == number)
        required[cohort_id][number] = RequiredSeconds(online, (minutes or 0) * 60)
    return required


def required_seconds(cohort_id: int) -> tuple[int, int]:
    """Seconds (online, offline) that the whole plan requires."""
    stages = required_by_stage(cohort_id).values()
    return sum(stage.online for stage in stages), sum(stage.offline for stage in stages)


def rules_of(cohort: Cohort) -> dict[str, int]:
    """The rule values frozen at approval; before that, those in force for the region and kind of programme when it was
    filed or begun (one query)."""
    if cohort.rules:
        return {**LATER_RULES, **cohort.rules}
    day = clock.civil_day(cohort.filed_at or cohort.created_at)
    rules = identity.get_rules(region_code=cohort.region_id, on=day, programme_kind=cohort.programme.kind)
    return {**LATER_RULES, **rules.frozen()}


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
