"""The log refuses in the database what nobody may do to it, and lets the sequencer and an erasure do their work."""

from collections.abc import Callable

import pytest
from django.db import IntegrityError, transaction

from tests.factories.evidence import NOW, Person, make_entry, make_log
from zhenxue.evidence import api as evidence
from zhenxue.evidence.models import Checkpoint, Entry, EntryRef, Tile

pytestmark = pytest.mark.django_db

FORBIDDEN: list[Callable[[], object]] = [
    lambda: EntryRef.objects.all().delete(),
    lambda: EntryRef.objects.update(ref="cohort:9"),
    lambda: Entry.objects.filter(number=2).update(envelope="{}"),
    lambda: Entry.objects.filter(number=2).update(salt=b"\x00" * 32),
    lambda: Entry.objects.filter(number=2).update(number=None),
    lambda: Entry.objects.filter(number=2).update(account_id=9),
    lambda: Checkpoint.objects.all().delete(),
    lambda: Checkpoint.objects.update(note="another"),
    lambda: Tile.objects.all().delete(),
]


@pytest.mark.parametrize("act", FORBIDDEN)
def test_the_database_refuses_to_rewrite_the_log(act: Callable[[], object]) -> None:
    make_log(3)
    before = list(Entry.objects.order_by("pk").values())
    with pytest.raises(IntegrityError, match="never rewritten"), transaction.atomic():
        act()
    assert list(Entry.objects.order_by("pk").values()) == before
    assert evidence.verify_log().is_clean


def test_numbers_are_given_and_private_values_erased_all_the_same() -> None:
    entry = make_entry(1)
    evidence.integrate(NOW)
    evidence.erase(entry_id=entry.id, fields=["note"], reason="本人申请", actor=Person(), now=NOW)
    evidence.integrate(NOW)
    entry.refresh_from_db()
    assert entry.number == 1
    assert "自述" not in entry.private
    assert evidence.verify_log().is_clean
