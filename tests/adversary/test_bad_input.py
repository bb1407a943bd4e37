"""Bad input at the door of the beats: nothing is written, the honest beat after it counts, neighbours lose nothing."""

import json
import socket
import threading
import time
from types import SimpleNamespace
from typing import Any

import pytest

from tests.adversary.bots import Browser, Tab
from tests.adversary.reporting import Report
from tests.adversary.world import SHORT_VIDEO, World
from zhenxue.kernel.ingest import limits
from zhenxue.study.models import Beat

#: How long one client floods, and how many it would like to send.
FLOOD_SECONDS, FLOOD_BEATS, PIPELINED = 5, 100_000, 50
#: What an honest page waits for an answer before it tries again.
PATIENCE_SECONDS = 12


@pytest.fixture
def tab(world: World) -> Tab:
    return Browser(world, world.learner()).sign_in().open(SHORT_VIDEO)


def beat_still_counts(world: World, tab: Tab) -> bool:
    """Whether nothing was written so far, and the next honest beat is the session's first."""
    written = Beat.objects.filter(session_id=tab.session_id).count()
    return written == 0 and tab.beat(10)["gained_ms"] == 10_000 and world.ledger(tab.learner).seconds == 10


def bodies(tab: Tab) -> list[bytes]:
    """Bodies that are no beat."""
    claim = tab.claim(10)
    broken: list[Any] = [
        {**claim, "number": "1"},
        {**claim, "number": -1},
        {**claim, "number": 10**12},
        {**claim, "to_ms": 1e308},
        {**claim, "to_ms": 2**63},
        {**claim, "from_ms": None},
        {**claim, "visible": "yes"},
        {**claim, "event": "win"},
        {**claim, "ticket": "x" * 65},
        {**claim, "ticket": ["x"]},
        {**claim, "rate_percent": 10**6},
        [claim],
        "beat",
        42,
        None,
    ]
    raw = [b"", b"{", b"\xff\xfe", b"[" * 2_000, b'{"number": NaN}', b"{}}", b"\x00" * 100]
    return [json.dumps(one).encode() for one in broken] + raw


def test_malformed_beats_write_nothing(world: World, report: Report, tab: Tab) -> None:
    sent = bodies(tab)
    answers = set()
    for body in sent:
        reply = tab.post(body)
        answers.add((reply.status, reply.json["code"]))
        world.wait(1)
    assert answers == {(422, "study.malformed")}
    assert beat_still_counts(world, tab)
    report.bad_input(
        "Malformed beats",
        sent=f"{len(sent)} bodies: wrong types, wrong ranges, broken JSON, nesting, wrong bytes",
        did="nothing written; the next honest beat counts",
        answered="422 `study.malformed`",
    )


def test_oversized_bodies_are_not_read(world: World, report: Report, tab: Tab) -> None:
    answers = []
    for size in (4_097, 100_000, 5_000_000):
        reply = tab.post(b'{"ticket": "' + b"x" * size + b'"}')
        answers.append((reply.status, reply.json["code"]))
        tab.browser.close_line()
    assert set(answers) == {(413, "study.too_large")}
    assert beat_still_counts(world, tab)
    report.bad_input(
        "Oversized bodies",
        sent="4 kB and a byte, 100 kB, 5 MB",
        did="nothing written; no more than 4 kB is kept in memory",
        answered="413 `study.too_large`",
    )


def test_wrong_types_methods_and_addresses_are_refused(world: World, report: Report, tab: Tab) -> None:
    claim = tab.claim(10)
    found = [tab.post(claim, Content_Type=kind).status for kind in ("text/plain", "application/xml", "")]
    found.append(tab.post(claim, Content_Type="application/x-www-form-urlencoded").status)
    assert found == [415] * 4
    browser = tab.browser
    assert {
        browser.request(method, f"/study/beats/{tab.session_id}").status for method in ("GET", "PUT", "DELETE")
    } == {405}
    for number in ("", "x", "-1", "1e3", "9" * 30, f"{tab.session_id}/x", "%00"):
        assert browser.request("POST", f"/study/beats/{number}", b"{}").status == 404, number
    nobody = Browser(world, tab.learner)
    assert tab.post(claim, browser=nobody).status == 401
    nobody.cookies = {"zhenxue": "x" * 32}
    assert tab.post(claim, browser=nobody).status == 403
    assert beat_still_counts(world, tab)
    report.bad_input(
        "Wrong content types, methods, addresses, no cookie",
        sent="four content types, three methods, seven addresses, no cookie, an invented one",
        did="nothing written",
        answered="415, 405, 404, 401, 403",
    )


