"""The state of a cohort: file, approve, return, cancel, start, close (N12)."""

import datetime as dt

from django.db import transaction

from zhenxue.catalogue import api as catalogue
from zhenxue.identity import api as identity
from zhenxue.identity.data import SYSTEM, Actor
from zhenxue.kernel import clock
from zhenxue.kernel.errors import Conflict, Invalid, ZhenxueError
from zhenxue.training import policies, signals
from zhenxue.training.data import CohortState, EnrolmentState, LineMode
from zhenxue.training.models import Attendance, Cohort, Enrolment, PlanLine
from zhenxue.training.operations.common import facts, field_error, locked_cohort, record_cohort, required_reason
from zhenxue.training.queries.checks import failed, list_checks
from zhenxue.training.queries.plan import list_lines, plan_digest, plan_share


def file_cohort(*, actor: Actor, cohort_id: int, now: dt.datetime) -> Cohort:
    """Submit plan and roster to the county bureau; nothing changes from here on unless it is returned.

    Raises ``Invalid`` naming every check that fails, ``Conflict`` when it was filed already.
    """
    with transaction.atomic():
        cohort = locked_cohort(actor, cohort_id)
        policies.check_can_file(actor, cohort)
        problems = failed(list_checks(cohort, now))
        if problems:
            words = "；".join(f"{check.title}：{' '.join(check.details)}" for check in problems)
            raise Invalid("training.checks_failed", f"还有 {len(problems)} 项没有通过检查，请改好后再提交。{words}")
        cohort.state, cohort.plan_open = CohortState.FILED, False
        cohort.filed_at, cohort.decided_at, cohort.decided_by, cohort.decision_note = now, None, None, ""
        cohort.plan_digest = plan_digest(cohort)
        cohort.save()
        record_cohort("cohort_filed", actor, cohort, _plan_facts(cohort), now)
    return cohort


def approve_cohort(
    *, actor: Actor, cohort_id: int, now: dt.datetime, note: str = "", accept_share_exception: bool = False
) -> Cohort:
    """Approve a filing: rules and course versions are frozen, the plan digest goes into the log.

    Raises ``Invalid`` when the online share is above the limit and the bureau did not accept the exception by name
    (N11), ``Conflict`` when it is no longer waiting or no longer in order.
    """
    with transaction.atomic():
        cohort = locked_cohort(actor, cohort_id)
        policies.check_can_decide(actor, cohort)
        problems = failed(list_checks(cohort, now))
        if problems:
            words = "；".join(f"{check.title}：{' '.join(check.details)}" for check in problems)
            raise Conflict("training.checks_failed", f"提交之后情况有变，现在不能通过，请退回并说明：{words}")
        day, kind = clock.civil_day(now), cohort.programme.kind
        rules = identity.get_rules(region_code=cohort.region_id, on=day, programme_kind=kind)
        cohort.rules, cohort.rule_set_id = rules.frozen(), rules.pk
        share = plan_share(list_lines(cohort.pk))
        exceeds = share.exceeds(cohort.rules["online_share_percent"])
        if exceeds and not accept_share_exception:
            raise field_error(
                "accept_share_exception",
                f"线上占比 {share.percent}%，超过 {cohort.rules['online_share_percent']}%。"
                "同意的，请勾选“同意线上占比超限”；不同意的，请退回。",
                code="share_not_accepted",
            )
        frozen = {
            str(version): catalogue.freeze_version(actor=actor, version_id=version, now=now)
            for version in sorted(
                set(
                    PlanLine.objects.filter(cohort=cohort, course_version__isnull=False).values_list(
                        "course_version_id", flat=True
                    )
                )
            )
        }
        cohort.state = CohortState.APPROVED
        cohort.decided_at, cohort.decided_by_id, cohort.decision_note = now, actor.account_id, note.strip()
        cohort.plan_digest = plan_digest(cohort)
        cohort.save()
        body = {
            **_plan_facts(cohort),
            "course_digests": frozen,
            "rules_version": rules.version,
            "rule_set": rules.pk,
            "share_exception_accepted": exceeds,
            "note": cohort.decision_note,
        }
        record_cohort("cohort_approved", actor, cohort, body, now)
        signals.cohort_approved.send(sender=Cohort, cohort_id=cohort.pk, starts_on=cohort.starts_on, now=now)
    return cohort


