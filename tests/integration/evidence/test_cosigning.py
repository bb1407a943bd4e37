"""The platform and its witnesses: they cosign a log that grows, and find one that was rolled back or rewritten."""

import datetime as dt
from collections.abc import Callable

import pytest
from django.db import transaction
from django.db.models import Q

from tests.factories.evidence import NOW, make_entry, make_log
from tests.factories.witnesses import make_witness
from tests.fakes.witnesses import Bureau, Country, Moment
from tests.support.triggers import lifted
from zhenxue.evidence import api as evidence
from zhenxue.evidence.data import TroubleKind
from zhenxue.evidence.models import Checkpoint, Cosignature, Entry, EntryRef, Tile, Witness, WitnessTrouble
from zhenxue.evidence.operations import retire_witness
from zhenxue.evidence.operations.collecting import Collector, collect
from zhenxue.evidence.operations.cosigning import Reply, System
from zhenxue.evidence.queries import describe_health, log_verifier
from zhenxue.tlog import notes
from zhenxue.tlog.cosignatures import WitnessKey, check_cosignature, cosign
from zhenxue.tlog.tiles import tile_width
from zhenxue.tlog.witnessing import read_request
from zhenxue.witness.judging import Reason

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("bare_ground")]


def grow(count: int, clock: Moment) -> None:
    for number in range(count):
        make_entry(number, now=clock.now)
    evidence.integrate(clock.now)


def kinds() -> list[str]:
    rows = WitnessTrouble.objects.filter(until__isnull=True).order_by("pk")
    return list(rows.values_list("kind", flat=True))


def logged(kind: str) -> int:
    return Entry.objects.filter(kind=kind).count()


def test_every_new_head_is_cosigned_and_a_resting_log_again_after_a_while(
    bureau: Bureau, country: Country, clock: Moment
) -> None:
    make_log(3)
    country.settle("city", bureau.key, bureau.answer, clock.now)
    collector = Collector(country.send)

    def settle() -> None:
        while collector.step(clock.now):
            continue

    settle()
    for seconds in (1, 6, 6):
        grow(2, clock)
        clock.pass_(seconds=seconds)
        settle()
    assert len(country.asked) == 3, "the second head came too soon after the first"
    head = evidence.cosigned_head(clock.now)
    newest = Checkpoint.objects.order_by("-size")[0]
    assert head is not None
    assert (head.size, bytes(newest.root)) == (newest.size, head.root)
    assert check_cosignature(head.note, bureau.key) == int(clock.now.timestamp())
    clock.pass_(minutes=9)
    settle()
    clock.pass_(minutes=1)
    settle()
    collector.close()
    assert len(country.asked) == 4
    assert Cosignature.objects.filter(checkpoint=newest).count() == 2
    assert not kinds()
    assert describe_health(clock.now).alarms == ()


def test_the_timeline_learns_what_was_witnessed(bureau: Bureau, country: Country, clock: Moment) -> None:
    make_log(3)
    country.settle("city", bureau.key, bureau.answer, clock.now)
    collect(clock, send=country.send)
    health = describe_health(clock.now)
    assert (health.cosigned_size, health.witnesses[0].behind, health.witnesses[0].state) == (3, 0, "正常")
    assert (health.waiting, health.lag) == (1, dt.timedelta()), "the entry that the witness was added"


def test_a_witness_that_remembers_more_or_less_is_asked_again_from_there(
    bureau: Bureau, country: Country, clock: Moment, found: Callable[[str], Bureau]
) -> None:
    make_log(3)
    row = country.settle("city", bureau.key, bureau.answer, clock.now)
    collect(clock, send=country.send)
    grow(4, clock)
    for remembered in (0, 2, 999):
        Witness.objects.filter(pk=row.pk).update(known_size=remembered)
        collect(clock, send=country.send)
        row.refresh_from_db()
        assert row.known_size == row.cosigned_size == 8
    grow(1, clock)
    other = found("restored")
    other.witness = type(bureau.witness)(bureau.signer, other.store, clock)
    country.desks[row.url] = other.answer
    collect(clock, send=country.send)
    row.refresh_from_db()
    assert row.cosigned_size == 9, "a witness restored from nothing begins again at 0"
    assert not kinds()


