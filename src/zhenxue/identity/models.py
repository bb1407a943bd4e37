"""Tables of ``identity``: regions, rule sets, organisations, people, accounts, memberships, devices, sign-ins, access
log."""

from typing import ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models import Q

from zhenxue.identity.data import ACCOUNT_ROLES, OrganisationKind, OrganisationState, RegionLevel, Role, SessionEnd
from zhenxue.kernel.fields import BlindIndexField, SealedTextField


class Region(models.Model):
    """An administrative division (GB/T 2260); a code covers all codes that start with it."""

    code = models.CharField("行政区划代码", max_length=6, primary_key=True)
    name = models.CharField("名称", max_length=60)
    level = models.CharField("级别", max_length=10, choices=RegionLevel.choices())
    parent = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="+")

    def __str__(self) -> str:
        return self.name


class RuleSet(models.Model):
    """Numbers that a regulation sets for a region, as one version with its source and period (never constants in
    code).

    ``programme_kind`` is a word of ``training`` (its kinds of programmes) or empty for all kinds.
    """

    region = models.ForeignKey(Region, models.PROTECT, related_name="+")
    programme_kind = models.CharField("适用项目类别", max_length=20, blank=True, default="")
    version = models.CharField("版本", max_length=40)
    valid_from = models.DateField("起效日")
    valid_until = models.DateField("失效日", null=True, blank=True)
    source = models.CharField("依据", max_length=200)
    rules = models.JSONField("规则")  # {key: {"value": int, "unit": str, "source": str}}
    created_at = models.DateTimeField("登记时间")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["region", "programme_kind", "version"], name="identity_ruleset_kind_version"
            ),
            models.CheckConstraint(
                condition=Q(valid_until__isnull=True) | Q(valid_until__gt=models.F("valid_from")),
                name="identity_ruleset_period",
            ),
        ]


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
    created_at = models.DateTimeField("登记时间")

    class Meta:
        indexes: ClassVar = [models.Index(fields=["name"], name="identity_person_name")]

    def __str__(self) -> str:
        return self.name


class AccountManager(BaseUserManager["Account"]):
    def get_by_natural_key(self, username: str | None) -> "Account":
        return self.get(username=username)


class Account(AbstractBaseUser):
    """What a person signs in with; rights come from memberships only."""

    username = models.CharField("登录名", max_length=60, unique=True)
    person = models.OneToOneField(Person, models.PROTECT, related_name="+")
    must_change_password = models.BooleanField("须修改密码", default=True)
    is_active = models.BooleanField("启用", default=True)
    large_type = models.BooleanField("关怀版", default=False)
    created_at = models.DateTimeField("开通时间")

    USERNAME_FIELD = "username"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    objects = AccountManager()

    def __str__(self) -> str:
        return self.username


class Membership(models.Model):
    """A role of an account at an organisation (none for a learner)."""

    account = models.ForeignKey(Account, models.PROTECT, related_name="+")
    organisation = models.ForeignKey(Organisation, models.PROTECT, null=True, blank=True, related_name="+")
    role = models.CharField("角色", max_length=20, choices=Role.choices())
    is_active = models.BooleanField("有效", default=True)
    created_at = models.DateTimeField("授予时间")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["account", "organisation", "role"], name="identity_membership_once"),
            models.UniqueConstraint(
                fields=["account", "role"],
                condition=Q(organisation__isnull=True),
                name="identity_membership_learner_once",
            ),
            models.CheckConstraint(
                condition=Q(role=Role.LEARNER, organisation__isnull=True)
                | (~Q(role=Role.LEARNER) & Q(organisation__isnull=False)),
                name="identity_membership_organisation",
            ),
            models.CheckConstraint(
                condition=Q(role__in=[role.value for role in ACCOUNT_ROLES]), name="identity_membership_role"
            ),
        ]


class DeviceKey(models.Model):
    """A browser that proved itself by a key it cannot give away, as one account knows it.

    ``public_key`` is the raw uncompressed P-256 point in base64url without padding; the same browser gives every
    account the same key, so ``fingerprint`` (SHA-256 of the raw point, hex) says which people share a device.
    """

    account = models.ForeignKey(Account, models.PROTECT, related_name="+")
    public_key = models.CharField("公钥", max_length=87, editable=False)
    fingerprint = models.CharField("设备指纹", max_length=64, db_index=True, editable=False)
    label = models.CharField("设备", max_length=80)
    first_seen_at = models.DateTimeField("首次使用")
    last_seen_at = models.DateTimeField("最近登录")
    removed_at = models.DateTimeField("移除时间", null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["account", "public_key"], name="identity_device_once_per_account"),
            models.UniqueConstraint(fields=["account", "fingerprint"], name="identity_fingerprint_once_per_account"),
            models.CheckConstraint(
                condition=Q(last_seen_at__gte=models.F("first_seen_at")), name="identity_device_seen_in_order"
            ),
        ]

    def __str__(self) -> str:
        return self.label


class LoginSession(models.Model):
    """One live sign-in; the newest wins only after the hand-over page, and at most one lives per account.

    ``device_key`` is bound once, by the sign-in form or else by the first page after it, and never changed.
    """

    account = models.ForeignKey(Account, models.PROTECT, related_name="+")
    key_digest = models.CharField(max_length=64, unique=True)
    membership = models.ForeignKey(Membership, models.PROTECT, null=True, related_name="+")
    device = models.CharField("设备", max_length=80)
    device_key = models.ForeignKey(DeviceKey, models.PROTECT, null=True, blank=True, related_name="+")
    user_agent = models.CharField(max_length=300, blank=True)
    ip = models.GenericIPAddressField("网络地址", null=True)
    opened_at = models.DateTimeField("登录时间")
    seen_at = models.DateTimeField("最近活动")
    ended_at = models.DateTimeField("结束时间", null=True)
    end_reason = models.CharField("结束原因", max_length=20, blank=True, choices=SessionEnd.choices())

    class Meta:
        indexes: ClassVar = [models.Index(fields=["account", "-opened_at"], name="identity_session_account")]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["account"], condition=Q(ended_at__isnull=True), name="identity_one_live_session"
            ),
        ]


class AccessLogEntry(models.Model):
    """Who opened which page that shows personal data or supervision data, and what was refused (A4)."""

    account = models.ForeignKey(Account, models.PROTECT, null=True, related_name="+")
    organisation = models.ForeignKey(Organisation, models.PROTECT, null=True, related_name="+")
    role = models.CharField("角色", max_length=20, blank=True, choices=Role.choices())
    at = models.DateTimeField(db_index=True)
    method = models.CharField(max_length=8)
    path = models.CharField(max_length=300)
    status = models.PositiveSmallIntegerField()
    ip = models.GenericIPAddressField(null=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["organisation", "-at"], name="identity_access_organisation"),
            models.Index(fields=["account", "-at"], name="identity_access_account"),
        ]
