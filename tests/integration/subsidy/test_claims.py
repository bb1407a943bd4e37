"""A claim from preview to payment: who may, what is frozen, what stops it."""

import datetime as dt
import json

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from tests.factories.exams import SITTING, Sitting, make_exam, sit, start
from tests.factories.identity import make_bureau, make_operator, make_provider, make_teacher
from tests.factories.subsidy import (
    CLAIMING,
    Claiming,
    make_approved_claim,
    make_draft_claim,
    make_paid_claim,
    make_passed_cohort,
    make_policy,
    make_reviewed_claim,
    make_submitted_claim,
)
from tests.factories.training import make_approved_cohort, make_running_cohort
from zhenxue.evidence.models import Entry
from zhenxue.exams.models import Attempt
from zhenxue.kernel.errors import Conflict, Invalid, Refused
from zhenxue.subsidy import api as subsidy
from zhenxue.subsidy import queries
from zhenxue.subsidy.errors import FactsChanged, NoPolicy
from zhenxue.subsidy.models import Claim, ClaimLine
from zhenxue.training import api as training

pytestmark = pytest.mark.django_db

#: 1,600 × 60 % offline + 1,600 × 20 % × 60 % online
EACH = 96_000 + 19_200


def test_submitting_freezes_every_learner_with_amount_or_reason() -> None:
    made = make_submitted_claim(learners=3, passing=2)
    claim = made.fresh()
    assert (claim.state, claim.learners, claim.eligible, claim.total_cents) == ("submitted", 3, 2, 2 * EACH)
    lines = {line.enrolment_id: line for line in ClaimLine.objects.filter(claim=claim)}
    first, _, third = (enrolment.pk for enrolment in made.sitting.enrolments)
    assert lines[first].amount_cents == EACH
    assert lines[first].explanation[-1]["value"] == "1,152.00 元"
    assert (lines[third].eligible, lines[third].reason, lines[third].amount_cents) == (False, "exam", 0)
    body = json.loads(Entry.objects.get(kind="subsidy.claim_submitted").envelope)
    assert body["body"]["digest"] == claim.digest == queries.frozen_digest(claim)
    assert f"enrolment:{first}" in body["about"]
    assert f"enrolment:{third}" not in body["about"]


def test_a_claim_is_opened_once_and_submitted_once() -> None:
    made = make_draft_claim()
    again = subsidy.create_claim(actor=made.manager, cohort=made.sitting.running.cohort, stage_number=1, now=CLAIMING)
    assert again.pk == made.claim.pk
    subsidy.submit_claim(actor=made.manager, claim=made.claim, now=CLAIMING)
    with pytest.raises(Conflict, match="待县级审核"):
        subsidy.submit_claim(actor=made.manager, claim=made.claim, now=CLAIMING)
    with pytest.raises(IntegrityError), transaction.atomic():
        Claim.objects.create(cohort=made.claim.cohort, stage_number=1, created_at=CLAIMING)


def test_what_cannot_be_claimed_is_refused_in_words() -> None:
    sitting = make_passed_cohort(learners=1, passing=0)
    cohort, manager = sitting.running.cohort, sitting.manager
    with pytest.raises(NoPolicy, match="没有适用的补贴政策"):
        subsidy.create_claim(actor=manager, cohort=cohort, stage_number=1, now=CLAIMING)
    make_policy()
    with pytest.raises(Invalid, match="没有这个阶段"):
        subsidy.create_claim(actor=manager, cohort=cohort, stage_number=5, now=CLAIMING)
    for stranger in (make_provider(), make_teacher(manager.organisation_id), sitting.running.bureau, make_operator()):
        with pytest.raises(Refused):
            subsidy.create_claim(actor=stranger, cohort=cohort, stage_number=1, now=CLAIMING)
    claim = subsidy.create_claim(actor=manager, cohort=cohort, stage_number=1, now=CLAIMING)
    with pytest.raises(Invalid, match="还没有符合条件"):
        subsidy.submit_claim(actor=manager, claim=claim, now=CLAIMING)
    waiting = make_approved_cohort(learners=1)
    with pytest.raises(Invalid, match="培训中或已结班"):
        subsidy.create_claim(actor=waiting.manager, cohort=waiting.cohort, stage_number=1, now=CLAIMING)


def test_the_whole_way_to_payment_leaves_a_line_in_the_log_for_each_step() -> None:
    made = make_paid_claim()
    claim = made.fresh()
    assert (claim.state, claim.voucher_number, claim.paid_on) == ("paid", "PZ-2026-0001", dt.date(2026, 3, 11))
    kinds = list(Entry.objects.filter(subject=f"claim:{claim.pk}").order_by("pk").values_list("kind", flat=True))
    assert kinds == [f"subsidy.claim_{step}" for step in ("submitted", "reviewed", "approved", "paid")]