def test_the_others_go_on_while_one_lies_and_one_is_down(bureau: Bureau, country: Country, clock: Moment) -> None:
    make_log(3)
    liar = notes.Signer("witness.example/liar", b"l" * 32)
    dead = notes.Signer("witness.example/dead", b"d" * 32)

    def lie(body: bytes) -> Reply:
        text = "another-" + notes.split_note(read_request(body).note)[0]
        return Reply(200, cosign(text, liar, int(clock.now.timestamp())).encode())

    country.settle("city", bureau.key, bureau.answer, clock.now)
    country.settle("liar", WitnessKey.of(liar), lie, clock.now)
    country.settle("dead", WitnessKey.of(dead), lambda body: Reply(0, fault="连接超时"), clock.now)
    collect(clock, send=country.send)
    assert kinds() == [TroubleKind.WRONG_SIGNATURE], "silence is trouble only after a while"
    clock.pass_(minutes=5)
    collect(clock, send=country.send)
    assert set(kinds()) == {TroubleKind.WRONG_SIGNATURE, TroubleKind.SILENT}
    head = evidence.cosigned_head(clock.now)
    assert head is not None
    assert [mark.name for mark in head.witnesses] == ["witness.example/city"]
    evidence.integrate(clock.now)
    health = describe_health(clock.now)
    assert {one.name.split("/")[1]: one.state for one in health.witnesses} == {
        "city": "正常",
        "liar": "见证签名不符",
        "dead": "见证没有应答",
    }
    assert {alarm.title for alarm in health.alarms} == {"见证签名不符：liar 人社局", "见证没有应答：dead 人社局"}
    country.desks["http://dead.invalid"] = lambda body: Reply(
        200, cosign(notes.split_note(read_request(body).note)[0], dead, int(clock.now.timestamp())).encode()
    )
    collect(clock, send=country.send)
    assert kinds() == [TroubleKind.WRONG_SIGNATURE], "a good cosignature ends the silence"
    assert WitnessTrouble.objects.filter(kind=TroubleKind.SILENT, until=clock.now).count() == 1


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (Reply(200, b""), TroubleKind.WRONG_SIGNATURE),
        (Reply(200, b"\xff\xfe"), TroubleKind.WRONG_SIGNATURE),
        (Reply(200, b"<html>\n"), TroubleKind.WRONG_SIGNATURE),
        (Reply(403, b"no\n"), TroubleKind.REFUSED),
        (Reply(404, b"no\n"), TroubleKind.REFUSED),
        (Reply(409, b"<html>"), TroubleKind.REFUSED),
        (Reply(409, b"0\n"), TroubleKind.REFUSED),
        (Reply(409, b"3\n"), TroubleKind.DISAGREES),
        (Reply(409, b"4\n"), TroubleKind.DISAGREES),
        (Reply(409, b"9999999999999999999\n"), TroubleKind.DISAGREES),
        (Reply(422, b"\0\x1b[31m"), TroubleKind.DISAGREES),
        (Reply(500, b""), None),
        (Reply(302, b""), None),
    ],
)
def test_any_other_answer_is_trouble_of_its_kind_and_never_a_cosignature(
    country: Country, clock: Moment, reply: Reply, kind: TroubleKind | None
) -> None:
    make_log(3)
    signer = notes.Signer("witness.example/odd", b"o" * 32)
    country.settle("odd", WitnessKey.of(signer), lambda body: reply, clock.now)
    for _ in range(2):
        collect(clock, send=country.send)
        assert kinds() == ([] if kind is None else [kind])
    assert not Cosignature.objects.exists()
    assert evidence.cosigned_head(clock.now) is None
    assert all(trouble.told.isprintable() for trouble in WitnessTrouble.objects.all())


