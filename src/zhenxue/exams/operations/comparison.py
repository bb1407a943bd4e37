"""Pairs of attempts that a comparison found: wanting it anew, and handing one to the people who look into it.

Nothing here decides anything: a pair is a reason to look, and only a person hands it on.
"""

import datetime as dt

from django.db import transaction

from zhenxue.exams.data import BatchState, ExamState
from zhenxue.exams.models import Comparison, ComparisonRun, Exam
from zhenxue.exams.operations.common import record
from zhenxue.exams.policies import check_can_invigilate
from zhenxue.identity.data import Actor
from zhenxue.integrity import api as integrity
from zhenxue.kernel import clock
from zhenxue.kernel.errors import Conflict, Invalid


def ask_comparison(*, actor: Actor, exam: Exam, now: dt.datetime) -> None:
    """Wants a closed exam compared anew (marks were changed, say); a second click changes nothing."""
    check_can_invigilate(actor, exam)
    if exam.state != ExamState.CLOSED:
        raise Conflict("exams.not_closed", "考试结束、全部评分以后才能比对答卷。")
    with transaction.atomic():
        run, _ = ComparisonRun.objects.select_for_update().get_or_create(exam=exam)
        if run.state in {BatchState.DONE, BatchState.FAILED}:
            run.state, run.percent, run.started_at = BatchState.WAITING, 0, None
            run.save(update_fields=["state", "percent", "started_at"])


def refer_pair(*, actor: Actor, pair: Comparison, reason: str, now: dt.datetime) -> Comparison:
    """Hands a pair on: a signal for each of the two learners, from which an incident opens. Twice is harmless."""
    check_can_invigilate(actor, pair.exam)
    words = reason.strip()
    if not words:
        raise Invalid("exams.reason", "请写明看过以后的意见。", fields={"reason": "请写明看过以后的意见。"})
    rule = integrity.find_rule("answers_alike")
    assert rule is not None  # registered by integrity itself
    with transaction.atomic():
        pair = Comparison.objects.select_for_update(of=("self",)).get(pk=pair.pk)
        if pair.facts.get("referred"):
            return pair
        for one, other in ((pair.first, pair.second), (pair.second, pair.first)):
            facts = integrity.PairFacts(
                context=f"exam:{one.pk}",
                owner=integrity.Owner(one.enrolment.person_id, one.enrolment_id, pair.exam.cohort_id),
                other=f"exam:{other.pk}",
                at=one.submitted_at or one.deadline_at,
                same_wrong=pair.same_wrong,
                common=pair.common,
                one_in=int(min(1 / max(_chance(pair), 1e-15), 1e15)),
            )
            for finding in rule.find(facts):
                integrity.note(rule, finding, now=now)
            body = {"other": f"attempt:{other.pk}", "reason": words, "same_wrong": pair.same_wrong}
            record(actor, one, "exams.pair_referred", body, now)
        pair.facts = {**pair.facts, "referred": {"at": clock.milliseconds(now), "reason": words}}
        pair.save(update_fields=["facts"])
    return pair


def _chance(pair: Comparison) -> float:
    return min(pair.probability, float(pair.facts.get("times_probability", 1)))
