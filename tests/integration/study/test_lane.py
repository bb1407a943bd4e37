"""The short way of a beat through the web server (``kernel.ingest.lane``): it answers as ASGI, whatever comes how."""

import json
import socket
from typing import Any

import pytest
from django.conf import settings

from tests.factories.study import Page
from tests.integration.study.conftest import Line, wait_for
from tests.support.loops import serving
from zhenxue.kernel.ingest.lane import ShortProtocol, short_ways
from zhenxue.kernel.ingest.limits import Limits
from zhenxue.study import pageside
from zhenxue.study.ingest import make_writer
from zhenxue.study.ingest.app import BODY_LIMIT, Ingest
from zhenxue.study.models import Beat

pytestmark = pytest.mark.django_db(transaction=True)

type Answer = tuple[int, dict[str, str], Any]


def make_ingest(**limits: Any) -> Ingest:
    return Ingest(
        make_writer=make_writer,
        cookie_name=lambda: settings.SESSION_COOKIE_NAME,
        make_limits=lambda: Limits(**limits),
    )


def beat(page: Page, body: bytes, *, head: str = "", path: str = "", version: str = "HTTP/1.1") -> bytes:
    """A beat as it goes over the wire; ``head`` adds lines."""
    lines = [
        f"POST {path or f'/study/beats/{page.session_id}'} {version}",
        "Host: localhost",
        f"Cookie: {settings.SESSION_COOKIE_NAME}={page.cookie}",
        f"X-Beat-Proof: {pageside.proof(page.beat_key, body)}",
        "Content-Type: application/json",
    ]
    if "Transfer-Encoding" not in head:
        lines.append(f"Content-Length: {len(body)}")
    return ("\r\n".join([*lines, *filter(None, head.split("\n"))]) + "\r\n\r\n").encode() + body


def claim(page: Page, seconds: int = 10) -> bytes:
    given = page.claim(seconds)
    return json.dumps({name: getattr(given, name) for name in given.__struct_fields__}).encode()