def test_a_cosignature_of_another_time_is_not_taken(country: Country, clock: Moment) -> None:
    make_log(3)
    signer = notes.Signer("witness.example/late", b"o" * 32)
    offset = dt.timedelta(hours=-1)

    def answer(body: bytes) -> Reply:
        text = notes.split_note(read_request(body).note)[0]
        return Reply(200, cosign(text, signer, int((clock.now + offset).timestamp())).encode())

    country.settle("late", WitnessKey.of(signer), answer, clock.now)
    collect(clock, send=country.send)
    offset = dt.timedelta(hours=1)
    collect(clock, send=country.send)
    assert kinds() == [TroubleKind.WRONG_TIME]
    assert not Cosignature.objects.exists()
    offset = dt.timedelta(minutes=-1)
    collect(clock, send=country.send)
    assert not kinds()
    assert Cosignature.objects.count() == 1


def roll_back(size: int) -> None:
    """What a restore of an old backup does: entries, tiles and checkpoints beyond a size are gone, guards or not."""
    later = list(Entry.objects.filter(Q(number__gt=size) | Q(number__isnull=True)).values_list("pk", flat=True))
    with lifted():
        EntryRef.objects.filter(entry__in=later).delete()
        Entry.objects.filter(pk__in=later).delete()
        Cosignature.objects.filter(checkpoint__size__gt=size).delete()
        Checkpoint.objects.filter(size__gt=size).delete()
        WitnessTrouble.objects.all().delete()
        Witness.objects.update(known_size=size, cosigned_size=size)
        for tile in Tile.objects.all():
            tile.hashes = bytes(tile.hashes)[: tile_width(tile.level, tile.index, size) * 32]
            tile.save()


def test_a_platform_that_was_rolled_back_is_found_by_its_witness_and_cannot_talk_it_away(
    bureau: Bureau, country: Country, clock: Moment
) -> None:
    make_log(3)
    row = country.settle("city", bureau.key, bureau.answer, clock.now)
    collect(clock, send=country.send)
    grow(6, clock)
    collect(clock, send=country.send)
    assert not kinds()

    roll_back(3)
    clock.pass_(minutes=1)
    evidence.integrate(clock.now)
    collect(clock, send=country.send)
    assert kinds() == [TroubleKind.DISAGREES]
    told = WitnessTrouble.objects.get()
    assert (told.told.split(), "回退" in told.words) == (["409", "10"], True)
    assert logged("evidence.witness_disagrees") == 1

    for _ in range(3):
        grow(5, clock)
        clock.pass_(minutes=1)
        collect(clock, send=country.send)
    assert kinds() == [TroubleKind.DISAGREES], "other entries in place of the lost ones do not heal it"
    assert logged("evidence.witness_disagrees") == 1
    refusals = bureau.store.refusals()
    assert {one.reason for one in refusals} == {Reason.SMALLER, Reason.INCONSISTENT}
    assert all(one.known_size == 10 for one in refusals)

    retire_witness(witness_id=row.pk, reason="不要它了", actor=System(), now=clock.now)
    alarms = describe_health(clock.now).alarms
    assert [alarm.title for alarm in alarms if alarm.tone == "bad"] == ["见证不一致：city 人社局（已停用）"]
    with pytest.raises(Exception, match="what was found is kept"), transaction.atomic():
        WitnessTrouble.objects.update(words="没事")


def test_a_backup_that_is_put_right_again_ends_the_disagreement(
    bureau: Bureau, country: Country, clock: Moment
) -> None:
    make_log(3)
    country.settle("city", bureau.key, bureau.answer, clock.now)
    collect(clock, send=country.send)
    good = bureau.answer
    country.desks["http://city.invalid"] = lambda body: Reply(422, b"no\n")
    grow(1, clock)
    collect(clock, send=country.send)
    assert kinds() == [TroubleKind.DISAGREES]
    country.desks["http://city.invalid"] = good
    clock.pass_(minutes=1)
    collect(clock, send=country.send)
    assert not kinds()
    assert (logged("evidence.witness_disagrees"), logged("evidence.witness_agrees")) == (1, 1)