def return_cohort(*, actor: Actor, cohort_id: int, reason: str, now: dt.datetime) -> Cohort:
    """Send a filing back with reasons; plan and roster may be changed again."""
    with transaction.atomic():
        cohort = locked_cohort(actor, cohort_id)
        policies.check_can_decide(actor, cohort)
        cohort.decision_note = required_reason(reason, what="退回原因")
        cohort.state, cohort.plan_open = CohortState.RETURNED, True
        cohort.decided_at, cohort.decided_by_id = now, actor.account_id
        cohort.save()
        body = {"reason": cohort.decision_note, "plan_digest": cohort.plan_digest}
        record_cohort("cohort_returned", actor, cohort, body, now)
    return cohort


def cancel_cohort(*, actor: Actor, cohort_id: int, reason: str, now: dt.datetime) -> Cohort:
    """Give a cohort up before it starts, with a reason."""
    with transaction.atomic():
        cohort = locked_cohort(actor, cohort_id)
        policies.check_can_cancel(actor, cohort)
        reason = required_reason(reason, what="取消原因", longest=200)
        cohort.state, cohort.closed_at, cohort.close_reason = CohortState.CANCELLED, now, reason
        cohort.save(update_fields=["state", "closed_at", "close_reason"])
        record_cohort("cohort_cancelled", actor, cohort, {"reason": reason}, now)
    return cohort


def start_cohort(*, actor: Actor, cohort_id: int, now: dt.datetime) -> Cohort:
    """From the first day on: learners can study, teachers can record attendance."""
    with transaction.atomic():
        cohort = locked_cohort(actor, cohort_id)
        policies.check_can_start(actor, cohort, now)
        cohort.state, cohort.started_at = CohortState.RUNNING, now
        cohort.save(update_fields=["state", "started_at"])
        record_cohort("cohort_started", actor, cohort, {"plan_digest": cohort.plan_digest}, now)
        signals.cohort_started.send(sender=Cohort, cohort_id=cohort.pk, now=now)
    return cohort


def start_due_cohorts(*, now: dt.datetime) -> list[Cohort]:
    """Start every approved cohort whose first day has come, each in a transaction of its own."""
    due = Cohort.objects.filter(state=CohortState.APPROVED, starts_on__lte=clock.civil_day(now)).order_by("pk")
    started = []
    for cohort_id in due.values_list("pk", flat=True):
        try:
            started.append(start_cohort(actor=SYSTEM, cohort_id=cohort_id, now=now))
        except ZhenxueError:
            continue  # a manager was faster
    return started


def close_cohort(*, actor: Actor, cohort_id: int, now: dt.datetime, reason: str = "") -> Cohort:
    """End the training; nothing is credited afterwards. Before the day after the last one a reason is required.

    Raises ``Invalid`` when a lesson was held and has no attendance (its hours would be lost).
    """
    with transaction.atomic():
        cohort = locked_cohort(actor, cohort_id)
        policies.check_can_close(actor, cohort)
        reason = reason.strip()
        early = clock.civil_day(now) <= cohort.ends_on
        if early:
            reason = required_reason(reason, what="提前结班的原因", longest=200)
        recorded = Attendance.objects.filter(line__cohort=cohort).values("line_id")
        forgotten = PlanLine.objects.filter(cohort=cohort, mode=LineMode.OFFLINE, ends_at__lt=now).exclude(
            pk__in=recorded
        )
        titles = list(forgotten.order_by("starts_at").values_list("title", flat=True)[:6])
        active = Enrolment.objects.filter(cohort=cohort, state=EnrolmentState.ACTIVE).exists()
        if titles and active:
            raise Invalid(
                "training.attendance_missing",
                f"还有线下课没有登记考勤：{'、'.join(titles)}。结班后不能再登记，请先补登。",
            )
        cohort.state, cohort.closed_at, cohort.close_reason = CohortState.CLOSED, now, reason
        cohort.save(update_fields=["state", "closed_at", "close_reason"])
        body = {"plan_digest": cohort.plan_digest, "early": early, "reason": reason}
        record_cohort("cohort_closed", actor, cohort, body, now)
        signals.cohort_closed.send(sender=Cohort, cohort_id=cohort.pk, now=now)
    return cohort


def _plan_facts(cohort: Cohort) -> dict[str, object]:
    share = plan_share(list_lines(cohort.pk))
    return {
        **facts(cohort),
        "plan_digest": cohort.plan_digest,
        "learners": Enrolment.objects.filter(cohort=cohort, state=EnrolmentState.ACTIVE).count(),
        "online_minutes": share.online_minutes,
        "offline_minutes": share.offline_minutes,
        "share_exception_reason": cohort.share_exception_reason,
    }
