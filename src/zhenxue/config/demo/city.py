"""Organisations, their people and their accounts."""

import datetime as dt
from dataclasses import dataclass

from zhenxue.config.demo import people
from zhenxue.identity import api as identity
from zhenxue.identity.data import SYSTEM, Actor, OrganisationKind, Role

BUREAU_REGIONS = ("3715", "371502", "371503", "371521", "371522", "371524", "371525", "371526", "371581")


@dataclass(frozen=True, slots=True)
class Shown:
    """An account that the demo prints at the end."""

    username: str
    role: str
    where: str


@dataclass(slots=True)
class City:
    """Who acts in the demo."""

    password: str
    provider: Actor
    teacher: Actor
    examiner: Actor
    second_provider: Actor
    second_teacher: Actor
    enterprise: Actor
    enterprise_teacher: Actor
    city_bureau: Actor
    county_bureaus: dict[str, Actor]
    reviewer: Actor
    admin: Actor
    shown: list[Shown]


class Builder:
    """Registers organisations and opens accounts, all with the one password of this demo."""

    def __init__(self, password: str, now: dt.datetime) -> None:
        self.password = password
        self.now = now
        self.count = 0
        self.shown: list[Shown] = []

    def organisation(self, kind: OrganisationKind, region: str, name: str) -> identity.Organisation:
        """A verified organisation."""
        self.count += 1
        made = identity.register_organisation(
            actor=SYSTEM,
            kind=kind,
            region_code=region,
            fields=identity.OrganisationFields(
                name=name,
                uscc=people.credit_code(self.count, region),
                address=f"{identity.region_path(region)}演示路 {self.count} 号",
                legal_representative=f"法人{people.STEMS[self.count % 10]}",
                contact_name=f"联系人{people.STEMS[self.count % 10]}",
                contact_post="办公室主任",
                contact_phone=people.phone(9000 + self.count),
            ),
            now=self.now,
        )
        return identity.verify_organisation(actor=SYSTEM, organisation_id=made.pk, now=self.now)

    def account(
        self,
        role: Role,
        organisation: identity.Organisation,
        username: str,
        name: str,
        *,
        show: bool = True,
        words: str = "",
    ) -> Actor:
        """Somebody with an account whose first password was already changed; shown by ``words`` or by the role."""
        self.count += 1
        person = identity.register_person(
            actor=SYSTEM,
            name=name,
            citizen_number=people.citizen_number(500 + self.count),
            phone=people.phone(8000 + self.count),
            now=self.now,
        )
        account, first = identity.open_account(
            actor=SYSTEM, person=person, username=username, role=role, organisation=organisation, now=self.now
        )
        identity.change_password(account=account, session_id=None, old=first, new=self.password, now=self.now)
        if show:
            self.shown.append(Shown(username, words or role.label, organisation.name))
        return identity.actor_of(identity.list_memberships(account.pk)[0])


def build_city(password: str, now: dt.datetime) -> City:
    """Two providers, an enterprise, the bureaus of the city and its eight counties, and the operator."""
    make = Builder(password, now)
    operator = make.organisation(OrganisationKind.OPERATOR, "3715", "真学平台运营中心（演示）")
    admin = make.account(Role.OPERATOR_ADMIN, operator, "admin", "运营甲")
    reviewer = make.account(Role.OPERATOR_REVIEWER, operator, "reviewer", "审核甲")
    counties: dict[str, Actor] = {}
    for code in BUREAU_REGIONS:
        region = identity.find_region(code)
        name = region.name if region else code
        bureau = make.organisation(OrganisationKind.BUREAU, code, f"{name}人力资源和社会保障局（演示）")
        username = "city" if code == "3715" else f"county{code}"
        counties[code] = make.account(
            Role.BUREAU_OFFICER,
            bureau,
            username,
            f"监管{people.STEMS[len(counties)]}",
            show=code in {"3715", "371502", "371503"},
        )
    first = make.organisation(OrganisationKind.PROVIDER, "371502", "东昌演示职业培训学校")
    second = make.organisation(OrganisationKind.PROVIDER, "371503", "茌平演示技能培训中心")
    company = make.organisation(OrganisationKind.ENTERPRISE, "371581", "临清演示养老服务公司")
    return City(
        password=password,
        provider=make.account(Role.PROVIDER_MANAGER, first, "provider", "教务甲"),
        teacher=make.account(Role.TEACHER, first, "teacher", "教师甲"),
        examiner=make.account(Role.TEACHER, first, "examiner", "教师丁", words="教师（第二位考评员）"),
        second_provider=make.account(Role.PROVIDER_MANAGER, second, "provider2", "教务乙"),
        second_teacher=make.account(Role.TEACHER, second, "teacher2", "教师乙", show=False),
        enterprise=make.account(Role.ENTERPRISE_MANAGER, company, "enterprise", "人事甲"),
        enterprise_teacher=make.account(Role.TEACHER, company, "teacher3", "教师丙", show=False),
        city_bureau=counties.pop("3715"),
        county_bureaus=counties,
        reviewer=reviewer,
        admin=admin,
        shown=make.shown,
    )