def test_two_histories_shown_to_two_parties_come_to_light_when_they_compare(
    country: Country, clock: Moment, found: Callable[[str], Bureau]
) -> None:
    make_log(3)
    grow(2, clock)
    city, county = found("city"), found("county")
    country.settle("city", city.key, city.answer, clock.now)
    collect(clock, send=country.send)
    roll_back(3)
    grow(2, clock)
    row = country.settle("county", county.key, county.answer, clock.now)
    Witness.objects.filter(name="witness.example/city").update(known_size=0)
    assert Checkpoint.objects.order_by("-size")[0].size == 5
    country.desks["http://city.invalid"] = lambda body: Reply(0, fault="不问它")
    collect(clock, send=country.send)
    row.refresh_from_db()
    assert row.cosigned_size == 5, "the county knows nothing of the other history"

    shown = county.store.head(log_verifier().name)
    assert shown is not None
    note = shown.note.replace(shown.note.splitlines()[-1] + "\n", "")
    answer = city.answer(b"old 5\n\n" + note.encode())
    assert answer.status == 422
    (kept,) = city.store.refusals()
    assert kept.reason is Reason.FORKED
    known = city.store.head(log_verifier().name)
    assert known is not None
    report = evidence.verify_log(kept=[known.note])
    assert any("您保存的第 1 个检查点" in str(finding) for finding in report.findings)


def test_a_broken_tree_of_our_own_asks_nobody_and_says_so(bureau: Bureau, country: Country, clock: Moment) -> None:
    make_log(3)
    country.settle("city", bureau.key, bureau.answer, clock.now)
    collect(clock, send=country.send)
    grow(2, clock)
    Tile.objects.update(hashes=b"")
    clock.pass_(minutes=6)
    collect(clock, send=country.send)
    assert kinds() == [TroubleKind.SILENT]
    assert "数据块损坏" in WitnessTrouble.objects.get().words


def test_silence_is_told_even_when_nobody_collects(clock: Moment, bureau: Bureau, country: Country) -> None:
    make_log(2)
    country.settle("city", bureau.key, bureau.answer, clock.now)
    collect(clock, send=country.send)
    evidence.integrate(clock.now)
    later = clock.now + dt.timedelta(minutes=20)
    assert [alarm.title for alarm in describe_health(later).alarms] == ["见证过期：city 人社局"]
    make_entry(9, now=clock.now)
    titles = [alarm.title for alarm in describe_health(later).alarms]
    assert titles == ["存证没有入链", "见证过期：city 人社局"]


def test_verify_finds_witnesses_and_disagreements_that_were_edited_in_the_tables(
    bureau: Bureau, country: Country, clock: Moment
) -> None:
    make_log(3)
    row = country.settle("city", bureau.key, bureau.answer, clock.now)
    collect(clock, send=country.send)
    country.desks[row.url] = lambda body: Reply(422, b"no\n")
    grow(1, clock)
    collect(clock, send=country.send)
    grow(1, clock)
    assert evidence.verify_log().is_clean

    def found() -> str:
        return "\n".join(map(str, evidence.verify_log().findings))

    stranger = notes.Signer("witness.example/other", b"o" * 32)
    changes: list[tuple[Callable[[], object], str]] = [
        (lambda: Witness.objects.update(url="http://other"), "的 url 是 http://other"),
        (lambda: Witness.objects.update(vkey=str(WitnessKey.of(stranger))), "的 vkey 是"),
        (lambda: Witness.objects.update(retired_at=NOW), "没有停用，登记不同"),
        (lambda: Witness.objects.update(cosigned_size=4), "没有有效的见证签名"),
        (lambda: WitnessTrouble.objects.all().delete(), "不一致登记了 0 次，存证为 1 次"),
        (lambda: WitnessTrouble.objects.update(until=clock.now), "恢复一致登记了 1 次，存证为 0 次"),
        (lambda: make_witness(stranger), "的登记没有存证"),
    ]
    for change, words in changes:
        with lifted(), transaction.atomic():
            change()
            assert words in found()
            transaction.set_rollback(True)
    assert evidence.verify_log().is_clean
