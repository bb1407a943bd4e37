"""The log's key changes while its origin stays: overlap, retirement, loss, compromise; old heads stay provable."""

from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from tests.factories.evidence import NOW, Person, make_entry, make_log
from tests.fakes.key_service import TOKEN, Sandbox, make_program, serve
from zhenxue.evidence import api as evidence
from zhenxue.evidence.errors import KeyChangeRefused, LogBroken
from zhenxue.evidence.models import Checkpoint, Entry
from zhenxue.evidence.queries import key_ring, log_verifier
from zhenxue.tlog import checkpoints
from zhenxue.tlog.errors import NoteBroken
from zhenxue.tlog.keyrings import KeyRing
from zhenxue.tlog.notes import Signer, Verifier, open_note, sign

pytestmark = pytest.mark.django_db
OLD, NEW, THIRD = "33" * 32, "44" * 32, "55" * 32
ORIGIN = "log.zhenxue.example/liaocheng"


def verifier(seed: str) -> Verifier:
    return Signer(ORIGIN, bytes.fromhex(seed)).verifier


def head() -> str:
    return Checkpoint.objects.order_by("-size").values_list("note", flat=True)[0]


def signed_by(note: str) -> set[Verifier]:
    return set(open_note(note, [verifier(seed) for seed in (OLD, NEW, THIRD)]).signed_by)


def rotate(settings: Any, how: str = "planned", **options: Any) -> None:
    evidence.rotate_log_key(how=how, reason="年度更换", by="操作人", actor=Person(), now=NOW, **options)
    evidence.integrate(NOW)


def size() -> int:
    """Of the tree now; whatever the tests stand on may have made entries before."""
    return Entry.objects.filter(number__isnull=False).count()


def retire() -> None:
    evidence.retire_log_key(reason="重叠期已满", by="操作人", actor=Person(), now=NOW)
    evidence.integrate(NOW)


def test_after_a_planned_change_both_sign_then_the_new_one_alone_and_old_heads_still_verify(
    settings: Any, tmp_path: Path
) -> None:
    make_log(3)
    kept = [head()]
    start = size()
    assert signed_by(kept[0]) == {verifier(OLD)}
    settings.LOG_KEY_NEXT = NEW
    make_entry()
    evidence.integrate(NOW)
    assert signed_by(head()) == {verifier(OLD)}, "a key that was not announced signs nothing"

    rotate(settings)
    make_log(2)
    assert signed_by(head()) == {verifier(OLD), verifier(NEW)}
    kept.append(head())
    assert checkpoints.open_signed(head(), origin=ORIGIN, log=verifier(OLD)).size == start + 4

    retire()
    settings.LOG_KEY, settings.LOG_KEY_NEXT = NEW, ""
    make_log(2)
    assert signed_by(head()) == {verifier(NEW)}
    assert log_verifier() == verifier(NEW)
    for key in (None, verifier(OLD), verifier(NEW)):
        report = evidence.verify_log(key=key, kept=kept)
        assert report.findings == []
    old, new = evidence.log_keys()
    assert (old.vkey, old.first, old.end, old.ended) == (str(verifier(OLD)), 0, start + 5, "retired")
    assert (new.vkey, new.first, new.end, new.since, new.ended) == (str(verifier(NEW)), start + 2, None, NOW, "")
    detail = evidence.get_entry(start)
    assert detail.fault == ""
    assert ("新公钥", str(verifier(NEW))) in evidence.get_entry(start + 2).entry.lines
    file = tmp_path / "kept"
    file.write_text(kept[0])
    call_command("verify", key=str(verifier(OLD)), checkpoint=[file])


def test_a_head_signed_by_a_key_that_is_retired_or_not_yet_announced_is_refused(settings: Any) -> None:
    make_log(3)
    settings.LOG_KEY_NEXT = NEW
    rotate(settings)
    retire()
    ring = key_ring()
    root = bytes(32)
    first, last = ring.spans[1].first, size() + 9
    for at, seed, why in ((last, OLD, "is not good"), (first - 1, NEW, "is not good"), (last, THIRD, "no trusted")):
        forged = sign(checkpoints.Checkpoint(ORIGIN, at, root).text(), Signer(ORIGIN, bytes.fromhex(seed)))
        with pytest.raises(NoteBroken, match=why):
            ring.open(forged)
    both = Signer(ORIGIN, bytes.fromhex(OLD)), Signer(ORIGIN, bytes.fromhex(NEW))
    assert ring.open_by(sign(checkpoints.Checkpoint(ORIGIN, first, root).text(), *both))[1] == (
        verifier(OLD),
        verifier(NEW),
    )
    with pytest.raises(NoteBroken):
        KeyRing.of()
    with pytest.raises(NoteBroken, match=r"not of 'other'"):
        KeyRing.of(Signer("other", bytes(32)).verifier).open(head())


def test_a_lost_key_is_followed_by_one_that_is_announced_outside_and_the_old_one_never_signs_again(
    settings: Any,
) -> None:
    """Rehearsal of "log key lost" in docs/how-to/keys.md."""
    make_log(3)
    kept = [head()]
    settings.LOG_KEY = NEW
    make_entry()
    with pytest.raises(NoteBroken):
        evidence.integrate(NOW)  # the new key alone cannot go on: the log does not know it
    rotate_lost = {"how": "lost", "old": verifier(OLD)}
    rotate(settings, **rotate_lost)
    make_log(2)
    assert signed_by(head()) == {verifier(NEW)}
    assert evidence.verify_log(kept=kept).findings == []
    assert evidence.verify_log(key=verifier(NEW), kept=kept).findings == []
    [finding] = evidence.verify_log(key=verifier(OLD), kept=kept).findings
    assert "没有旧公钥的签名" in finding.text, "who knows the old key alone is told to ask, never that all is well"
    assert finding.number == evidence.log_keys()[1].first
    assert [key.ended for key in evidence.log_keys()] == ["lost", ""]


