"""What several pages of a course version share."""

import datetime as dt
from typing import Any

from zhenxue.catalogue.data import Domain, TargetGroup, VersionState
from zhenxue.catalogue.models import CourseVersion, Unit
from zhenxue.catalogue.operations.reviews import find_problems
from zhenxue.catalogue.policies import can_edit_version, can_review, can_withdraw, owns
from zhenxue.catalogue.queries.courses import facts_of, list_chapters, uncovered_points
from zhenxue.catalogue.queries.reading import page_limit
from zhenxue.catalogue.queries.standards import find_occupation, find_standard, list_points
from zhenxue.evidence import api as evidence
from zhenxue.identity import api as identity
from zhenxue.identity.data import Actor, Rules
from zhenxue.kernel.clock import civil_day
from zhenxue.kernel.errors import NotFound

STEPS = ("编写", "审校", "发布")


def version_page(actor: Actor, version: CourseVersion, now: dt.datetime) -> dict[str, Any]:
    """Everything that the pages of a version show; a fixed number of queries whatever its size."""
    facts = facts_of(version)
    chapters = list_chapters(version.pk)
    units = [unit for chapter in chapters for unit in chapter.unit_list]  # type: ignore[attr-defined]  # set by the query
    editable = can_edit_version(actor, version)
    rules = rules_where(version, now)
    for unit in units:
        unit.page_limit = limit_words(unit, rules)
    return {
        "version": version,
        "course": version.course,
        "facts": facts,
        "domain_label": Domain(facts.domain).label,
        "group_labels": [TargetGroup(group).label for group in facts.target_groups],
        "occupation": find_occupation(facts.occupation_code) if facts.occupation_code else None,
        "standard": find_standard(facts.standard_id),
        "chapters": chapters,
        "unit_count": len(units),
        "total_seconds": sum(unit.seconds for unit in units),
        "class_hour_minutes": rules["minutes_per_class_hour"] if rules else None,
        "point_count": len(list_points(facts.standard_id)),
        "uncovered": uncovered_points(version),
        "problems": find_problems(version) if editable or can_review(actor) else [],
        "can_edit": editable,
        "can_review": can_review(actor) and version.state == VersionState.IN_REVIEW,
        "can_withdraw": can_withdraw(actor, version),
        "is_own": owns(actor, version.course.organisation_id),
        "steps": steps_of(version),
        "entries": evidence.list_entries(refs=[f"course_version:{version.pk}"], limit=50),
    }


def steps_of(version: CourseVersion) -> list[tuple[str, str]]:
    """The life of a version as a stepped line."""
    at = {
        VersionState.DRAFT: ("now", "todo", "todo"),
        VersionState.RETURNED: ("now", "bad", "todo"),
        VersionState.IN_REVIEW: ("done", "now", "todo"),
        VersionState.PUBLISHED: ("done", "done", "done"),
        VersionState.WITHDRAWN: ("done", "done", "bad"),
    }[VersionState(version.state)]
    names = (*STEPS[:2], "已下架") if version.state == VersionState.WITHDRAWN else STEPS
    return list(zip(names, at, strict=True))


def rules_where(version: CourseVersion, now: dt.datetime) -> Rules | None:
    """The rules in force where the organisation is; ``None`` where none are loaded."""
    try:
        return identity.get_rules(region_code=version.course.organisation.region_id, on=civil_day(now))
    except NotFound:
        return None


def limit_words(unit: Unit, rules: Rules | None) -> str:
    """What one page of a reading unit may earn at most, where there is a rule for it."""
    share = rules.rules.get("page_share_percent") if rules else None
    return page_limit(unit, share.value) if share else ""
