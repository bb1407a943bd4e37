"""Roles and small answers that the pages share."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

from zhenxue.identity.api import ActorRequest
from zhenxue.identity.data import Actor, Role
from zhenxue.kernel.clock import CIVIL_ZONE
from zhenxue.kernel.policies import allows
from zhenxue.training import policies
from zhenxue.training.data import APPROVED_STATES, CohortState
from zhenxue.training.models import Amendment, Cohort

MANAGERS = (Role.PROVIDER_MANAGER, Role.ENTERPRISE_MANAGER)
BUREAU = (Role.BUREAU_OFFICER,)
OPERATORS = (Role.OPERATOR_ADMIN, Role.OPERATOR_REVIEWER)
OVERSEERS = (*BUREAU, *OPERATORS)
STAFF = (*MANAGERS, Role.TEACHER, *OVERSEERS)

WIZARD = (("basics", "基本信息"), ("plan", "教学计划"), ("roster", "学员名册"), ("check", "检查并提交"))


def with_tones(cohorts: Sequence[Cohort]) -> list[tuple[Cohort, str, str]]:
    """Each cohort with the word and tone of its state."""
    return [(one, state.label, state.tone) for one in cohorts for state in [CohortState(one.state)]]


def frame(request: ActorRequest, cohort: Cohort, tab: str) -> dict[str, Any]:
    """What ``_cohort.html`` needs around every tab of a cohort."""
    actor, state = request.actor, CohortState(cohort.state)
    return {
        **_rights(actor, cohort),
        "cohort": cohort,
        "tab": tab,
        "state_label": state.label,
        "state_tone": state.tone,
        "state_steps": state_steps(state),
        "own": actor.is_manager and actor.organisation_id == cohort.organisation_id,
        "sees_amendments": actor.role is not Role.TEACHER,
        "approved": state in APPROVED_STATES,
        "read_only": actor.is_bureau,
    }


def _rights(actor: Actor, cohort: Cohort) -> dict[str, bool]:
    """Which buttons show."""
    checks = {
        "may_edit": policies.check_can_edit_cohort,
        "may_decide": policies.check_can_decide,
        "may_amend": policies.check_can_amend,
        "may_cancel": policies.check_can_cancel,
        "may_close": policies.check_can_close,
    }
    return {name: allows(check, actor, cohort) for name, check in checks.items()}


def state_steps(state: CohortState) -> list[tuple[str, str]]:
    """The stepped line of a cohort's life."""
    order = [CohortState.DRAFT, CohortState.FILED, CohortState.APPROVED, CohortState.RUNNING, CohortState.CLOSED]
    if state is CohortState.CANCELLED:
        return [("草稿", "done"), ("已取消", "bad")]
    here = order.index(CohortState.FILED if state is CohortState.RETURNED else state)
    steps = []
    for index, one in enumerate(order):
        word = state.label if index == here else one.label
        mood = "done" if index < here or one is CohortState.CLOSED is state else "now" if index == here else "todo"
        steps.append((word, "bad" if index == here and state is CohortState.RETURNED else mood))
    return steps


def wizard_steps(step: str) -> list[tuple[str, str]]:
    """The four steps of preparing a filing."""
    here = [key for key, _ in WIZARD].index(step)
    return [
        (label, "done" if index < here else "now" if index == here else "todo")
        for index, (_, label) in enumerate(WIZARD)
    ]


def with_changes(amendments: Sequence[Amendment], names: dict[int, str]) -> list[dict[str, Any]]:
    """Amendments with their changes in words; ``names`` are people's names by id."""
    return [{"amendment": one, "rows": change_rows(one, names)} for one in amendments]


def change_rows(amendment: Amendment, names: dict[int, str]) -> list[tuple[str, str, str]]:
    """(what, before, after) in words for one amendment."""
    labels = {
        "starts_at": "上课时间",
        "ends_at": "下课时间",
        "place": "地点",
        "teacher": "教师",
        "ends_on": "结班日期",
        "minutes": "计学时分钟",
    }
    return [
        (labels.get(name, name), _value(name, change["from"], names), _value(name, change["to"], names))
        for name, change in amendment.changes.items()
    ]


def _value(name: str, value: Any, names: dict[int, str]) -> str:
    if value in (None, ""):
        return "—"
    if name in {"starts_at", "ends_at"}:
        return dt.datetime.fromisoformat(value).astimezone(CIVIL_ZONE).strftime("%Y-%m-%d %H:%M")
    return names.get(value, str(value)) if name == "teacher" else str(value)
