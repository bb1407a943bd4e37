"""Who is who: organisations, people, roles, actors, sign-ins."""

import datetime as dt
from dataclasses import dataclass

from zhenxue.kernel.data import Labelled


class OrganisationKind(Labelled):
    PROVIDER = "provider", "承训机构"
    ENTERPRISE = "enterprise", "企业用人单位"
    BUREAU = "bureau", "人社部门"
    OPERATOR = "operator", "平台运营机构"
    PLATFORM = "platform", "线上培训平台"


class OrganisationState(Labelled):
    PENDING = "pending", "待核验"
    VERIFIED = "verified", "已实名"
    SUSPENDED = "suspended", "已停用"


#: What the state of an organisation may become; suspension and its lifting need a reason.
TRANSITIONS: dict[OrganisationState, frozenset[OrganisationState]] = {
    OrganisationState.PENDING: frozenset({OrganisationState.VERIFIED, OrganisationState.SUSPENDED}),
    OrganisationState.VERIFIED: frozenset({OrganisationState.SUSPENDED}),
    OrganisationState.SUSPENDED: frozenset({OrganisationState.VERIFIED}),
}


class SessionEnd(Labelled):
    """Why a sign-in is over."""

    SIGNED_OUT = "signed_out", "本人退出"
    HANDED_OVER = "handed_over", "在另一台设备登录"
    EXPIRED = "expired", "长时间未使用"
    REPLACED = "replaced", "同一设备重新登录"
    PASSWORD_CHANGED = "password_changed", "密码已修改"
    PASSWORD_RESET = "password_reset", "密码已由管理员重置"
    DEACTIVATED = "deactivated", "账号已停用"
    ROLE_REVOKED = "role_revoked", "角色已撤销"
    DEVICE_REMOVED = "device_removed", "设备已由本人移除"


class RegionLevel(Labelled):
    PROVINCE = "province", "省级"
    CITY = "city", "市级"
    COUNTY = "county", "县级"


class Role(Labelled):
    LEARNER = "learner", "学员"
    TEACHER = "teacher", "教师"
    PROVIDER_MANAGER = "provider_manager", "机构管理员"
    ENTERPRISE_MANAGER = "enterprise_manager", "企业管理员"
    BUREAU_OFFICER = "bureau_officer", "人社监管人员"
    OPERATOR_REVIEWER = "operator_reviewer", "平台审核员"
    OPERATOR_ADMIN = "operator_admin", "平台管理员"
    SYSTEM = "system", "系统"


#: The roles an account can hold; which organisation may give which is the table in ``policies``.
ACCOUNT_ROLES = tuple(role for role in Role if role is not Role.SYSTEM)


@dataclass(frozen=True, slots=True)
class Actor:
    """Whoever acts: one account in one role at one organisation, as resolved by the server for this request.

    ``region_code`` is the GB/T 2260 code of the organisation's region (2, 4 or 6 digits: province, city, county) and
    ``region_name`` its name; a code covers every code that starts with it. ``role`` is ``None`` for an anonymous
    visitor.
    """

    role: Role | None = None
    account_id: int | None = None
    person_id: int | None = None
    name: str = ""
    organisation_id: int | None = None
    organisation_name: str = ""
    organisation_kind: OrganisationKind | None = None
    region_code: str = ""
    region_name: str = ""

    @property
    def is_anonymous(self) -> bool:
        return self.role is None

    @property
    def is_learner(self) -> bool:
        return self.role is Role.LEARNER

    @property
    def is_bureau(self) -> bool:
        return self.role is Role.BUREAU_OFFICER

    @property
    def is_city_bureau(self) -> bool:
        return self.is_bureau and len(self.region_code) <= 4

    @property
    def is_county_bureau(self) -> bool:
        return self.is_bureau and len(self.region_code) == 6

    @property
    def is_operator(self) -> bool:
        return self.role in {Role.OPERATOR_ADMIN, Role.OPERATOR_REVIEWER}

    @property
    def is_manager(self) -> bool:
        """Runs cohorts for a provider or an enterprise."""
        return self.role in {Role.PROVIDER_MANAGER, Role.ENTERPRISE_MANAGER}

    def covers(self, region_code: str) -> bool:
        """Whether this bureau's region contains the given region."""
        return self.is_bureau and bool(self.region_code) and region_code.startswith(self.region_code)

    @property
    def label(self) -> str:
        """``name（role · organisation）``, as evidence and pages show it."""
        if self.role is None or self.role is Role.SYSTEM:
            return self.name or "访客"
        role = self.role.label
        return f"{self.name}（{role}{' · ' + self.organisation_name if self.organisation_name else ''}）"


ANONYMOUS = Actor()
SYSTEM = Actor(role=Role.SYSTEM, name="系统")


@dataclass(frozen=True, slots=True)
class SignIn:
    """A sign-in as a request needs it: alive or ended, whose it is (``actor``), and what is set with the account.

    ``usable`` says that its account, its role and the role's organisation are active. ``actor`` is anonymous where the
    role is gone. ``device_key_id`` is ``None`` until the browser has registered its key.
    """

    pk: int
    membership_id: int | None
    device: str
    ip: str | None
    opened_at: dt.datetime
    seen_at: dt.datetime
    ended_at: dt.datetime | None
    end_reason: str
    usable: bool
    must_change_password: bool
    large_type: bool
    actor: Actor
    device_key_id: int | None = None
    unread: int = 0
    strength: int = 0  # of the person's real-name verification


@dataclass(frozen=True, slots=True)
class Request:
    """What the access log keeps of a request that did not pass through the middleware; one that is not ``is_logged``
    only shows that its sign-in is in use."""

    sign_in: SignIn | None
    method: str
    path: str
    status: int
    ip: str | None
    is_logged: bool = True


@dataclass(frozen=True, slots=True)
class CitizenNumber:
    """A checked citizen number (GB 11643-1999) and what it says."""

    number: str
    birth_date: dt.date
    gender: str  # "m" or "f"
    region_code: str  # of the first registration, 6 digits


@dataclass(frozen=True, slots=True)
class Device:
    """Where a request comes from, as shown to the owner of an account."""

    name: str
    user_agent: str = ""
    ip: str | None = None


@dataclass(frozen=True, slots=True)
class FirstPassword:
    """A first password in clear and hashed, not yet anybody's."""

    plain: str
    hashed: str


@dataclass(frozen=True, slots=True)
class IssuedPassword:
    """A first password that an account has just got: to be handed over once, then forgotten."""

    person_id: int
    name: str
    username: str
    password: str


@dataclass(frozen=True, slots=True)
class RowAnswer:
    """What an import did with one row of its file: ``created``, ``updated``, ``unchanged``, ``kept`` or
    ``refused``."""

    number: int
    key: str
    outcome: str
    message: str = ""
