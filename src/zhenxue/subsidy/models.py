"""Tables of ``subsidy``: versioned policies, claims per cohort and stage, one line per learner."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from zhenxue.subsidy.data import ClaimState, Ineligible, OfflineBasis, OnlineMode
from zhenxue.training.data import SkillLevel


class Policy(models.Model):
    """One version of what a region pays; never edited, a change is a new version with its own period."""

    region = models.ForeignKey("identity.Region", models.PROTECT, verbose_name="地区", related_name="+")
    occupation = models.ForeignKey(
        "catalogue.Occupation", models.PROTECT, verbose_name="职业（工种）", null=True, blank=True, related_name="+"
    )
    level = models.CharField("等级", max_length=2, choices=SkillLevel.choices(), blank=True)  # empty: any
    version = models.PositiveIntegerField("版本")
    title = models.CharField("政策名称", max_length=120)
    standard_cents = models.PositiveBigIntegerField("线下补贴标准（分/人）")
    online_percent = models.PositiveSmallIntegerField("线上占标准的百分比")
    online_mode = models.CharField("线上部分", max_length=10, choices=OnlineMode.choices(), default=OnlineMode.FLAT)
    offline_basis = models.CharField(
        "线下部分", max_length=10, choices=OfflineBasis.choices(), default=OfflineBasis.FULL
    )
    stage_shares = models.JSONField("各阶段比例")  # {"1": [100], "2": [50, 50]}: by how many stages a plan has
    source = models.CharField("依据", max_length=300)
    valid_from = models.DateField("起效日")
    valid_until = models.DateField("失效日", null=True, blank=True)  # the first day on which it no longer holds
    created_by = models.ForeignKey("identity.Account", models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField("登记时间")

    class Meta:
        constraints: ClassVar = [
            # "Any occupation" is NULL, which SQLite never takes for equal: hence two constraints each.
            models.UniqueConstraint(
                fields=["region", "occupation", "level", "version"],
                condition=Q(occupation__isnull=False),
                name="subsidy_policy_version",
            ),
            models.UniqueConstraint(
                fields=["region", "level", "version"],
                condition=Q(occupation__isnull=True),
                name="subsidy_policy_any_version",
            ),
            models.UniqueConstraint(
                fields=["region", "occupation", "level", "valid_from"],
                condition=Q(occupation__isnull=False),
                name="subsidy_policy_start",
            ),
            models.UniqueConstraint(
                fields=["region", "level", "valid_from"],
                condition=Q(occupation__isnull=True),
                name="subsidy_policy_any_start",
            ),
            models.CheckConstraint(
                condition=Q(valid_until__isnull=True) | Q(valid_until__gt=F("valid_from")), name="subsidy_policy_period"
            ),
            models.CheckConstraint(condition=Q(online_percent__lte=100), name="subsidy_policy_percent"),
            models.CheckConstraint(condition=Q(standard_cents__gte=1), name="subsidy_policy_standard"),
        ]


class Claim(models.Model):
    """What a provider asks for one stage of a cohort. Submitted, its lines and terms are frozen under ``digest``."""

    cohort = models.ForeignKey("training.Cohort", models.PROTECT, related_name="+")
    stage_number = models.PositiveSmallIntegerField("阶段")
    state = models.CharField("状态", max_length=16, choices=ClaimState.choices(), default=ClaimState.DRAFT)
    policy = models.ForeignKey(Policy, models.PROTECT, null=True, blank=True, related_name="+")
    terms = models.JSONField("适用条款", default=dict)  # data.Terms.frozen(), at submission
    hours = models.JSONField("方案学时", default=dict)  # data.PlanHours, at submission
    digest = models.CharField("申报摘要值", max_length=64, blank=True)
    learners = models.PositiveIntegerField("人数", default=0)
    eligible = models.PositiveIntegerField("符合人数", default=0)
    total_cents = models.PositiveBigIntegerField("金额（分）", default=0)
    note = models.TextField("申报说明", blank=True)
    created_at = models.DateTimeField("建立时间")
    submitted_by = models.ForeignKey("identity.Account", models.PROTECT, null=True, blank=True, related_name="+")
    submitted_at = models.DateTimeField("申报时间", null=True, blank=True)
    reviewed_by = models.ForeignKey("identity.Account", models.PROTECT, null=True, blank=True, related_name="+")
    reviewed_at = models.DateTimeField("县级审核时间", null=True, blank=True)
    review_note = models.TextField("县级意见", blank=True)
    approved_by = models.ForeignKey("identity.Account", models.PROTECT, null=True, blank=True, related_name="+")
    approved_at = models.DateTimeField("市级审批时间", null=True, blank=True)
    approval_note = models.TextField("市级意见", blank=True)
    returned_at = models.DateTimeField("退回时间", null=True, blank=True)
    return_reason = models.TextField("退回原因", blank=True)
    paid_by = models.ForeignKey("identity.Account", models.PROTECT, null=True, blank=True, related_name="+")
    paid_at = models.DateTimeField("拨付登记时间", null=True, blank=True)
    paid_on = models.DateField("拨付日期", null=True, blank=True)
    voucher_number = models.CharField("拨付凭证号", max_length=60, blank=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["state", "submitted_at"], name="subsidy_claim_queue")]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["cohort", "stage_number"], condition=~Q(state=ClaimState.PAID), name="subsidy_claim_one_open"
            ),
            models.CheckConstraint(
                condition=Q(state__in=[ClaimState.DRAFT, ClaimState.RETURNED]) | ~Q(digest=""),
                name="subsidy_claim_frozen",
            ),
            models.CheckConstraint(
                condition=~Q(state=ClaimState.PAID) | (~Q(voucher_number="") & Q(paid_on__isnull=False)),
                name="subsidy_claim_voucher",
            ),
            models.CheckConstraint(
                condition=Q(approved_by__isnull=True) | ~Q(approved_by=F("reviewed_by")), name="subsidy_claim_four_eyes"
            ),
        ]


class ClaimLine(models.Model):
    """One learner of a submitted claim: qualified with an amount, or not, with the reason."""

    claim = models.ForeignKey(Claim, models.CASCADE, related_name="lines")
    cohort = models.ForeignKey("training.Cohort", models.PROTECT, related_name="+")
    stage_number = models.PositiveSmallIntegerField()
    enrolment = models.ForeignKey("training.Enrolment", models.PROTECT, related_name="+")
    eligible = models.BooleanField("符合")
    reason = models.CharField("原因", max_length=16, choices=Ineligible.choices(), blank=True)
    amount_cents = models.PositiveBigIntegerField("金额（分）", default=0)
    explanation = models.JSONField("计算说明", default=list)  # [{"label", "value", "formula"}]

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["claim", "enrolment"], name="subsidy_line_once"),
            models.UniqueConstraint(
                fields=["cohort", "stage_number", "enrolment"],
                condition=Q(eligible=True),
                name="subsidy_line_paid_once",
            ),
            models.CheckConstraint(
                condition=Q(eligible=True, reason="", amount_cents__gte=1)
                | (Q(eligible=False, amount_cents=0) & ~Q(reason="")),
                name="subsidy_line_amount",
            ),
        ]
