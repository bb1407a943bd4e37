"""The bureau's witness without a network: it answers as tlog-witness says, remembers, and keeps what it refused."""

import datetime as dt
import sqlite3
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fakes.paper_log import ORIGIN, PaperLog
from zhenxue.tlog import notes
from zhenxue.tlog.checkpoints import Checkpoint
from zhenxue.tlog.cosignatures import WitnessKey, check_cosignature
from zhenxue.tlog.witnessing import SIZE_TYPE, AddCheckpoint, read_lines
from zhenxue.witness.app import Witness
from zhenxue.witness.errors import KeyRefused, StoreRefused
from zhenxue.witness.judging import Answer, Reason
from zhenxue.witness.keys import load_key, make_key
from zhenxue.witness.store import FILE, Store

NOW = dt.datetime(2026, 3, 2, 1, 0, tzinfo=dt.UTC)
HONEST = PaperLog()
LIAR = PaperLog("false", common=10)


class Clock:
    """Stands still until it is set."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> dt.datetime:
        return self.now


class House:
    """One witness in its folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.signer = make_key(folder, "witness.example/city")
        self.key = WitnessKey.of(self.signer)
        self.clock = Clock()
        self.store = Store.create(folder, str(self.key))
        self.store.add_log(HONEST.signer.verifier, label="", now=NOW)
        self.witness = Witness(self.signer, self.store, self.clock)

    def ask(self, old: int, size: int, log: PaperLog = HONEST) -> Answer:
        return self.witness.add_checkpoint(log.request(old, size))

    def reopen(self) -> None:
        self.store.close()
        self.store = Store.open(self.folder, str(self.key))
        self.witness = Witness(load_key(self.folder), self.store, self.clock)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path)
    yield made
    made.store.close()


def test_a_log_that_only_grows_is_cosigned_each_time(house: House) -> None:
    for old, size in ((0, 0), (0, 1), (1, 7), (7, 8), (8, 8), (8, 300)):
        answer = house.ask(old, size)
        assert answer.status == 200, answer.body
        (line,) = read_lines(answer.body)
        assert check_cosignature(HONEST.note(size) + line, house.key) == int(NOW.timestamp())
    house.reopen()
    head = house.store.head(ORIGIN)
    assert head is not None
    assert (head.size, head.note) == (300, HONEST.note(300) + line)
    assert not house.store.refusals()


def test_a_wrong_old_size_is_answered_with_the_known_one(house: House) -> None:
    for known, old, size in ((0, 3, 9), (9, 0, 12), (9, 8, 12), (9, 10, 12)):
        answer = house.ask(old, size)
        assert (answer.status, answer.content_type, answer.body) == (409, SIZE_TYPE, b"%d\n" % known)
        assert house.ask(known, 9).status == 200
    assert house.ask(13, 12).status == 400
    assert not house.store.refusals()


def test_a_forked_log_is_refused_and_both_checkpoints_are_kept(house: House) -> None:
    house.ask(0, 20)
    assert house.ask(20, 20, LIAR).status == 422
    assert house.ask(5, 20, LIAR).status == 409
    assert house.ask(20, 30, LIAR).status == 422
    assert house.ask(20, 30).status == 200
    kept = {one.reason: one for one in house.store.refusals(ORIGIN)}
    assert set(kept) == {Reason.FORKED, Reason.INCONSISTENT}
    forked = kept[Reason.FORKED]
    assert (forked.shown_note, forked.known_size) == (LIAR.note(20), 20)
    assert forked.known_note is not None
    assert forked.known_note.startswith(HONEST.note(20))
    for note in (forked.shown_note, forked.known_note):
        notes.open_note(note, [HONEST.signer.verifier])
    assert len(house.store.refusals()) == 2, "the same pair of checkpoints is kept once"


def test_a_rolled_back_log_is_refused_whatever_it_says_it_was(house: House) -> None:
    house.ask(0, 20)
    for log in (HONEST, LIAR):
        for old in (0, 12):
            answer = house.ask(old, 15, log)
            assert (answer.status, answer.body) == (409, b"20\n")
    assert {one.reason for one in house.store.refusals()} == {Reason.SMALLER}
    assert len(house.store.refusals()) == 2
    head = house.store.head(ORIGIN)
    assert head is not None
    assert head.size == 20


def test_the_store_itself_never_goes_back_and_never_forgets(house: House) -> None:
    house.ask(0, 20)
    house.ask(20, 20, LIAR)
    house.store.close()
    db = sqlite3.connect(house.folder / FILE)
    for statement in (
        "UPDATE head SET size = 19",
        "UPDATE head SET root = zeroblob(32)",
        "DELETE FROM head",
        "DELETE FROM refusal",
    ):
        with pytest.raises(sqlite3.IntegrityError):
            db.execute(statement)
    db.close()
    house.reopen()


def test_only_known_logs_with_their_own_signature_are_looked_at(house: House) -> None:
    stranger = PaperLog(origin="log.example/other")
    impostor = PaperLog(seed=b"i" * 32)
    assert house.ask(0, 5, stranger).status == 404
    assert house.ask(0, 5, impostor).status == 403
    forged = HONEST.request(0, 5).replace(b"\n5\n", b"\n6\n", 1)
    assert house.witness.add_checkpoint(forged).status == 403
    assert house.ask(0, 5).status == 200
    house.store.add_log(impostor.signer.verifier, label="", now=NOW, also=True)
    assert house.ask(5, 6, impostor).status == 200, "a log that changes its key signs with either"
    house.store.drop_key(impostor.signer.verifier, now=NOW)
    assert house.ask(6, 7, impostor).status == 403
    assert house.ask(6, 7).status == 200
    with pytest.raises(StoreRefused, match="--also"):
        house.store.add_log(PaperLog(seed=b"j" * 32).signer.verifier, label="", now=NOW)


