"""The procedures of docs/how-to/keys.md, walked through with a bureau's own witness beside the platform."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.factories.evidence import Person, make_entry, make_log
from tests.fakes.witnesses import Bureau, Country, Moment
from zhenxue.evidence import api as evidence
from zhenxue.evidence.models import Checkpoint
from zhenxue.evidence.operations.collecting import collect
from zhenxue.evidence.queries import describe_health
from zhenxue.tlog import checkpoints
from zhenxue.tlog.notes import Signer, Verifier

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("bare_ground")]
OLD, NEW = "33" * 32, "44" * 32
ORIGIN = "log.zhenxue.example/liaocheng"


def verifier(seed: str) -> Verifier:
    return Signer(ORIGIN, bytes.fromhex(seed)).verifier


class Rehearsal:
    """A platform with one witness that cosigns its first three entries."""

    def __init__(self, settings: Any, folder: Path) -> None:
        self.settings, self.clock, self.country = settings, Moment(), Country()
        make_log(3)
        self.bureau = Bureau(folder, self.clock)
        self.country.settle("city", self.bureau.key, self.bureau.answer, self.clock.now)
        self.go_on()

    def go_on(self) -> int:
        """An entry, a head, and a round of the collector; the size of the newest cosigned head."""
        make_entry(now=self.clock.pass_(minutes=1))
        evidence.integrate(self.clock.now)
        collect(self.clock, send=self.country.send)
        head = evidence.cosigned_head(self.clock.now)
        assert head is not None
        return head.size

    def rotate(self, how: str, old: Verifier | None = None) -> None:
        evidence.rotate_log_key(how=how, reason="演练", by="操作人", old=old, actor=Person(), now=self.clock.now)

    def newest(self) -> int:
        return Checkpoint.objects.order_by("-size")[0].size

    def anchor(self) -> str:
        """What the witness shows to everybody."""
        note = self.bureau.store.find_note(hashlib.sha256(ORIGIN.encode()).hexdigest())
        assert note
        return note


@pytest.fixture
def rehearsal(settings: Any, tmp_path: Path) -> Iterator[Rehearsal]:
    made = Rehearsal(settings, tmp_path / "bureau")
    yield made
    made.bureau.store.close()


def test_through_a_planned_change_the_witness_cosigns_without_a_gap(rehearsal: Rehearsal) -> None:
    rehearsal.settings.LOG_KEY_NEXT = NEW
    rehearsal.rotate("planned")
    assert rehearsal.go_on() == rehearsal.newest(), "the witness knows the old key, which still signs"
    rehearsal.bureau.store.add_log(verifier(NEW), label="", now=rehearsal.clock.now, also=True)
    evidence.retire_log_key(reason="演练", by="操作人", actor=Person(), now=rehearsal.clock.now)
    assert rehearsal.go_on() == rehearsal.newest()
    rehearsal.settings.LOG_KEY, rehearsal.settings.LOG_KEY_NEXT = NEW, ""
    rehearsal.bureau.store.drop_key(verifier(OLD), now=rehearsal.clock.now)
    assert rehearsal.go_on() == rehearsal.newest()
    assert evidence.verify_log(key=verifier(OLD), kept=[rehearsal.anchor()]).findings == []
    assert describe_health(rehearsal.clock.now).alarms == ()


def test_after_a_loss_the_new_key_is_witnessed_once_the_bureau_has_compared_it(rehearsal: Rehearsal) -> None:
    before = rehearsal.newest()
    rehearsal.settings.LOG_KEY = NEW
    rehearsal.rotate("lost", verifier(OLD))
    assert rehearsal.go_on() == before, "a key that the bureau has not compared is not cosigned"
    rehearsal.bureau.store.add_log(verifier(NEW), label="", now=rehearsal.clock.now, also=True)
    rehearsal.bureau.store.drop_key(verifier(OLD), now=rehearsal.clock.now)
    assert rehearsal.go_on() == rehearsal.newest() > before
    announced = evidence.log_keys()[1]
    head = evidence.cosigned_head(rehearsal.clock.now)
    assert head is not None
    assert announced.first <= head.size, "the cosigned head holds the announcement"
    assert evidence.verify_log(key=verifier(NEW), kept=[rehearsal.anchor()]).findings == []


def test_a_thief_with_the_old_key_moves_neither_the_anchor_nor_the_witness(rehearsal: Rehearsal) -> None:
    anchor = rehearsal.anchor()
    size = checkpoints.parse(anchor.split("\n\n")[0] + "\n").size
    thief = Signer(ORIGIN, bytes.fromhex(OLD))

    def tries(at: int) -> int:
        forged = checkpoints.sign(checkpoints.Checkpoint(ORIGIN, at, bytes(32)), thief)
        proof = "" if at == size else "A" * 43 + "=\n"
        return rehearsal.bureau.answer(f"old {size}\n{proof}\n{forged}".encode()).status

    assert tries(size) in {409, 422}, "another root for what was cosigned: kept by the witness as proof of a fork"
    assert tries(size + 1) == 422, "no proof that it extends what was cosigned"
    assert rehearsal.anchor() == anchor
    assert evidence.verify_log(kept=[anchor]).findings == []
    rehearsal.settings.LOG_KEY = NEW
    rehearsal.rotate("compromised", verifier(OLD))
    rehearsal.bureau.store.drop_key(verifier(OLD), now=rehearsal.clock.now)
    assert tries(size + 1) in {403, 404}
    rehearsal.bureau.store.add_log(verifier(NEW), label="", now=rehearsal.clock.now, also=True)
    assert rehearsal.go_on() == rehearsal.newest() > size
    assert evidence.verify_log(kept=[anchor, rehearsal.anchor()]).findings == []
