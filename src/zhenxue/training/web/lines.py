"""The rows of long lists as words, made once in Python: a template spends its time on looking things up in objects."""

import datetime as dt
from collections.abc import Iterable
from typing import Any, NamedTuple

from zhenxue.catalogue.data import TargetGroup
from zhenxue.kernel import clock, masking
from zhenxue.training.data import CohortState, EnrolmentState

GROUPS = dict(TargetGroup.choices())


class CohortLine(NamedTuple):
    """A cohort in a list; ``learners`` is how many there are and how many there may be."""

    id: int
    code: str
    title: str
    organisation: str
    starts_on: str
    ends_on: str
    learners: str
    lessons: str
    state: str
    tone: str


class RosterLine(NamedTuple):
    """A learner on the roster, numbers masked; ``left`` says when and why, and is empty while the learner is active."""

    id: int
    name: str
    citizen_number: str
    phone: str
    group: str
    since: str
    left: str


def cohort_lines(rows: Iterable[tuple[Any, ...]]) -> list[CohortLine]:
    """Rows of ``queries.cohorts.cohort_shelf``."""
    return [
        CohortLine(
            *(pk, code, title, organisation, str(starts_on), str(ends_on)),
            *(f"{learners} / {capacity}", str(lessons)),
            *(CohortState(state).label, CohortState(state).tone),
        )
        for pk, code, title, organisation, starts_on, ends_on, learners, capacity, lessons, state in rows
    ]


def roster_lines(rows: Iterable[tuple[Any, ...]]) -> list[RosterLine]:
    """Rows of ``queries.cohorts.roster_shelf``."""
    return [
        RosterLine(
            *(pk, name, masking.citizen_number(str(number or "")), masking.phone(str(phone or ""))),
            *(GROUPS.get(group, group), _day(enrolled_at)),
            "" if state == EnrolmentState.ACTIVE else f"{_day(left_at)}：{reason}",
        )
        for pk, name, number, phone, group, enrolled_at, state, left_at, reason in rows
    ]


def _day(moment: dt.datetime) -> str:
    return clock.civil_day(moment).isoformat()
