"""An officer's command: one learner, or everybody of a cohort who studies now, is asked at once."""

import datetime as dt

from django.db import transaction

from zhenxue.evidence import api as evidence
from zhenxue.identity.data import Actor
from zhenxue.integrity.data import CheckCause
from zhenxue.integrity.models import Command
from zhenxue.integrity.operations.checks.asking import ask_running
from zhenxue.integrity.policies.checks import check_can_command, check_command_pause
from zhenxue.integrity.queries.plans import list_running
from zhenxue.kernel.errors import Invalid, NotFound
from zhenxue.training import api as training


def command(*, actor: Actor, cohort_id: int, enrolment_id: int | None, reason: str, now: dt.datetime) -> Command:
    """Checks one learner, or everybody of the cohort who runs right now; the reason is kept and shown to nobody asked.

    Raises ``NotFound`` outside the officer's region, ``Conflict`` for a cohort that does not run or that was commanded
    a moment ago, ``Invalid`` without a reason.
    """
    reason = reason.strip()
    if not 2 <= len(reason) <= 200:
        words = "请写明抽查理由，2 到 200 字，会记入存证。"
        raise Invalid("integrity.command_reason", words, fields={"reason": words})
    with transaction.atomic():
        cohort = training.get_cohort(actor, cohort_id)
        check_can_command(actor, cohort)
        if enrolment_id is not None and training.get_enrolment(actor, enrolment_id).cohort_id != cohort.pk:
            raise NotFound("integrity.not_in_cohort", "这名学员不在这个班期里。")
        earlier = Command.objects.filter(cohort=cohort)
        same = earlier.filter(enrolment_id=enrolment_id) if enrolment_id else earlier.filter(enrolment__isnull=True)
        check_command_pause(same.order_by("-given_at").first(), now)
        made = Command.objects.create(
            organisation_id=actor.organisation_id or 0,
            officer_id=actor.account_id or 0,
            cohort=cohort,
            enrolment_id=enrolment_id,
            reason=reason,
            given_at=now,
        )
        running = [one for one in list_running(cohort.pk, now) if enrolment_id in {None, one.enrolment_id}]
        body = {
            "command": made.pk,
            "enrolment": enrolment_id,
            "running": len({one.enrolment_id for one in running}),
            "reason": reason,
        }
        about = [f"cohort:{cohort.pk}", *([f"enrolment:{enrolment_id}"] if enrolment_id else [])]
        evidence.record(
            kind="integrity.commanded", actor=actor, subject=f"command:{made.pk}", about=about, body=body, now=now
        )
        for one in running:
            ask_running(one, cause=CheckCause.COMMAND, command=made, now=now)
        return made
