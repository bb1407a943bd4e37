"""What is known of a person's identity card."""

import datetime as dt
import json

from zhenxue.identity.data import LONG_TERM, CardFacts, CardField
from zhenxue.identity.models import IdentityCard, Person


def find_card(person_id: int) -> IdentityCard | None:
    return IdentityCard.objects.select_related("person").filter(person_id=person_id).first()


def reading_of(card: IdentityCard) -> CardFacts | None:
    """What the machine read, if it did."""
    return CardFacts(**json.loads(card.reading)) if card.reading else None


def confirmed_of(card: IdentityCard) -> CardFacts | None:
    """What the person confirmed, if they did."""
    return CardFacts(**json.loads(card.confirmed)) if card.confirmed else None


def differences_of(person: Person, facts: CardFacts, today: dt.date) -> list[str]:
    """The fields (``CardField`` values) in which the card is not what is registered, or is no longer valid."""
    found = []
    if facts.name != person.name:
        found.append(CardField.NAME.value)
    if facts.citizen_number != person.citizen_number:
        found.append(CardField.NUMBER.value)
    if facts.valid_until != LONG_TERM and facts.valid_until < today.isoformat():
        found.append(CardField.VALID_UNTIL.value)
    return sorted(found)


def stale_cards(before: dt.datetime) -> list[tuple[int, int]]:
    """Cards that wait since before then, with their attempt: their task was lost."""
    rows = IdentityCard.objects.filter(state="waiting", sent_at__lt=before)
    return list(rows.values_list("pk", "attempt")[:50])