def test_each_step_belongs_to_its_bureau() -> None:
    made = make_submitted_claim()
    for actor in (made.city, make_bureau("371521"), made.manager, make_operator()):
        with pytest.raises(Refused):
            subsidy.review_claim(actor=actor, claim=made.claim, now=CLAIMING)
        with pytest.raises(Refused):
            subsidy.return_claim(actor=actor, claim=made.claim, reason="x", now=CLAIMING)
    with pytest.raises(Conflict):
        subsidy.approve_claim(actor=made.city, claim=made.claim, now=CLAIMING)
    subsidy.review_claim(actor=made.county, claim=made.claim, now=CLAIMING)
    with pytest.raises(Conflict):
        subsidy.review_claim(actor=made.county, claim=made.claim, now=CLAIMING)
    for actor in (made.county, made.manager, make_provider()):
        with pytest.raises(Refused):
            subsidy.approve_claim(actor=actor, claim=made.claim, now=CLAIMING)
    subsidy.approve_claim(actor=made.city, claim=made.claim, now=CLAIMING)
    with pytest.raises(Refused):
        subsidy.mark_paid(
            actor=made.county, claim=made.claim, voucher_number="1", paid_on=dt.date(2026, 3, 11), now=CLAIMING
        )


def test_review_and_approval_need_two_accounts() -> None:
    made = make_reviewed_claim()
    Claim.objects.filter(pk=made.claim.pk).update(reviewed_by=made.city.account_id)
    with pytest.raises(Refused, match="同一个账号"):
        subsidy.approve_claim(actor=made.city, claim=made.claim, now=CLAIMING)
    with pytest.raises(IntegrityError), transaction.atomic():
        Claim.objects.filter(pk=made.claim.pk).update(approved_by=made.city.account_id)
    assert subsidy.approve_claim(actor=make_bureau("3715"), claim=made.claim, now=CLAIMING).state == "approved"


def test_a_changed_fact_stops_the_approval_and_names_the_difference() -> None:
    made = make_reviewed_claim()
    enrolment = made.sitting.enrolments[0]
    Attempt.objects.filter(enrolment=enrolment).update(passed=False)
    with pytest.raises(FactsChanged, match="现在不符合（本阶段考核未通过）") as caught:
        subsidy.approve_claim(actor=made.city, claim=made.claim, now=CLAIMING)
    assert [text.split("：")[0] for text in caught.value.differences] == [enrolment.person.name]
    assert made.fresh().state == "county_reviewed"
    Attempt.objects.filter(enrolment=enrolment).update(passed=True)
    assert subsidy.approve_claim(actor=made.city, claim=made.claim, now=CLAIMING).state == "approved"


def test_somebody_who_passes_or_leaves_after_submission_is_a_difference_too() -> None:
    made = make_submitted_claim()
    sit(made.sitting, made.sitting.learners[2], at=SITTING + dt.timedelta(hours=20))
    with pytest.raises(FactsChanged, match="申报时不符合"):
        subsidy.review_claim(actor=made.county, claim=made.claim, now=CLAIMING)
    other = make_submitted_claim_elsewhere()
    leaver = other.sitting.enrolments[0].pk
    training.leave(actor=other.manager, enrolment_id=leaver, reason="回老家照顾家人", now=CLAIMING)
    with pytest.raises(FactsChanged, match="已退出班期"):
        subsidy.review_claim(actor=other.county, claim=other.claim, now=CLAIMING)


def make_submitted_claim_elsewhere() -> Claiming:
    """A second claim of another provider under the policy that is there."""
    sitting = make_passed_cohort(learners=2, passing=2)
    cohort = sitting.running.cohort
    claim = subsidy.create_claim(actor=sitting.manager, cohort=cohort, stage_number=1, now=CLAIMING)
    claim = subsidy.submit_claim(actor=sitting.manager, claim=claim, now=CLAIMING)
    assert claim.policy is not None
    return Claiming(claim, sitting, make_bureau("3715"), claim.policy)


@pytest.mark.parametrize("column", [{"amount_cents": 999_999}, {"enrolment": None}])
def test_rows_changed_behind_our_back_stop_every_step(column: dict[str, object]) -> None:
    made = make_approved_claim()
    line = ClaimLine.objects.filter(claim=made.claim, eligible=True).first()
    assert line is not None
    if "enrolment" in column:
        line.delete()
    else:
        ClaimLine.objects.filter(pk=line.pk).update(**column)
    with pytest.raises(Conflict, match="摘要值不一致"):
        subsidy.mark_paid(
            actor=made.city, claim=made.claim, voucher_number="1", paid_on=dt.date(2026, 3, 10), now=CLAIMING
        )


