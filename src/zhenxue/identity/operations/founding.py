"""The very first account of an installation: somebody has to let the others in."""

import datetime as dt
from dataclasses import asdict

from django.db import transaction

from zhenxue.identity.data import SYSTEM, OrganisationKind, Role
from zhenxue.identity.models import Account, Membership
from zhenxue.identity.operations.accounts import open_account
from zhenxue.identity.operations.organisations import OrganisationFields, register_organisation, verify_organisation
from zhenxue.identity.operations.people import PersonFields, register_person
from zhenxue.kernel.errors import Conflict


def found(
    *, organisation: OrganisationFields, region_code: str, person: PersonFields, username: str, now: dt.datetime
) -> tuple[Account, str]:
    """Register the operator and its first administrator; returns the account and its initial password.

    Only for an installation without any administrator: raises ``Conflict`` otherwise, ``Invalid`` by field.
    """
    with transaction.atomic():
        if Membership.objects.filter(role=Role.OPERATOR_ADMIN).exists():
            raise Conflict("identity.founded", "这个平台已有平台管理员。请由现有管理员在“账号”中开通新账号或重置密码。")
        made = register_organisation(
            actor=SYSTEM, kind=OrganisationKind.OPERATOR, region_code=region_code, fields=organisation, now=now
        )
        made = verify_organisation(actor=SYSTEM, organisation_id=made.pk, now=now)
        known = register_person(actor=SYSTEM, now=now, **asdict(person))
        return open_account(
            actor=SYSTEM, person=known, username=username, role=Role.OPERATOR_ADMIN, organisation=made, now=now
        )