def talk(port: int, pieces: list[bytes], answers: int) -> list[Answer]:
    """Sends the pieces over one connection and reads so many answers, or until it is closed."""
    found: list[Answer] = []
    with socket.create_connection(("127.0.0.1", port), timeout=60) as line:
        for piece in pieces:
            line.sendall(piece)
        stream = line.makefile("rb")
        while len(found) < answers and (first := stream.readline()):
            headers = {}
            while (row := stream.readline().decode().strip()) != "":
                name, _, value = row.partition(": ")
                headers[name.lower()] = value
            if first.split()[1] == b"100":
                continue
            body = stream.read(int(headers["content-length"]))
            found.append((int(first.split()[1]), headers, json.loads(body)))
    return found


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The addresses that went the short way."""
    seen: list[str] = []
    before = ShortProtocol._short_way

    def noted(protocol: ShortProtocol) -> Any:
        way = before(protocol)
        if way:
            seen.append(protocol.url.decode())
        return way

    monkeypatch.setattr(ShortProtocol, "_short_way", noted)
    return seen


def test_both_ways_answer_with_the_same_words_and_headers(page: Page, short: list[str]) -> None:
    honest = claim(page)
    requests = [
        beat(page, b"not json"),
        beat(page, b"{}", path="/study/beats/abc"),
        beat(page, honest),
        beat(page, honest),
        beat(page, b"{}"),
    ]
    with serving("httptools", make_ingest()) as port:
        long = [talk(port, [request], 1)[0] for request in requests]
    assert not short
    with serving(short_ways(app := make_ingest()), app) as port:
        answers = [talk(port, [request], 1)[0] for request in requests]
    assert [answer[0] for answer in long] == [422, 404, 200, 200, 409]
    assert short == [f"/study/beats/{page.session_id}"] * 4
    for one, other in zip(long, answers, strict=True):
        assert (one[0], one[1].keys()) == (other[0], other[1].keys())
        assert one[1]["content-type"] == other[1]["content-type"]
        assert one[2] | {"saved_at_ms": 0} == other[2] | {"saved_at_ms": 0}
    assert Beat.objects.filter(accepted=True).count() == 1


def test_a_beat_may_come_in_any_pieces_and_behind_another(page: Page, short: list[str]) -> None:
    whole = beat(page, claim(page))
    with serving(short_ways(app := make_ingest()), app) as port:
        drops = [whole[at : at + 7] for at in range(0, len(whole), 7)]
        assert [answer[0] for answer in talk(port, drops, 1)] == [200]
        assert len(short) == 1
        pipelined = talk(port, [whole + beat(page, b"{}") + beat(page, b"{", head="Connection: close")], 4)
    assert [answer[0] for answer in pipelined] == [200, 409, 422]
    assert pipelined[2][1]["connection"] == "close"
    assert len(short) == 2  # what waited behind another took uvicorn's way, which keeps the order


@pytest.mark.parametrize(
    ("head", "version", "path"),
    [
        ("Expect: 100-continue", "HTTP/1.1", ""),
        ("Connection: close", "HTTP/1.0", ""),
        ("", "HTTP/1.1", "?x=1"),
        ("", "HTTP/1.1", "/"),
    ],
)
def test_what_is_not_plain_takes_the_long_way(page: Page, short: list[str], head: str, version: str, path: str) -> None:
    path = f"/study/beats/{page.session_id}{path}"
    with serving(short_ways(app := make_ingest()), app) as port:
        answers = talk(port, [beat(page, claim(page), head=head, version=version, path=path)], 1)
    assert [answer[0] for answer in answers] == [200]
    assert not short


def test_a_body_in_chunks_counts_and_one_too_long_is_refused_before_its_end(page: Page) -> None:
    body = claim(page)
    chunked = beat(page, body, head="Transfer-Encoding: chunked").removesuffix(body)
    chunked += b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in (body[:50], body[50:])) + b"0\r\n\r\n"
    with serving(short_ways(app := make_ingest()), app) as port:
        assert talk(port, [chunked], 1)[0][0] == 200
        long = beat(page, b"{}" + b" " * (BODY_LIMIT * 3))
        assert talk(port, [long[: BODY_LIMIT * 2]], 1)[0][0] == 413
        assert [answer[0] for answer in talk(port, [long, beat(page, body)], 2)] == [413, 200]
    assert Beat.objects.count() == 1


def test_behind_a_trusted_proxy_the_limit_is_that_of_the_client(page: Page) -> None:
    def codes(address: str, times: int) -> list[int]:
        request = beat(page, b"not json", head=f"X-Forwarded-For: {address}")
        return [talk(port, [request], 1)[0][0] for _ in range(times)]

    app = make_ingest(per_sign_in=0, per_address=1)
    with serving(short_ways(app), app, proxy_headers=True, forwarded_allow_ips="127.0.0.1") as port:
        assert codes("203.0.113.7", 6) == [422] * 5 + [429]
        assert codes("203.0.113.8", 1) == [422]
    app = make_ingest(per_sign_in=0, per_address=1)
    with serving(short_ways(app), app, proxy_headers=False) as port:
        assert [codes(f"203.0.113.{host}", 1) for host in range(6)] == [[422]] * 5 + [[429]]


def test_a_fault_in_our_own_code_says_try_again(
    page: Page, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*given: Any) -> None:
        raise ZeroDivisionError

    with serving(short_ways(app := make_ingest()), app) as port:
        monkeypatch.setattr(app, "take", broken)
        status, headers, answer = talk(port, [beat(page, claim(page))], 1)[0]
    assert (status, headers["retry-after"], answer["code"]) == (503, "2", "study.retry")
    assert "could not be taken" in caplog.text


def test_who_left_gets_no_answer_and_the_beat_counts(line: Line, page: Page) -> None:
    with socket.create_connection(("127.0.0.1", line.port)) as gone:
        gone.sendall(beat(page, claim(page)))
    wait_for(lambda: Beat.objects.exists())
    assert line.of(page).post(page.session_id, page.claim(10))[0] == 200
    assert Beat.objects.count() == 1
