"""What the operations share: locked rows, checked texts, evidence refs."""

import datetime as dt
from typing import Any

from zhenxue.evidence import api as evidence
from zhenxue.identity import api as identity
from zhenxue.identity.data import Actor
from zhenxue.kernel.errors import Invalid, NotFound, Refused
from zhenxue.training.models import Cohort
from zhenxue.training.queries.scope import visible_cohorts

REASON_LENGTH = 5


def locked_cohort(actor: Actor, cohort_id: int) -> Cohort:
    """The cohort, visible to the actor and locked until the transaction ends; raises ``NotFound``."""
    cohort = visible_cohorts(actor).select_for_update(of=("self",)).filter(pk=cohort_id).first()
    if cohort is None:
        raise NotFound("training.cohort_not_found", "没有找到这个班期，或您无权查看。")
    return cohort


def account_of(actor: Actor) -> int:
    """The account that acts; raises ``Refused`` for one without."""
    if actor.account_id is None:
        raise Refused("training.no_account", "请先登录再操作。")
    return actor.account_id


def required_reason(text: str, *, field: str = "reason", what: str = "理由", longest: int = 2000) -> str:
    """The trimmed text, or ``Invalid`` when it is too short to be a reason or too long."""
    reason = text.strip()
    if len(reason) < REASON_LENGTH:
        raise field_error(field, f"请写明{what}（不少于 {REASON_LENGTH} 个字）。", code="reason_missing")
    if len(reason) > longest:
        raise field_error(field, f"{what}不能超过 {longest} 个字。", code="reason_long")
    return reason


def field_error(name: str, message: str, *, code: str) -> Invalid:
    """An ``Invalid`` that belongs to one form field."""
    return Invalid(f"training.{code}", message, fields={name: message})


def check_teacher(organisation_id: int, person_id: int, *, field: str = "teacher") -> None:
    """Raises ``Invalid`` unless the person has an active teacher's role at the organisation."""
    if all(person.pk != person_id for person in identity.list_teachers(organisation_id)):
        raise field_error(field, "请选择本机构在册的教师。", code="teacher_unknown")


def record_cohort(kind: str, actor: Actor, cohort: Cohort, body: dict[str, Any], now: dt.datetime) -> None:
    """Evidence about a cohort, found again from its organisation too."""
    evidence.record(
        kind=f"training.{kind}",
        actor=actor,
        subject=f"cohort:{cohort.pk}",
        about=[f"organisation:{cohort.organisation_id}"],
        body={"code": cohort.code, **body},
        now=now,
    )


def facts(cohort: Cohort) -> dict[str, object]:
    """The basics of a cohort, for evidence."""
    return {
        "title": cohort.title,
        "programme": cohort.programme_id,
        "starts_on": cohort.starts_on.isoformat(),
        "ends_on": cohort.ends_on.isoformat(),
        "capacity": cohort.capacity,
        "venue": cohort.venue,
        "head_teacher": cohort.head_teacher_id,
    }