def test_a_compromised_key_is_ended_at_once_and_what_it_signs_later_is_refused(settings: Any) -> None:
    """Rehearsal of "log key compromised": the thief signs a head after the change, and a fork before it."""
    make_log(5)
    anchor = head()  # the last one that a witness cosigned
    settings.LOG_KEY = NEW
    rotate(settings, how="compromised", old=verifier(OLD))
    thief = Signer(ORIGIN, bytes.fromhex(OLD))
    late = sign(checkpoints.Checkpoint(ORIGIN, 999, bytes(32)).text(), thief)
    [finding] = evidence.verify_log(kept=[anchor, late]).findings
    assert "is not good for the size 999" in finding.text
    fork = sign(checkpoints.Checkpoint(ORIGIN, 4, bytes(32)).text(), thief)
    [finding] = evidence.verify_log(kept=[anchor, fork]).findings
    assert "您保存的第 2 个检查点" in finding.text, "the fork does not fit the log that extends the anchor"
    assert evidence.verify_log(kept=[anchor]).findings == []


@pytest.mark.parametrize(
    ("keys", "options", "why"),
    [
        ((OLD, ""), {}, "ZHENXUE_LOG_KEY_NEXT"),
        ((OLD, OLD), {}, "the same key"),
        ((NEW, THIRD), {}, "not signed by"),
        ((NEW, ""), {"how": "lost"}, "name the public key"),
        ((NEW, THIRD), {"how": "lost", "old": verifier(OLD)}, "only the new key"),
        ((OLD, ""), {"how": "lost", "old": verifier(OLD)}, "still the key"),
        ((NEW, ""), {"how": "lost", "old": verifier(THIRD)}, "not signed by"),
        ((OLD, NEW), {"how": "somehow"}, "no way to change a key"),
    ],
)
def test_a_change_of_key_that_does_not_fit_is_refused_and_records_nothing(
    settings: Any, keys: tuple[str, str], options: dict[str, Any], why: str
) -> None:
    make_log(2)
    before = Entry.objects.count()
    settings.LOG_KEY, settings.LOG_KEY_NEXT = keys
    with pytest.raises(KeyChangeRefused, match=why):
        rotate(settings, **options)
    assert Entry.objects.count() == before


def test_a_retired_key_never_comes_back_and_one_change_is_ended_before_the_next(settings: Any) -> None:
    make_log(2)
    settings.LOG_KEY_NEXT = NEW
    with pytest.raises(KeyChangeRefused, match="only one key signs"):
        retire()
    evidence.rotate_log_key(how="planned", reason="更换", by="某", actor=Person(), now=NOW)
    with pytest.raises(KeyChangeRefused, match="waits to be numbered"):
        retire()
    evidence.integrate(NOW)
    with pytest.raises(KeyChangeRefused, match="the key that signs now is"):
        rotate(settings)
    retire()
    settings.LOG_KEY, settings.LOG_KEY_NEXT = NEW, OLD
    with pytest.raises(KeyChangeRefused, match="never comes back"):
        rotate(settings)
    settings.LOG_KEY_NEXT = THIRD
    rotate(settings)
    assert [key.first for key in evidence.log_keys()] == [0, size() - 2, size()]


def test_nothing_is_signed_while_a_key_that_the_log_names_is_not_here(settings: Any) -> None:
    make_log(2)
    settings.LOG_KEY_NEXT = NEW
    evidence.rotate_log_key(how="planned", reason="更换", by="某", actor=Person(), now=NOW)
    settings.LOG_KEY_NEXT = ""
    with pytest.raises(LogBroken, match="give that key as ZHENXUE_LOG_KEY"):
        evidence.integrate(NOW)
    assert Entry.objects.filter(number__isnull=True).count() == 1
    assert evidence.signing_problems() == []
    settings.LOG_KEY_NEXT = NEW
    assert evidence.integrate(NOW) == 1
    settings.LOG_KEY_NEXT = ""
    assert "give that key" in evidence.signing_problems()[0]
    with pytest.raises(CommandError, match="存证链"):
        call_command("keys", "check")


@pytest.mark.parametrize("door", ["http", "command"])
def test_a_log_is_signed_by_a_key_that_stays_in_its_service(settings: Any, tmp_path: Path, door: str) -> None:
    settings.KEY_SERVICE_TOKEN = TOKEN
    sandbox = Sandbox(bytes.fromhex(THIRD))
    with serve(sandbox) as address:
        settings.LOG_KEY = address if door == "http" else make_program(tmp_path, sandbox.seed)
        make_log(2)
        assert signed_by(head()) == {verifier(THIRD)}
        assert evidence.verify_log(key=verifier(THIRD)).findings == []
    if door == "http":
        make_entry()
        with pytest.raises(Exception, match="does not answer"):
            evidence.integrate(NOW)
        assert Entry.objects.filter(number__isnull=True).count() == 1
