"""Living tables against the log: an approved plan must still have the digest that was approved."""

from collections.abc import Iterator

from zhenxue.evidence import api as evidence
from zhenxue.training.data import APPROVED_STATES
from zhenxue.training.models import Cohort
from zhenxue.training.queries.plan import plan_digest

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