def test_a_returned_claim_is_computed_anew_and_goes_round_again() -> None:
    made = make_submitted_claim()
    with pytest.raises(Invalid, match="退回的原因"):
        subsidy.review_claim(actor=made.county, claim=made.claim, agree=False, note=" ", now=CLAIMING)
    subsidy.review_claim(actor=made.county, claim=made.claim, agree=False, note="漏了一人", now=CLAIMING)
    sit(made.sitting, made.sitting.learners[2], at=SITTING + dt.timedelta(hours=20))
    again = subsidy.submit_claim(actor=made.manager, claim=made.claim, now=CLAIMING)
    assert (again.eligible, again.return_reason) == (3, "")
    subsidy.review_claim(actor=made.county, claim=again, now=CLAIMING)
    subsidy.return_claim(actor=made.city, claim=again, reason="标准有误", now=CLAIMING)
    assert made.fresh().state == "returned"
    with pytest.raises(Conflict):
        subsidy.approve_claim(actor=made.city, claim=made.claim, now=CLAIMING)
    last = subsidy.submit_claim(actor=made.manager, claim=made.claim, now=CLAIMING)
    assert (last.state, last.reviewed_by_id) == ("submitted", None)


def test_nobody_is_paid_twice_and_late_ones_are_claimed_after_the_payment() -> None:
    made = make_paid_claim()
    cohort = made.sitting.running.cohort
    sit(made.sitting, made.sitting.learners[2], at=SITTING + dt.timedelta(hours=20))
    second = subsidy.create_claim(actor=made.manager, cohort=cohort, stage_number=1, now=CLAIMING)
    assert second.pk != made.claim.pk
    second = subsidy.submit_claim(actor=made.manager, claim=second, now=CLAIMING)
    assert (second.eligible, second.total_cents) == (1, EACH)
    reasons = ClaimLine.objects.filter(claim=second, eligible=False).values_list("reason", flat=True)
    assert list(reasons) == ["claimed", "claimed"]
    paid = ClaimLine.objects.filter(claim=made.claim, eligible=True).first()
    assert paid is not None
    with pytest.raises(IntegrityError), transaction.atomic():
        ClaimLine.objects.filter(claim=second, enrolment=paid.enrolment_id).update(
            eligible=True, reason="", amount_cents=1
        )


def test_results_that_the_deadline_decides_are_there_before_the_claim() -> None:
    make_policy()
    sitting = make_passed_cohort(learners=1, passing=0)
    attempt = start(sitting, sitting.learners[0])
    claim = subsidy.create_claim(actor=sitting.manager, cohort=sitting.running.cohort, stage_number=1, now=CLAIMING)
    with pytest.raises(Invalid, match="还没有符合条件"):
        subsidy.submit_claim(actor=sitting.manager, claim=claim, now=CLAIMING)
    attempt.refresh_from_db()
    assert attempt.state == "marked"


def test_a_payment_needs_a_voucher_and_a_possible_day() -> None:
    made = make_approved_claim()
    for number, day, field in (
        (" ", dt.date(2026, 3, 11), "voucher_number"),
        ("1", dt.date(2026, 3, 1), "paid_on"),
        ("1", dt.date(2027, 3, 1), "paid_on"),
    ):
        with pytest.raises(Invalid) as caught:
            subsidy.mark_paid(
                actor=made.city,
                claim=made.claim,
                voucher_number=number,
                paid_on=day,
                now=CLAIMING + dt.timedelta(days=1),
            )
        assert field in caught.value.fields
    assert made.fresh().state == "approved"


def test_who_sees_a_claim() -> None:
    made = make_draft_claim()
    everybody = [
        (made.manager, True, True),
        (make_operator(), True, True),
        (made.county, False, True),
        (made.city, False, True),
        (make_bureau("371521"), False, False),
        (make_provider(), False, False),
        (made.sitting.running.teacher, False, False),
        (made.sitting.learners[0], False, False),
    ]
    for actor, draft, _ in everybody:
        assert queries.visible_claims(actor).exists() is draft, actor.label
    subsidy.submit_claim(actor=made.manager, claim=made.claim, now=CLAIMING)
    for actor, _, submitted in everybody:
        assert queries.visible_claims(actor).exists() is submitted, actor.label


def test_a_preview_asks_as_often_for_eight_learners_as_for_two() -> None:
    make_policy()
    counts = []
    for learners in (2, 8):
        sitting = make_exam_cohort(learners)
        with CaptureQueriesContext(connection) as caught:
            queries.preview(cohort=sitting.running.cohort, stage_number=1)
        counts.append(len(caught))
    assert counts[0] == counts[1] <= 20


def make_exam_cohort(learners: int) -> Sitting:
    return make_exam(make_running_cohort(make_provider(), learners=learners), ready=False)
