"""Cheats with the player: speed, forged beats, positions, keys, segments. Each row says what the ledger credited."""

import random
import re
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from tests.adversary.bots import Browser, Refusal, Tab
from tests.adversary.reporting import Report
from tests.adversary.world import KEY_SECONDS, LONG_VIDEO, SHORT_SECONDS, SHORT_VIDEO, Learner, World

#: Every segment of MPEG-TS begins with this byte, and so does each packet of 188 bytes in it.
SYNC, PACKET = 0x47, 188


@pytest.fixture
def bot(world: World) -> Tab:
    """A learner's open video page."""
    return open_video(world, world.learner())


def open_video(world: World, learner: Learner) -> Tab:
    return Browser(world, learner).sign_in().open(SHORT_VIDEO)


@pytest.mark.parametrize("speed", [2, 4, 8, 16])
def test_playback_rate_as_it_is_told_earns_nothing(world: World, report: Report, bot: Tab, speed: int) -> None:
    for _ in range(6):
        bot.beat(10, played=10 * speed, rate_percent=100 * speed)
    found = world.ledger(bot.learner)
    assert (found.seconds, found.refused) == (0, {"rate": 60})
    report.attack(
        f"Playback rate ×{speed}, told",
        tried=f"60 s at {speed}× with `rate_percent` {speed * 100}",
        earned="0 s of 60 s",
        reason="`rate`, in the ledger",
    )


@pytest.mark.parametrize("speed", [2, 4, 8, 16])
def test_playback_rate_told_as_normal_earns_real_time(world: World, report: Report, bot: Tab, speed: int) -> None:
    for _ in range(6):
        bot.beat(10, played=10 * speed)
    found = world.ledger(bot.learner)
    assert found.seconds == 60
    assert set(found.refused) <= {"clock", "no_key"}
    assert found.refused
    report.attack(
        f"Playback rate ×{speed}, denied",
        tried=f"60 s at {speed}×, told as normal speed",
        earned="60 s of 60 s, real time",
        reason=f"`{found.reasons}` for what was claimed beyond, in the ledger",
    )


def test_forged_beats_without_a_player_earn_nothing(world: World, report: Report, bot: Tab) -> None:
    bot.loads_keys = False
    bot.study(300)
    found = world.ledger(bot.learner)
    assert (found.seconds, found.refused) == (0, {"no_key": 300})
    report.attack(
        "Forged beats without a player",
        tried="300 s of perfect beats by a script that loads no keys",
        earned="0 s of 300 s",
        reason="`no_key`, in the ledger",
    )


def test_forged_beats_in_a_rush_earn_the_clock(world: World, report: Report, bot: Tab) -> None:
    for _ in range(80):
        bot.beat(0.25, played=10)
    found = world.ledger(bot.learner)
    assert found.seconds == 20
    assert "clock" in found.refused
    report.attack(
        "Forged beats in a rush",
        tried="80 beats of 10 s each, four a second",
        earned="20 s of 20 s, real time",
        reason="`clock`, in the ledger",
    )


def test_one_finished_call_earns_nothing(world: World, report: Report, bot: Tab) -> None:
    for event in ("end", "close"):
        bot.send(bot.claim(SHORT_SECONDS, event=event))
    found = world.ledger(bot.learner)
    assert (found.seconds, world.finished(bot.learner, SHORT_VIDEO)) == (0, False)
    report.attack(
        'One "finished" call',
        tried="one beat for the whole unit with `event` end, at once after opening",
        earned="0 s of 600 s",
        reason=f"`{found.reasons}`, in the ledger",
    )


def test_position_jumps_earn_nothing(world: World, report: Report, bot: Tab) -> None:
    bot.beat(10)
    for position in (590_000, 300_000, 60_000):
        bot.position_ms = position
        bot.beat(10)
    found = world.ledger(bot.learner)
    assert (found.seconds, found.refused) == (10, {"jump": 30})
    report.attack(
        "Position jumps",
        tried="10 s played, then 30 s at places not reached yet",
        earned="10 s of 40 s",
        reason="`jump`, in the ledger",
    )


def test_the_same_stretch_in_a_loop_counts_once(world: World, report: Report, bot: Tab) -> None:
    for _ in range(10):
        bot.position_ms = 0
        bot.beat(10)
    found = world.ledger(bot.learner)
    assert (found.seconds, found.refused) == (10, {"already_counted": 90})
    report.attack(
        "The same stretch in a loop",
        tried="the first 10 s ten times over",
        earned="10 s of 100 s",
        reason="`already_counted`, in the ledger",
    )


def test_time_saved_up_and_claimed_in_a_burst_is_gone(world: World, report: Report, bot: Tab) -> None:
    for _ in range(30):
        bot.beat(10, playing=False, played=0)
    for _ in range(10):
        bot.beat(0.25, played=30)
    found = world.ledger(bot.learner)
    assert found.seconds == 2
    assert found.refused["not_playing"] == 300
    report.attack(
        "Saving up time for a burst",
        tried="300 s paused, then 2.5 s of beats that claim it all",
        earned="2 s of 302 s",
        reason=f"`{found.reasons}`, in the ledger",
    )


