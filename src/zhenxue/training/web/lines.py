"""The rows of long lists as words, made once in Python: a template spends its time on looking things up in objects."""

import datetime as dt
from collections.abc import Iterable
from typing import Any, NamedTuple

from django.utils.html import format_html
from django.utils.safestring import SafeString

from zhenxue.catalogue.data import TargetGroup
from zhenxue.kernel import clock, masking
from zhenxue.kernel.templatetags.ui import ask_link, state_tag
from zhenxue.kernel.web.confirm import Ask
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
    state: SafeString


class RosterLine(NamedTuple):
    """A learner on the roster, numbers masked; ``state`` of one who left says when and why; ``act`` is the link to what
    may be done, if anything."""

    id: int
    name: str
    citizen_number: str
    phone: str
    group: str
    since: str
    state: SafeString
    act: SafeString


def cohort_lines(rows: Iterable[tuple[Any, ...]]) -> list[CohortLine]:
    """Rows of ``queries.cohorts.cohort_shelf``."""
    return [
        CohortLine(
            *(pk, code, title, organisation, str(starts_on), str(ends_on)),
            *(f"{learners} / {capacity}", str(lessons)),
            state_tag(CohortState(state).label, CohortState(state).tone),
        )
        for pk, code, title, organisation, starts_on, ends_on, learners, capacity, lessons, state in rows
    ]


def roster_lines(rows: Iterable[tuple[Any, ...]], act: tuple[str, Ask] | None = None) -> list[RosterLine]:
    """Rows of ``queries.cohorts.roster_shelf``; ``act`` is what may be done with who has not left, by its URL name."""
    here, none = state_tag("在学", "ok"), SafeString()
    return [
        RosterLine(
            *(pk, name, masking.citizen_number(str(number or "")), masking.phone(str(phone or ""))),
            *(GROUPS.get(group, group), _day(enrolled_at)),
            here if state == EnrolmentState.ACTIVE else _left(left_at, reason),
            ask_link(act[0], pk, act[1], "ask", name) if act and state == EnrolmentState.ACTIVE else none,
        )
        for pk, name, number, phone, group, enrolled_at, state, left_at, reason in rows
    ]


def _left(moment: dt.datetime, reason: str) -> SafeString:
    return format_html('{} <span class="muted">{}：{}</span>', state_tag("已退出", "idle"), _day(moment), reason)


def _day(moment: dt.datetime) -> str:
    return clock.civil_day(moment).isoformat()
