"""Tables of ``identity``: regions, rule sets, organisations and their papers, people and how they are verified,
accounts, memberships, devices, sign-ins, access log."""

from zhenxue.identity.models.accounts import AccessLogEntry, Account, DeviceKey, LoginSession, Membership
from zhenxue.identity.models.documents import OrganisationDocument
from zhenxue.identity.models.people import Organisation, Person
from zhenxue.identity.models.reference import Region, RuleSet
from zhenxue.identity.models.verifying import Consent, IdentityCard, PhoneCode, Verification

__all__ = [
    "AccessLogEntry",
    "Account",
    "Consent",
    "DeviceKey",
    "IdentityCard",
    "LoginSession",
    "Membership",
    "Organisation",
    "OrganisationDocument",
    "Person",
    "PhoneCode",
    "Region",
    "RuleSet",
    "Verification",
]
