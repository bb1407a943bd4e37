"""Consents, identity cards, codes sent to phones, and proofs of who a person is."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from zhenxue.identity.data import CardState, ConsentPurpose, VerificationState
from zhenxue.identity.models.accounts import Account
from zhenxue.identity.models.people import Person
from zhenxue.kernel.fields import BlindIndexField, SealedTextField

OPEN = (VerificationState.STARTED, VerificationState.WAITING)


class Consent(models.Model):
    """A person agreed to one version of one text; withdrawn at any time, then it stays as a record."""

    person = models.ForeignKey(Person, models.PROTECT, related_name="+")
    purpose = models.CharField("事项", max_length=20, choices=ConsentPurpose.choices())
    text_version = models.CharField("文本版本", max_length=20)
    text_digest = models.CharField("文本摘要", max_length=64)
    given_at = models.DateTimeField("同意时间")
    withdrawn_at = models.DateTimeField("撤回时间", null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["person", "purpose"],
                condition=Q(withdrawn_at__isnull=True),
                name="identity_one_living_consent",
            ),
            models.CheckConstraint(
                condition=Q(purpose__in=[value for value, _ in ConsentPurpose.choices()]),
                name="identity_consent_purpose",
            ),
            models.CheckConstraint(
                condition=Q(withdrawn_at__isnull=True) | Q(withdrawn_at__gte=F("given_at")),
                name="identity_consent_in_order",
            ),
        ]


class IdentityCard(models.Model):
    """What stands on a person's card: as the machine read it and as the person confirmed it, both sealed.

    ``differences`` names the fields (``CardField`` values) in which the card as read or confirmed is not what is
    registered; ``attempt`` counts the photographs sent in, so that a late reading of older ones is not taken.
    """

    person = models.OneToOneField(Person, models.PROTECT, related_name="+")
    state = models.CharField("状态", max_length=12, choices=CardState.choices(), default=CardState.WAITING)
    attempt = models.PositiveIntegerField(default=1)
    reading = SealedTextField("识别结果", blank=True)
    confirmed = SealedTextField("本人核对结果", blank=True)
    differences = models.JSONField("不一致项", default=list)
    problem = models.CharField("识别问题", max_length=200, blank=True)
    engine = models.CharField("识别引擎", max_length=80, blank=True)
    valid_until = models.DateField("证件有效期止", null=True, blank=True)
    sent_at = models.DateTimeField("上传时间")
    read_at = models.DateTimeField("识别时间", null=True, blank=True)
    confirmed_at = models.DateTimeField("核对时间", null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=~Q(state=CardState.CONFIRMED) | Q(confirmed_at__isnull=False),
                name="identity_card_confirmed_at",
            ),
            models.CheckConstraint(
                condition=Q(state__in=[value for value, _ in CardState.choices()]), name="identity_card_state"
            ),
        ]


class PhoneCode(models.Model):
    """A code of six digits sent to a phone: only its keyed digest is kept; good once, for five minutes."""

    person = models.ForeignKey(Person, models.PROTECT, related_name="+")
    phone = SealedTextField("手机号码")
    phone_index = BlindIndexField(of="phone", db_index=True, editable=False)
    salt = models.CharField(max_length=32, editable=False)
    digest = models.CharField(max_length=64, editable=False)
    asked_at = models.DateTimeField("发送时间")
    expires_at = models.DateTimeField("失效时间")
    tries = models.PositiveSmallIntegerField("输错次数", default=0)
    failed = models.BooleanField("没有发出", default=False)
    used_at = models.DateTimeField("验证时间", null=True, blank=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["person", "-asked_at"], name="identity_code_person")]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(expires_at__gt=F("asked_at")), name="identity_code_lives"),
        ]


class Verification(models.Model):
    """One attempt to prove who a person is, by one method; what passed and did not end makes the person's strength.

    ``facts`` holds no personal data. ``secret`` holds what an errand to another site must bring back (sealed, emptied
    when it is over), ``state_digest`` finds it.
    """

    person = models.ForeignKey(Person, models.PROTECT, related_name="+")
    method = models.CharField("方式", max_length=30)
    strength = models.PositiveSmallIntegerField("强度")
    state = models.CharField("状态", max_length=10, choices=VerificationState.choices())
    note = models.CharField("申请说明", max_length=200, blank=True)
    reason = models.CharField("结果说明", max_length=200, blank=True)
    facts = models.JSONField(default=dict)
    secret = SealedTextField(blank=True)
    state_digest = models.CharField(max_length=64, blank=True, editable=False)
    started_at = models.DateTimeField("开始时间")
    expires_at = models.DateTimeField("失效时间", null=True, blank=True)
    decided_at = models.DateTimeField("结果时间", null=True, blank=True)
    decided_by = models.ForeignKey(Account, models.PROTECT, null=True, blank=True, related_name="+")
    ended_at = models.DateTimeField("终止时间", null=True, blank=True)
    end_reason = models.CharField("终止原因", max_length=200, blank=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["person", "-started_at"], name="identity_verification_person"),
            models.Index(fields=["state", "started_at"], name="identity_verification_queue"),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(strength__gte=1, strength__lte=3), name="identity_verification_strength"
            ),
            models.CheckConstraint(
                condition=Q(state__in=[value for value, _ in VerificationState.choices()]),
                name="identity_verification_state",
            ),
            models.CheckConstraint(
                condition=Q(state__in=OPEN, decided_at__isnull=True) | ~Q(state__in=OPEN) & Q(decided_at__isnull=False),
                name="identity_verification_decided_at",
            ),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True) | Q(state=VerificationState.PASSED),
                name="identity_verification_ended",
            ),
            models.UniqueConstraint(
                fields=["person", "method"], condition=Q(state__in=OPEN), name="identity_verification_one_open"
            ),
            models.UniqueConstraint(
                fields=["state_digest"], condition=~Q(state_digest=""), name="identity_verification_errand"
            ),
        ]
