"""The newest cosigned head, and which checkpoint strangers are shown."""

import datetime as dt

import pytest
from django.db import IntegrityError, connection, transaction

from tests.factories.evidence import NOW, make_entry, make_log
from tests.factories.witnesses import make_cosignature, make_witness, witness_signer
from zhenxue.evidence import api as evidence
from zhenxue.evidence.models import Checkpoint, Cosignature, Witness
from zhenxue.evidence.queries import health, log_verifier
from zhenxue.tlog import checkpoints
from zhenxue.tlog.cosignatures import WitnessKey, check_cosignature

CITY = witness_signer()
COUNTY = witness_signer("witness.example/county", b"c" * 32)
MINUTE = dt.timedelta(minutes=1)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("bare_ground")]


def grow(number: int, now: dt.datetime) -> int:
    make_entry(number, now=now)
    evidence.integrate(now)
    return Checkpoint.objects.order_by("-size")[0].size


def test_without_a_witness_there_is_no_cosigned_head_and_the_newest_checkpoint_is_served() -> None:
    assert evidence.cosigned_head(NOW) is None
    assert health.served_note(NOW) is None
    make_log(3)
    assert evidence.cosigned_head(NOW) is None
    assert health.served_note(NOW) == Checkpoint.objects.order_by("-size")[0].note


def test_the_newest_head_with_a_cosignature_carries_every_line_and_who_made_it() -> None:
    make_log(3)
    city, county = make_witness(CITY), make_witness(COUNTY, organisation="县人社局")
    make_cosignature(city, CITY)
    make_cosignature(city, CITY, at=NOW + MINUTE)
    make_cosignature(county, COUNTY)
    grow(4, NOW)
    head = evidence.cosigned_head(NOW + MINUTE)
    assert head is not None
    assert head.size == 3
    assert {(mark.name, mark.organisation, mark.at) for mark in head.witnesses} == {
        (CITY.verifier.name, "市人社局", NOW + MINUTE),
        (COUNTY.verifier.name, "县人社局", NOW),
    }
    log = log_verifier()
    assert checkpoints.open_signed(head.note, origin=log.name, log=log).root == head.root
    assert check_cosignature(head.note, WitnessKey.of(CITY)) == int((NOW + MINUTE).timestamp())
    assert check_cosignature(head.note, WitnessKey.of(COUNTY)) == int(NOW.timestamp())


def test_a_forged_future_or_retired_cosignature_does_not_count() -> None:
    make_log(3)
    city = make_witness(CITY)
    make_cosignature(city, COUNTY)
    assert evidence.cosigned_head(NOW) is None
    make_cosignature(city, CITY, at=NOW + 10 * MINUTE)
    assert evidence.cosigned_head(NOW) is None
    assert evidence.cosigned_head(NOW + 10 * MINUTE) is not None
    Witness.objects.update(retired_at=NOW)
    assert evidence.cosigned_head(NOW + 10 * MINUTE) is None


def test_what_is_served_waits_for_a_witness_a_minute_at_most_and_never_goes_back() -> None:
    make_log(3)
    city = make_witness(CITY)
    make_cosignature(city, CITY)
    sizes = []

    def served(now: dt.datetime) -> str:
        note = health.served_note(now)
        assert note is not None
        sizes.append(checkpoints.parse(note.split("\n\n")[0] + "\n").size)
        return note

    assert CITY.verifier.name in served(NOW)
    grow(4, NOW)
    assert CITY.verifier.name in served(NOW + MINUTE / 2)
    assert sizes == [3, 3]
    assert CITY.verifier.name not in served(NOW + MINUTE)
    grow(5, NOW + MINUTE)
    served(NOW + 1.5 * MINUTE)
    make_cosignature(city, CITY, size=4, at=NOW + 1.5 * MINUTE)
    assert CITY.verifier.name in served(NOW + 1.5 * MINUTE)
    make_cosignature(city, CITY, at=NOW + 1.6 * MINUTE)
    served(NOW + 1.6 * MINUTE)
    served(NOW + 9 * MINUTE)
    assert sizes == [3, 3, 4, 4, 4, 5, 5]


def test_nobody_edits_or_deletes_witnesses_and_cosignatures() -> None:
    make_log(1)
    city = make_witness(CITY)
    made = make_cosignature(city, CITY)
    for change in (
        lambda: Witness.objects.filter(pk=city.pk).update(vkey="other"),
        lambda: Cosignature.objects.filter(pk=made.pk).update(line="other"),
        lambda: Cosignature.objects.filter(pk=made.pk)._raw_delete("default"),
        lambda: Witness.objects.filter(pk=city.pk)._raw_delete("default"),
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            change()
    Witness.objects.filter(pk=city.pk).update(retired_at=NOW)
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE evidence_witness SET retired_at = NULL")
