"""Codes that were sent to phones."""

from zhenxue.identity.models import Person, PhoneCode
from zhenxue.identity.queries.people import phone_indexes


def latest_code(person: Person) -> PhoneCode | None:
    """The newest code to the phone that is registered now, unless it was used."""
    rows = PhoneCode.objects.filter(person=person, phone_index__in=phone_indexes(person.phone))
    row = rows.order_by("-pk").first()
    return None if row is None or row.used_at else row


def has_proven_phone(person: Person) -> bool:
    """Whether the phone that is registered now was proven by a code."""
    rows = PhoneCode.objects.filter(person=person, phone_index__in=phone_indexes(person.phone))
    return rows.filter(used_at__isnull=False).exists()