def test_a_proof_where_none_belongs_and_a_false_empty_tree_are_refused(house: House) -> None:
    assert house.witness.add_checkpoint(HONEST.request(0, 5, proof=[bytes(32)])).status == 422
    signer = HONEST.signer
    for size, status in ((0, 422), (2**63, 400), (10**19 - 1, 400)):
        note = notes.sign(Checkpoint(ORIGIN, size, b"\7" * 32).text(), signer)
        assert house.witness.add_checkpoint(AddCheckpoint(0, (), note).body()).status == status
    house.ask(0, 5)
    assert house.witness.add_checkpoint(HONEST.request(5, 5, proof=[bytes(32)])).status == 422
    assert house.witness.add_checkpoint(HONEST.request(5, 9, proof=[bytes(32)])).status == 422
    assert house.ask(5, 9).status == 200


def test_what_else_stands_in_the_note_is_ignored_and_not_kept(house: House) -> None:
    note = HONEST.note(5) + notes.Signer("somebody.example", b"s" * 32).line(HONEST.head(5).text())
    assert house.witness.add_checkpoint(AddCheckpoint(0, (), note).body()).status == 200
    head = house.store.head(ORIGIN)
    assert head is not None
    assert "somebody" not in head.note


def test_a_clock_that_went_back_signs_nothing(house: House) -> None:
    house.ask(0, 5)
    house.clock.now = NOW - dt.timedelta(seconds=1)
    assert house.ask(5, 6).status == 503
    assert house.ask(0, 6).body == b"5\n"
    house.clock.now = NOW
    assert house.ask(5, 6).status == 200


def test_monitors_are_given_the_newest_cosigned_checkpoint(house: House) -> None:
    import hashlib

    name = hashlib.sha256(ORIGIN.encode()).hexdigest()
    assert house.witness.find_checkpoint(name).status == 404
    answer = house.ask(0, 5)
    assert house.witness.find_checkpoint(name).body == HONEST.note(5).encode() + answer.body
    assert house.witness.find_checkpoint("0" * 64).status == 404


def test_of_many_askers_at_once_only_one_moves_the_head(house: House) -> None:
    house.ask(0, 20)
    answers: list[Answer] = []
    stores = [Store.open(house.folder, str(house.key)) for _ in range(8)]
    bodies = [(LIAR if at % 2 else HONEST).request(20, 25 + at // 2) for at in range(8)]
    start = threading.Barrier(8)

    def ask(store: Store, body: bytes) -> None:
        start.wait()
        answers.append(Witness(house.signer, store, house.clock).add_checkpoint(body))

    threads = [threading.Thread(target=ask, args=pair) for pair in zip(stores, bodies, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for store in stores:
        store.close()
    assert sorted(answer.status for answer in answers).count(200) == 1
    head = house.store.head(ORIGIN)
    assert head is not None
    assert head.root == HONEST.head(head.size).root


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150, deadline=None)
@given(st.binary(max_size=400), st.integers(0, 400))
def test_no_bytes_at_all_make_a_witness_crash_or_sign(house: House, junk: bytes, at: int) -> None:
    good = HONEST.request(3, 9)
    for body in (junk, good[:at] + junk, good[:at] + junk + good[at:], b"old 0\n\n" + junk):
        assert house.witness.add_checkpoint(body).status in {400, 403, 404, 409} or body == good


def break_mode(folder: Path) -> None:
    (folder / "witness.key").chmod(0o640)


def break_text(folder: Path) -> None:
    path = folder / "witness.key"
    path.write_text(path.read_text()[:-6] + "AAAA=\n")


def break_name(folder: Path) -> None:
    path = folder / "witness.key"
    path.write_text(path.read_text().replace("city", "town"))


@pytest.mark.parametrize("harm", [break_mode, break_text, break_name, lambda folder: (folder / "witness.key").unlink()])
def test_a_key_that_others_read_or_that_was_changed_is_refused(house: House, harm: Callable[[Path], None]) -> None:
    assert load_key(house.folder).verifier == house.signer.verifier
    harm(house.folder)
    with pytest.raises(KeyRefused):
        load_key(house.folder)


def test_a_witness_never_starts_without_its_memory_or_with_that_of_another(house: House, tmp_path: Path) -> None:
    with pytest.raises(KeyRefused, match="不会覆盖"):
        make_key(house.folder, "witness.example/again")
    with pytest.raises(StoreRefused, match="不会覆盖"):
        Store.create(house.folder, "x")
    with pytest.raises(StoreRefused, match="另一把密钥"):
        Store.open(house.folder, "x")
    (tmp_path / "empty").mkdir()
    with pytest.raises(StoreRefused, match="缺少存储"):
        Store.open(tmp_path / "empty", str(house.key))
    for name in ("", "a b", "a+b", "a\nb"):
        with pytest.raises(KeyRefused, match="名称"):
            make_key(tmp_path / "empty", name)
