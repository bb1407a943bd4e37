"""Accounts, memberships, devices, sign-ins, access log."""

from typing import ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models import Q

from zhenxue.identity.data import ACCOUNT_ROLES, Role, SessionEnd
from zhenxue.identity.models.people import Organisation, Person


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
    unread = models.PositiveIntegerField("未读通知", default=0, editable=False)  # kept by ``notices``
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