def test_silence_claimed_afterwards_earns_the_longest_gap_only(world: World, report: Report, bot: Tab) -> None:
    bot.beat(10)
    bot.loaded.clear()
    bot.beat(80, played=80)
    found = world.ledger(bot.learner)
    assert found.seconds <= 40
    report.attack(
        "Silence claimed afterwards",
        tried="80 s without a beat, then one beat that claims them",
        earned=f"{found.seconds} s of 90 s: one longest gap of 30 s",
        reason=f"`{found.reasons}`, in the ledger",
    )


def test_keys_ahead_of_time_are_not_given_out(world: World, report: Report, bot: Tab) -> None:
    """A player that asks for all it can get, over a whole unit: what is released, held against the clock."""
    lead = bot.opened["key_lead_seconds"]
    bot.loads_keys = False
    got = 0
    for elapsed in range(0, SHORT_SECONDS, 10):
        while got * KEY_SECONDS < SHORT_SECONDS and bot.ask_key(got).status == 200:
            got += 1
        last = bot.ask_key(SHORT_SECONDS // KEY_SECONDS - 1)
        assert (got - 1) * KEY_SECONDS <= elapsed + lead, f"{got} keys after {elapsed} s"
        assert last.status == 200 or last.json["code"] == "study.key_not_yet"
        assert last.status == 403 or elapsed + lead >= SHORT_SECONDS - KEY_SECONDS
        bot.beat(10)
    found = world.ledger(bot.learner)
    assert (found.seconds, found.refused) == (SHORT_SECONDS, {})
    report.attack(
        "Keys ahead of time",
        tried="every 10 s of a 600 s unit, all keys that the site would give, and the last one",
        earned=f"never a key of content more than {lead} s beyond the clock; 600 s of 600 s, real time",
        reason="403 `study.key_not_yet`",
    )


def test_keys_without_beats_end_with_the_lead(world: World, report: Report, bot: Tab) -> None:
    """Downloading the course while nobody watches: the clock alone opens nothing."""
    given = 0
    for _ in range(20):
        world.wait(30)
        while bot.ask_key(given).status == 200:
            given += 1
    assert given == 3
    assert world.ledger(bot.learner).seconds == 0
    report.attack(
        "Downloading keys without watching",
        tried="all keys of the unit, asked for during 600 s without a beat",
        earned="3 keys of 50 (the lead of 30 s); 0 s of 600 s",
        reason="403 `study.key_not_yet`",
    )


def test_keys_with_an_old_a_foreign_or_no_ticket_are_refused(world: World, report: Report, bot: Tab) -> None:
    other = open_video(world, world.learner())
    first = bot.ticket
    bot.study(20)
    answers = [bot.ask_key(1, ticket=ticket) for ticket in ("", first, other.ticket, "x" * 32, bot.ticket.swapcase())]
    assert {(answer.status, answer.json["code"]) for answer in answers} == {(403, "study.key_no_ticket")}
    foreign = bot.browser.request(
        "GET",
        f"/study/sessions/{other.session_id}/keys/{other.rung}/0/",
        headers={"Accept": "application/json", "X-Ticket": bot.ticket},
    )
    assert (foreign.status, foreign.json["code"]) == (403, "study.not_yours")
    assert bot.ask_key(1).status == 200
    report.attack(
        "Keys with an old, foreign, forged or no ticket",
        tried="five tickets that are not the session's, and somebody else's session",
        earned="0 keys",
        reason="403 `study.key_no_ticket`, `study.not_yours`",
    )


def test_segments_alone_are_noise(world: World, report: Report, bot: Tab) -> None:
    """The segments are plain files: whoever has them still has to have the key, and really tries three others."""
    playlist = bot.browser.get(f"/study/sessions/{bot.session_id}/{bot.rung}.m3u8").text
    address = re.findall(r"^/study/\S+\.ts$", playlist, re.MULTILINE)[0]
    segment = bot.browser.get(address).body
    right = bot.ask_key(0).body
    wrong = (bytes(16), random.Random(1).randbytes(16), bytes.fromhex(f"{1:032x}"))
    assert segment[0::PACKET].count(SYNC) < len(segment) // PACKET // 4
    assert all(not is_video(decrypt(segment, key)) for key in wrong)
    assert is_video(decrypt(segment, right))
    nobody = Browser(world, world.learner())
    assert nobody.get(address).status in {302, 401, 403}
    assert nobody.sign_in().get(address).status == 403
    assert world.ledger(bot.learner).seconds == 0
    report.attack(
        "Direct download of segments",
        tried="segments taken without their key and decrypted with three other keys; by a stranger; by another learner",
        earned="noise; 0 s",
        reason="AES-128; 403 for others",
    )


def decrypt(segment: bytes, key: bytes) -> bytes:
    """The first segment of a rung (its number is the vector), padding left on."""
    decryptor = Cipher(algorithms.AES128(key), modes.CBC(bytes(16))).decryptor()
    return decryptor.update(segment[: len(segment) // 16 * 16]) + decryptor.finalize()


def is_video(data: bytes) -> bool:
    whole = data[0 : len(data) - PACKET : PACKET]
    return whole.count(SYNC) == len(whole)


def test_a_changed_client_clock_changes_nothing(world: World, report: Report, bot: Tab) -> None:
    lies: dict[str, Any] = {"at": "2027-01-01T00:00:00Z", "elapsed_ms": 86_400_000, "now_ms": 4_102_444_800_000}
    for _ in range(6):
        world.wait(10)
        claim = bot.claim(10) | lies
        bot.load(claim["to_ms"])
        bot.send(claim, Date="Fri, 01 Jan 2027 00:00:00 GMT")
    assert world.ledger(bot.learner).seconds == 60
    report.attack(
        "Changed client clock",
        tried="60 s with a `Date` header and invented time fields of another year",
        earned="60 s of 60 s, real time",
        reason="none: nothing that the page says of time is read",
    )


def test_jittered_intervals_are_no_proof(world: World, report: Report, bot: Tab) -> None:
    chance = random.Random(20)
    bot.loads_keys = False
    passed = 0.0
    for _ in range(30):
        pause = chance.uniform(7, 13)
        passed += pause
        bot.beat(pause, focused=chance.random() < 0.9, idle_ms=chance.randrange(4_000))
    found = world.ledger(bot.learner)
    assert (found.seconds, set(found.refused)) == (0, {"no_key"})
    report.attack(
        "Jittered intervals",
        tried=f"{round(passed)} s of forged beats at human-looking intervals, with idle times drawn by chance",
        earned=f"0 s of {round(passed)} s",
        reason="`no_key`, in the ledger; regularity is never used as proof",
    )


DROPPED = [
    ("number", 10, "no_proof", "kept with the session"),
    ("ticket", 10, "no_proof", "kept with the session"),
    ("X-Beat-Proof", 10, "no_proof", "kept with the session"),
    ("from_ms", 10, "clock", "in the ledger"),
    ("to_ms", 10, "jump", "in the ledger"),
    ("rate_percent", 10, "rate", "in the ledger"),
    ("visible", 10, "hidden", "in the ledger"),
    ("playing", 10, "not_playing", "in the ledger"),
    ("focused", 40, "", "focus alone proves nothing: split screens, screen readers"),
    ("event", 40, "", "a plain beat"),
    ("idle_ms", 40, "", "a video needs no input until a check comes"),
    ("page", 40, "", "a video has no pages"),
    ("answer", 40, "", "no check is open"),
]


@pytest.mark.parametrize(("field", "seconds", "reason", "where"), DROPPED, ids=[one[0] for one in DROPPED])
def test_a_dropped_field_is_missing_proof(
    world: World, report: Report, bot: Tab, field: str, seconds: int, reason: str, where: str
) -> None:
    bot.beat(10)
    for _ in range(3):
        if field == "X-Beat-Proof":
            world.wait(10)
            bot.load(bot.position_ms + 10_000)
            bot.send(bot.claim(10), key=b"")
        else:
            bot.beat(10, **{field: None})
    assert bot.replies[1].json["reason"] == reason
    assert world.ledger(bot.learner).seconds == seconds
    report.attack(
        f"Dropped field `{field}`",
        tried="10 s with it, 30 s without",
        earned=f"{seconds} s of 40 s",
        reason=f"`{reason}`, {where}" if reason else where,
    )


def test_unit_ids_out_of_order_are_real_time_and_foreign_ones_are_refused(world: World, report: Report) -> None:
    own, other = world.learner(), world.learners(1)[0]
    browser = Browser(world, own).sign_in()
    stranger = Browser(world, other).sign_in().open(SHORT_VIDEO)
    refused = []
    for enrolment, unit in (
        (other.enrolment.pk, other.units[SHORT_VIDEO].pk),
        (own.enrolment.pk, own.units[LONG_VIDEO].pk + 10_000),
    ):
        reply = browser.post(f"/study/{enrolment}/units/{unit}/open/", {"tab": "x"})
        refused.append(reply.status)
    last = browser.open(LONG_VIDEO)
    world.wait(10)
    beat = last.post(stranger.claim(10), session_id=stranger.session_id, key=stranger.beat_key)
    assert (refused, beat.status, beat.json["code"]) == ([404, 404], 403, "study.not_yours")
    last.study(60)
    assert world.ledger(own).seconds == 60
    assert world.ledger(other).seconds == 0
    with pytest.raises(Refusal) as elsewhere:
        browser.open(SHORT_VIDEO)
    assert elsewhere.value.code == "study.elsewhere"
    report.attack(
        "Unit ids by hand",
        tried="the last unit first; a unit outside the plan; another cohort's enrolment; another learner's session",
        earned="60 s of 60 s for the own unit, real time; 0 s for the rest",
        reason="404; 403 `study.not_yours`",
    )
