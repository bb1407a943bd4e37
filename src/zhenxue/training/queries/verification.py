"""Living tables against the log: an approved plan must still have the digest that was approved."""

from collections.abc import Iterator
from typing import Any

from zhenxue.evidence import api as evidence
from zhenxue.training.data import APPROVED_STATES, AttendanceState, CohortState
from zhenxue.training.models import Attendance, Cohort
from zhenxue.training.queries.plan import plan_digest

ATTENDED = ("training.attendance_recorded", "training.attendance_corrected")
#: What a cohort is after an entry of its life.
STEPS = {
    "training.cohort_created": CohortState.DRAFT,
    "training.cohort_filed": CohortState.FILED,
    "training.cohort_returned": CohortState.RETURNED,
    "training.cohort_approved": CohortState.APPROVED,
    "training.cohort_started": CohortState.RUNNING,
    "training.cohort_closed": CohortState.CLOSED,
    "training.cohort_cancelled": CohortState.CANCELLED,
}
DECIDED = ("training.cohort_approved", "training.amendment_approved")


def check_plans() -> Iterator[evidence.Finding]:
    """Recomputes the plan digest of every approved cohort and compares it with the row and with the last approval."""
    cohorts = Cohort.objects.filter(state__in=APPROVED_STATES).select_related("programme", "organisation")
    for cohort in cohorts.order_by("pk"):
        found = evidence.list_entries(refs=[f"cohort:{cohort.pk}"], kinds=DECIDED, limit=1)
        logged = dict(found[0].lines) if found else {}
        approved = logged.get("变更后摘要值") or logged.get("方案摘要值")
        digest = plan_digest(cohort)
        if digest != cohort.plan_digest or approved != cohort.plan_digest:
            yield evidence.Finding(
                evidence.Fault.PROJECTION,
                f"班期 {cohort.code} 的教学计划与批准时的摘要值不一致"
                f"（现为 {digest[:16]}…，批准为 {str(approved)[:16]}…）",
                found[0].number if found else None,
            )


def check_attendance() -> Iterator[evidence.Finding]:
    """Every record of attendance must be what its newest entry says: mark and minutes."""
    logged: dict[tuple[int, int], tuple[Any, Any]] = {}
    numbers: dict[tuple[int, int], int | None] = {}
    for entry in evidence.iterate_bodies(kinds=ATTENDED):
        enrolment_id = int(entry.subject.partition(":")[2])
        key = enrolment_id, entry.body["lesson"]
        logged[key], numbers[key] = (entry.body["state"], entry.body["minutes"]), entry.number
    rows = Attendance.objects.order_by("pk").values_list("enrolment_id", "line_id", "state", "minutes")
    for enrolment_id, line_id, state, minutes in rows.iterator():
        proven = logged.pop((enrolment_id, line_id), None)
        if proven != (AttendanceState(state).label, minutes):
            says = f"{proven[0]} {proven[1]} 分钟" if proven else "没有"
            yield _finding(
                f"training_attendance：学籍 {enrolment_id} 课次 {line_id} 记为{AttendanceState(state).label} "
                f"{minutes} 分钟，存证是{says}",
                numbers.get((enrolment_id, line_id)),
            )
    for (enrolment_id, line_id), (mark, minutes) in logged.items():
        yield _finding(
            f"training_attendance：学籍 {enrolment_id} 课次 {line_id} 的考勤缺失，存证是{mark} {minutes} 分钟",
            numbers[enrolment_id, line_id],
        )


def check_states() -> Iterator[evidence.Finding]:
    """A cohort is filed, approved, running or closed exactly when its newest entry about that says so."""
    logged = {entry.subject: entry for entry in evidence.iterate_bodies(kinds=tuple(STEPS))}
    for number, code, state in Cohort.objects.order_by("pk").values_list("pk", "code", "state").iterator():
        entry = logged.pop(f"cohort:{number}", None)
        proven = STEPS[entry.kind] if entry else CohortState.DRAFT
        if state != proven:
            yield _finding(
                f"training_cohort：班期 {code} 记为{CohortState(state).label}，存证是{proven.label}",
                entry.number if entry else None,
            )
    for subject, entry in logged.items():
        yield _finding(f"training_cohort：{subject} 的班期缺失，存证是{STEPS[entry.kind].label}", entry.number)


def _finding(text: str, number: int | None) -> evidence.Finding:
    return evidence.Finding(evidence.Fault.PROJECTION, text, number)
