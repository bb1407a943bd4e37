"""Organisations, people, accounts and actors for tests, all made through the operations of ``identity``.

Numbers are valid by their standards and drawn at random; names are made of common surnames and characters. In one test
no two people share either.
"""

import base64
import datetime as dt
import itertools
import random
import re
from collections import deque
from functools import lru_cache

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.test import Client
from stdnum.cn import ric, uscc

from tests.support import rules
from tests.support.laid import laid
from zhenxue.identity import api as identity
from zhenxue.identity.data import SYSTEM, Actor, Device, DocumentKind, OrganisationKind, Role
from zhenxue.identity.management.commands import load_regions, load_rules
from zhenxue.identity.models import Account, Membership, Organisation, OrganisationDocument, Person, Region, RuleSet
from zhenxue.identity.operations import documents

NOW = dt.datetime(2026, 3, 2, 1, 0, tzinfo=dt.UTC)  # Monday, 09:00 in China
PASSWORD = "Lianxi-2026-mima"
SURNAMES = "赵钱孙李周吴郑王冯陈"
GIVEN = "子文学明春晓海山云平安宁康泰和睦诚信正直勤奋清远思齐嘉乐书田林江河星辰光景"
#: The order of the names in every process; the ground (``tests.factories.ground``) takes the first of them.
NAMES = itertools.count(len(SURNAMES) * 10)
STEP = 7919  # coprime to the number of names
_drawn: deque[str] = deque(maxlen=400)
USUAL_PROVIDER = "聊城惯常职业培训学校"
USCC_TAIL = "0123456789ABCDEFGHJKLMNPQRTUWXY"
DEVICE = Device("Linux 电脑 · Chrome 浏览器", "test", "127.0.0.1")
USER_AGENT = "Mozilla/5.0 (X11; Linux x86_64) Chrome/140.0"


def make_regions(code: str = "3715") -> Region:
    """The region, its parents and all below it, from the project's own file."""
    found = Region.objects.filter(pk=code).first()
    if found is None:
        identity.load_regions(text=_region_file(), only=code)
        found = Region.objects.get(pk=code)
    return found


def make_rules() -> None:
    """The rule sets of 聊城, and that of the tests after them, which asks for nothing (``support.rules``)."""
    if not RuleSet.objects.exists():
        make_regions("3715")
        identity.load_rules(text=load_rules.OWN_FILE.read_text() + rules.quiet(), now=NOW)


@laid
def ask_presence(*, strength: int = 0, region: str = "3715") -> None:
    """A rule set that asks for presence checks (and for names verified so strongly), in force for every cohort of the
    region that a test files after this."""
    make_rules()
    text = re.sub(r"^(verify_strength_\w+ = \{ value = )\d", rf"\g<1>{strength}", rules.newest(), flags=re.MULTILINE)
    text = text.replace("valid_from = 2026-11-21", "valid_from = 2025-03-14").replace('"2026-1"', '"presence"')
    text = text.replace('region = "3715"', f'region = "{region}"')
    identity.load_rules(text=text, now=NOW)


def citizen_number(*, region: str = "371502", birth: dt.date | None = None, gender: str | None = None) -> str:
    """A valid number of somebody between 20 and 60."""
    body = ""
    while not body or body in _drawn:
        last = int(random.choice({"m": "13579", "f": "02468", None: "0123456789"}[gender]))
        body = f"{region}{birth or _birth():%Y%m%d}{random.randrange(100):02d}{last}"
    _drawn.append(body)
    return body + ric.calc_check_digit(body + "0")


def _birth() -> dt.date:
    return dt.date(1966, 1, 1) + dt.timedelta(days=random.randrange(40 * 365))


def credit_code(*, region: str = "371502") -> str:
    """A valid unified social credit code of a company."""
    body = f"91{region}" + "".join(random.choice(USCC_TAIL) for _ in range(9))
    return body + uscc.calc_check_digit(body)


def phone() -> str:
    return f"1{random.choice('3578')}{random.randrange(10**9):09d}"


def person_name() -> str:
    """A name that nobody has yet."""
    rest, first = divmod(next(NAMES) * STEP, len(SURNAMES))
    middle, last = divmod(rest, len(GIVEN))
    return SURNAMES[first] + GIVEN[middle % len(GIVEN)] + GIVEN[last]


@laid
def make_person(*, name: str | None = None, number: str | None = None, now: dt.datetime = NOW) -> Person:
    return identity.register_person(
        actor=SYSTEM, name=name or person_name(), citizen_number=number or citizen_number(), phone=phone(), now=now
    )


@laid
def make_organisation(
    kind: OrganisationKind = OrganisationKind.PROVIDER,
    *,
    region: str = "371502",
    name: str | None = None,
    verified: bool = True,
    now: dt.datetime = NOW,
) -> Organisation:
    make_regions("3715" if region.startswith("3715") or region == "37" else region)
    code = credit_code()
    organisation = identity.register_organisation(
        actor=SYSTEM,
        kind=kind,
        region_code=region,
        fields=identity.OrganisationFields(
            name=name or f"{kind.label}{code[-6:]}",
            uscc=code,
            address="东昌西路1号",
            legal_representative=person_name(),
            contact_name=person_name(),
            contact_post="主任",
            contact_phone=phone(),
        ),
        now=now,
    )
    if verified:
        organisation = identity.verify_organisation(actor=SYSTEM, organisation_id=organisation.pk, now=now)
    return organisation


