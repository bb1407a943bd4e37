"""Comparing the attempts of a closed exam, and handing a pair to the people who look into it.

Nothing here decides anything: a pair is a reason to look, and only a person hands it on.
"""

import datetime as dt

from django.db import transaction

from zhenxue.evidence import api as evidence
from zhenxue.exams.analysis.comparing import FEWEST_ATTEMPTS, LEVEL, Compared, Pair, compare
from zhenxue.exams.data import BatchState, ExamState
from zhenxue.exams.models import Comparison, ComparisonRun, Exam
from zhenxue.exams.operations.common import record
from zhenxue.exams.operations.marking import digest_of
from zhenxue.exams.policies import check_can_invigilate
from zhenxue.exams.queries.comparison import sheets_of
from zhenxue.identity.data import SYSTEM, Actor
from zhenxue.integrity import api as integrity
from zhenxue.kernel import clock
from zhenxue.kernel.errors import Conflict, Invalid

STEP = 10


def begin_comparison(*, exam_id: int, now: dt.datetime) -> bool:
    """Takes an exam for comparing; false where another worker has it in hand, or it is done."""
    with transaction.atomic():
        run, _ = ComparisonRun.objects.select_for_update().get_or_create(exam_id=exam_id)
        if run.state in {BatchState.RUNNING, BatchState.DONE} and run.started_at is not None:
            lost = run.state == BatchState.RUNNING and run.started_at < now - dt.timedelta(minutes=30)
            if not lost:
                return False
        run.state, run.percent, run.started_at = BatchState.RUNNING, 0, now
        run.save(update_fields=["state", "percent", "started_at"])
    return True


def compare_exam(*, exam_id: int, now: dt.datetime) -> Compared | None:
    """Compares all attempts of a closed exam and keeps what was found; ``None`` where somebody else does it."""
    if not begin_comparison(exam_id=exam_id, now=now):
        return None
    percent = 0

    def told(share: float) -> None:
        nonlocal percent
        reached = int(share * 100) // STEP * STEP
        if reached > percent:
            percent = reached
            ComparisonRun.objects.filter(exam_id=exam_id).update(percent=min(reached, 99))

    try:
        sheets, timed = sheets_of(exam_id)
        compared = compare(sheets, timed, seed=exam_id, told=told)
    except Exception:
        ComparisonRun.objects.filter(exam_id=exam_id).update(state=BatchState.FAILED)
        raise
    _keep(exam_id, compared, now)
    return compared


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


def _keep(exam_id: int, compared: Compared, now: dt.datetime) -> None:
    with transaction.atomic():
        run = ComparisonRun.objects.select_for_update().get(exam_id=exam_id)
        before = {(one.first_id, one.second_id): one for one in Comparison.objects.filter(exam_id=exam_id)}
        for pair in compared.found:
            row = before.pop((pair.first, pair.second), None) or Comparison(
                exam_id=exam_id, first_id=pair.first, second_id=pair.second
            )
            row.same_wrong, row.common, row.probability = pair.same_wrong, pair.common, pair.probability
            row.facts = {**_facts(pair), **{k: v for k, v in row.facts.items() if k == "referred"}}
            row.computed_at = now
            row.save()
        for row in before.values():
            if not row.facts.get("referred"):
                row.delete()
        run.state, run.percent, run.computed_at = BatchState.DONE, 100, now
        run.attempts, run.pairs, run.found = compared.attempts, compared.pairs, len(compared.found)
        run.facts = {
            "level_percent": str(LEVEL * 100),
            "fewest": FEWEST_ATTEMPTS,
            "runs": compared.runs,
            "false_alarms": compared.false_alarms,
            "fast": [
                {"attempt": key, "answers": one.answers, "below": one.below, "faster": f"{one.times_faster:.1f}"}
                for key, one in compared.fast
            ],
        }
        run.save()
        body = {
            "attempts": compared.attempts,
            "pairs": compared.pairs,
            "found": len(compared.found),
            "pairs_sha256": digest_of([[one.first, one.second, one.same_wrong] for one in compared.found]),
        }
        exam = Exam.objects.select_related("cohort").get(pk=exam_id)
        about = [f"cohort:{exam.cohort_id}"]
        evidence.record(
            kind="exams.exam_compared", actor=SYSTEM, subject=f"exam:{exam_id}", about=about, body=body, now=now
        )


def _facts(pair: Pair) -> dict[str, object]:
    return {
        "by": list(pair.by),
        "expected": f"{pair.expected:.2f}",
        "times": pair.times,
        "correlation": f"{pair.correlation:.2f}",
        "times_probability": pair.times_probability,
    }
