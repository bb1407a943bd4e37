"""Organisations and people under their real names."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from zhenxue.identity.data import OrganisationKind, OrganisationState
from zhenxue.identity.models.reference import Region
from zhenxue.kernel.fields import BlindIndexField, SealedTextField


class Organisation(models.Model):
    """A real-name organisation with the fields of A5."""

    kind = models.CharField("类别", max_length=12, choices=OrganisationKind.choices())
    name = models.CharField("机构名称", max_length=120)
    uscc = models.CharField("统一社会信用代码", max_length=18, unique=True)
    region = models.ForeignKey(Region, models.PROTECT, verbose_name="所属地区", related_name="+")
    address = models.CharField("机构地址", max_length=200)
    legal_representative = models.CharField("法定代表人", max_length=40)
    contact_name = models.CharField("联系人", max_length=40)
    contact_post = models.CharField("联系人职务", max_length=40)
    contact_phone = SealedTextField("联系人电话")
    state = models.CharField(
        "状态", max_length=10, choices=OrganisationState.choices(), default=OrganisationState.PENDING
    )
    state_note = models.CharField("状态说明", max_length=200, blank=True)
    created_at = models.DateTimeField("登记时间")
    verified_at = models.DateTimeField("核验时间", null=True, blank=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["region", "kind"], name="identity_org_region_kind")]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(kind__in=[value for value, _ in OrganisationKind.choices()]), name="identity_org_kind"
            ),
            models.CheckConstraint(
                condition=Q(state__in=[value for value, _ in OrganisationState.choices()]), name="identity_org_state"
            ),
            models.CheckConstraint(
                condition=~Q(state=OrganisationState.VERIFIED) | Q(verified_at__isnull=False),
                name="identity_org_verified_at",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Person(models.Model):
    """A natural person with the fields of A6; numbers are sealed and found by blind index only."""

    name = models.CharField("姓名", max_length=60)
    citizen_number = SealedTextField("公民身份号码")
    citizen_index = BlindIndexField(of="citizen_number", unique=True, editable=False)
    birth_date = models.DateField("出生日期")
    gender = models.CharField("性别", max_length=1, choices=[("m", "男"), ("f", "女")])
    phone = SealedTextField("手机号码", blank=True)
    phone_index = BlindIndexField(of="phone", blank=True, db_index=True, editable=False)
    social_card_number = SealedTextField("电子社保卡号码", blank=True)
    social_card_index = BlindIndexField(of="social_card_number", blank=True, db_index=True, editable=False)
    id_photo_front = models.CharField("身份证人像面", max_length=200, blank=True)
    id_photo_back = models.CharField("身份证国徽面", max_length=200, blank=True)
    portrait = models.CharField("头像照片", max_length=200, blank=True)
    verified_at = models.DateTimeField("实名时间", null=True, blank=True)
    verified_by_method = models.CharField("实名方式", max_length=30, blank=True)
    verified_strength = models.PositiveSmallIntegerField("实名强度", default=0)
    created_at = models.DateTimeField("登记时间")

    class Meta:
        indexes: ClassVar = [models.Index(fields=["name"], name="identity_person_name")]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(verified_strength=0) | Q(verified_strength__lte=3, verified_at__isnull=False),
                name="identity_person_strength",
            ),
        ]

    def __str__(self) -> str:
        return self.name