@laid
def make_licence(organisation: Organisation, *, now: dt.datetime = NOW) -> OrganisationDocument:
    """An accepted licence."""
    row = documents.add_document(
        actor=make_operator(),
        organisation_id=organisation.pk,
        fields=documents.DocumentFields(DocumentKind.LICENCE, organisation.uscc),
        file_name="licence.pdf",
        content=b"%PDF-1.7 specimen",
        now=now,
    )
    return documents.review_document(actor=make_operator(), document_id=row.pk, accepted=True, note="", now=now)


@laid
def make_account(
    role: Role,
    organisation: Organisation | None = None,
    *,
    person: Person | None = None,
    must_change: bool = False,
    password: str | None = None,
    now: dt.datetime = NOW,
) -> Account:
    """An account in one role. Its password is ``PASSWORD`` (hashed, slow) only once ``client_for`` or ``password``
    asks."""
    account, _ = identity.open_account(
        actor=SYSTEM,
        person=person or make_person(now=now),
        username=f"u{random.randrange(10**12):012d}",
        role=role,
        organisation=organisation,
        now=now,
        password=password or "",
        must_change=must_change,
    )
    return account


def actor_for(account: Account, role: Role | None = None) -> Actor:
    """The actor of an account in its first (or the given) role."""
    memberships = identity.list_memberships(account.pk)
    return identity.actor_of(next(one for one in memberships if role is None or one.role == role))


@laid
def make_provider(*, region: str = "371502", name: str | None = None) -> Actor:
    """A verified provider; its manager."""
    organisation = make_organisation(OrganisationKind.PROVIDER, region=region, name=name)
    return actor_for(make_account(Role.PROVIDER_MANAGER, organisation))


def usual_provider() -> Actor:
    """The provider (its manager) that stands in where a test hands in none; see ``tests.factories.ground``."""
    found = Organisation.objects.filter(name=USUAL_PROVIDER).first()
    if found is None:
        return make_provider(name=USUAL_PROVIDER)
    manager = Membership.objects.filter(organisation=found, role=Role.PROVIDER_MANAGER).earliest("pk")
    return actor_for(manager.account)


@laid
def make_colleague(actor: Actor) -> Actor:
    """Another account in the same role at the same organisation."""
    assert actor.role is not None
    organisation = identity.get_organisation(actor.organisation_id or 0)
    return actor_for(make_account(actor.role, organisation))


@laid
def make_enterprise(*, region: str = "371502") -> Actor:
    organisation = make_organisation(OrganisationKind.ENTERPRISE, region=region)
    return actor_for(make_account(Role.ENTERPRISE_MANAGER, organisation))


@laid
def make_teacher(organisation_id: int | None = None) -> Actor:
    """A teacher of the organisation (a new provider if none is given)."""
    organisation = identity.get_organisation(organisation_id) if organisation_id else make_organisation()
    return actor_for(make_account(Role.TEACHER, organisation))


@laid
def make_bureau(region: str = "371502") -> Actor:
    """An officer of the bureau of a region; the bureau is made once."""
    make_regions("3715" if region.startswith("3715") or region == "37" else region)
    found = identity.list_organisations(kind=OrganisationKind.BUREAU, region_code=region)
    same = [one for one in found if one.region_id == region]
    organisation = same[0] if same else make_organisation(OrganisationKind.BUREAU, region=region)
    return actor_for(make_account(Role.BUREAU_OFFICER, organisation))


@laid
def make_operator(role: Role = Role.OPERATOR_ADMIN) -> Actor:
    """Somebody of the platform's operator; the operator is made once."""
    found = identity.list_organisations(kind=OrganisationKind.OPERATOR)
    organisation = found[0] if found else make_organisation(OrganisationKind.OPERATOR, region="3715")
    return actor_for(make_account(role, organisation))


@laid
def make_learner(*, name: str | None = None, number: str | None = None) -> Actor:
    return actor_for(make_account(Role.LEARNER, person=make_person(name=name, number=number)))


@laid
def make_actor(role: Role) -> Actor:
    """An actor in any role, at an organisation made for it."""
    if role is Role.PROVIDER_MANAGER:
        return make_provider()
    if role is Role.ENTERPRISE_MANAGER:
        return make_enterprise()
    if role is Role.TEACHER:
        return make_teacher()
    if role is Role.BUREAU_OFFICER:
        return make_bureau()
    if role is Role.LEARNER:
        return make_learner()
    return make_operator(role)


def client_for(who: Actor | Account, *, user_agent: str = USER_AGENT) -> Client:
    """A Django test client signed in through the real sign-in page."""
    account = who if isinstance(who, Account) else Account.objects.get(pk=who.account_id)
    if not account.has_usable_password():
        account.set_password(PASSWORD)
        account.save(update_fields=["password"])
    client = Client(headers={"user-agent": user_agent})
    response = client.post("/sign-in/", {"username": account.username, "password": PASSWORD})
    assert response.status_code == 302, response.content.decode()[:2000]
    if response.headers["Location"].startswith("/hand-over/"):
        response = client.post("/hand-over/")
        assert response.status_code == 302, response.content.decode()[:2000]
    return client


def new_key() -> str:
    """The public key of a browser that nobody has seen, as it is registered."""
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    raw = key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


@lru_cache(maxsize=1)
def _region_file() -> str:
    return load_regions.OWN_FILE.read_text()