class Flood(threading.Thread):
    """One client that sends all it can over one connection, many requests at a time."""

    def __init__(self, tab: Tab) -> None:
        super().__init__(daemon=True)
        self.statuses: dict[int, int] = {}
        self.seconds = 0.0
        body = json.dumps(tab.claim(10)).encode()
        head = (
            f"POST /study/beats/{tab.session_id} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
            f"Cookie: zhenxue={tab.browser.cookie}\r\nX-Beat-Proof: {'x' * 43}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        self._request = head.encode() + body
        self._port = tab.world.port

    @property
    def sent(self) -> int:
        return sum(self.statuses.values())

    def run(self) -> None:
        began = time.monotonic()
        with socket.create_connection(("127.0.0.1", self._port), timeout=60) as line:
            answers = line.makefile("rb")
            while self.sent < FLOOD_BEATS and time.monotonic() - began < FLOOD_SECONDS:
                line.sendall(self._request * PIPELINED)
                for _ in range(PIPELINED):
                    self._read(answers)
            answers.close()
        self.seconds = time.monotonic() - began

    def _read(self, answers: Any) -> None:
        status, length = int(answers.readline().split()[1]), 0
        while (line := answers.readline()) != b"\r\n":
            name, _, value = line.partition(b":")
            length = int(value) if name.lower() == b"content-length" else length
        answers.read(length)
        self.statuses[status] = self.statuses.get(status, 0) + 1


def test_a_burst_from_one_client_harms_nobody_beside_it(world: World, report: Report, tab: Tab) -> None:
    """As many of 100,000 beats as this machine takes in five seconds, against the real limits, from one address."""
    honest = Browser(world, world.learner()).sign_in().open(SHORT_VIDEO)
    flood = Flood(tab)
    flood.start()
    waited, studied, passed = [], 0, 0
    while flood.is_alive() and studied < 300:
        began = time.monotonic()
        honest.beat(10)
        waited.append(time.monotonic() - began)
        studied, passed = studied + 10, passed + 10
        flood.join(0.2)
    flood.join(60)
    let_in = sum(count for status, count in flood.statuses.items() if status != 429)
    assert flood.sent > 500
    assert set(flood.statuses) == {409, 429}
    assert let_in <= limits.BURST + 5 * (passed + flood.seconds) + 1
    assert {reply.status for reply in honest.replies} == {200}
    assert max(waited) < PATIENCE_SECONDS
    assert world.ledger(honest.learner).seconds == studied
    assert world.ledger(tab.learner).seconds == 0
    assert Beat.objects.filter(session_id=tab.session_id).count() <= 200
    report.bad_input(
        "A burst of 100,000 beats from one client",
        sent="as many of them as the machine takes in 5 s, beside an honest learner behind the same address",
        did="the honest learner loses 0 s and waits less than a page's patience; at most 200 rows of it are kept",
        answered="429 `study.too_many` beyond 40 at once and 5 a second",
    )


def test_a_full_disk_is_refused_before_a_beat_is_accepted(
    world: World, report: Report, tab: Tab, monkeypatch: pytest.MonkeyPatch
) -> None:
    tab.beat(10)
    number = tab.number
    with monkeypatch.context() as patch:
        patch.setattr(limits, "shutil", SimpleNamespace(disk_usage=lambda folder: SimpleNamespace(free=1_000_000)))
        world.wait(10)
        tab.load(20_000)
        claim = tab.claim(10)
        refused = tab.post(claim)
    assert (refused.status, refused.json["code"], refused.headers["retry-after"]) == (503, "study.disk_full", "2")
    assert world.session(tab.session_id).number == number
    world.wait(5)
    assert tab.send(claim)["gained_ms"] == 10_000
    assert world.ledger(tab.learner).seconds == 20
    report.bad_input(
        "Disk full",
        sent="a beat while less than 200 MB are free, and again when there is room",
        did="nothing written before; counts its 10 s afterwards",
        answered="503 `study.disk_full` with `Retry-After`",
    )


def test_forms_of_the_pages_answer_nonsense(world: World, report: Report, tab: Tab) -> None:
    """Opening, binding and handing over with fields that are too long, missing or of another kind."""
    browser = tab.browser
    long = "x" * 10_000
    opening = {"challenge": long, "ephemeral": long, "signature": long}
    assert tab.ask_to_open(opening).status == 428
    assert (
        tab.ask_to_open(
            {"challenge": "\x00", "ephemeral": "", "signature": "\ud83d".encode("utf-8", "replace").decode()}
        ).status
        == 428
    )
    challenge = tab.ask_to_open().json["challenge"]
    form = tab.prove(challenge).form
    for bent in ({"signature": ""}, {"signature": "A" * 86}, {"ephemeral": "AAAA"}, {"tab": "y" * 200}):
        assert tab.ask_to_open(form | bent).status in {403, 409, 422, 428}
    other = Browser(world, world.learner()).sign_in(bind=False)
    for key in ("", "x", long, "A" * 87):
        assert other.post("/account/device-key/", {"public_key": key}).status == 422
    for where in ({}, {"enrolment": "x", "unit": "1"}, {"enrolment": "9" * 30, "unit": "1"}):
        assert browser.post("/study/hand-over/", where).status in {404, 422}
    assert browser.get(f"/study/sessions/{tab.session_id}/media/..%2f..%2fsecret.ts").status == 404
    assert browser.get(f"/study/sessions/{'9' * 30}/master.m3u8").status == 404
    assert beat_still_counts(world, tab)
    report.bad_input(
        "Nonsense in the forms of opening, binding and handing over",
        sent="fields too long, missing, of another kind; paths that climb; ids beyond all numbers",
        did="nothing written; the open session goes on",
        answered="422, 428, 403, 404",
    )
