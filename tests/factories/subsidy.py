"""Policies and claims in every state, made through the operations of ``subsidy``.

A cohort of two stages where the first has all units and one lesson, the second one lesson; an exam of stage 1 that the
first learners pass.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from tests.factories.exams import SITTING, Sitting, make_exam, sit
from tests.factories.identity import NOW, make_bureau, make_provider, make_rules
from tests.factories.training import make_programme, make_running_cohort
from tests.support.laid import laid
from zhenxue.identity.data import Actor
from zhenxue.subsidy import api as subsidy
from zhenxue.subsidy.models import Claim, Policy

CLAIMING = SITTING + dt.timedelta(days=3)
SOURCE = "聊人社字〔2025〕3号 四（五）"
TWO_STAGES = (("话术练习", 45, 1), ("直播实操", 45, 2))


@laid
def make_policy(city: Actor | None = None, **changes: object) -> Policy:
    """1,600 yuan; flat 20 %; shares for one and two stages."""
    make_rules()
    fields: dict[str, object] = {
        "region_code": "3715",
        "title": "职业技能培训补贴标准",
        "standard_cents": 160_000,
        "stage_shares": {1: [100], 2: [60, 40]},
        "source": SOURCE,
        "valid_from": dt.date(2026, 1, 1),
        "now": NOW,
        **changes,
    }
    return subsidy.register_policy(actor=city or make_bureau("3715"), **fields)  # type: ignore[arg-type]  # plain fields


@dataclass
class Claiming:
    """A claim with everybody around it; ``sitting`` is the exam of stage 1."""

    claim: Claim
    sitting: Sitting
    city: Actor
    policy: Policy

    @property
    def manager(self) -> Actor:
        return self.sitting.manager

    @property
    def county(self) -> Actor:
        return self.sitting.running.bureau

    def fresh(self) -> Claim:
        self.claim = Claim.objects.get(pk=self.claim.pk)
        return self.claim


@laid
def make_passed_cohort(
    *,
    learners: int = 3,
    passing: int = 2,
    stages: Sequence[tuple[str, int, int]] = TWO_STAGES,
    manager: Actor | None = None,
) -> Sitting:
    """Everybody has done every lesson; so many have passed stage 1."""
    manager = manager or make_provider()
    programme = make_programme(manager, offline=stages)
    sitting = make_exam(make_running_cohort(manager, programme=programme, learners=learners))
    for learner in sitting.learners[:passing]:
        sit(sitting, learner)
    return sitting


@laid
def make_draft_claim(*, learners: int = 3, passing: int = 2, **policy: object) -> Claiming:
    city = make_bureau("3715")
    made = make_policy(city, **policy)
    sitting = make_passed_cohort(learners=learners, passing=passing)
    cohort = sitting.running.cohort
    claim = subsidy.create_claim(actor=sitting.manager, cohort=cohort, stage_number=1, now=CLAIMING)
    return Claiming(claim, sitting, city, made)


@laid
def make_submitted_claim(**draft: object) -> Claiming:
    made = make_draft_claim(**draft)  # type: ignore[arg-type]  # passed through
    made.claim = subsidy.submit_claim(actor=made.manager, claim=made.claim, now=CLAIMING)
    return made


@laid
def make_reviewed_claim(**draft: object) -> Claiming:
    made = make_submitted_claim(**draft)
    made.claim = subsidy.review_claim(actor=made.county, claim=made.claim, note="材料齐全", now=CLAIMING)
    return made


@laid
def make_approved_claim(**draft: object) -> Claiming:
    made = make_reviewed_claim(**draft)
    made.claim = subsidy.approve_claim(actor=made.city, claim=made.claim, now=CLAIMING)
    return made


@laid
def make_paid_claim(**draft: object) -> Claiming:
    made = make_approved_claim(**draft)
    made.claim = subsidy.mark_paid(
        actor=made.city,
        claim=made.claim,
        voucher_number="PZ-2026-0001",
        paid_on=dt.date(2026, 3, 11),
        now=CLAIMING + dt.timedelta(days=1),
    )
    return made
