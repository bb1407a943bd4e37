"""Real witnesses over a real network: the bureau's program as a process, and an independent one that cosigns us."""

import hashlib
import http.client
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from io import StringIO
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.core.management import call_command

from tests.factories.evidence import make_entry, make_log
from tests.fakes.paper_log import PaperLog
from zhenxue.evidence import api as evidence
from zhenxue.evidence.data import TroubleKind
from zhenxue.evidence.models import Witness, WitnessTrouble
from zhenxue.evidence.operations import add_witness
from zhenxue.evidence.operations.collecting import ANSWER_SECONDS, Collector, collect, send
from zhenxue.evidence.operations.cosigning import System
from zhenxue.evidence.queries import describe_health, log_verifier
from zhenxue.kernel import clock
from zhenxue.tlog.cosignatures import WitnessKey
from zhenxue.tlog.witnessing import MAX_REQUEST_BYTES, PATH
from zhenxue.witness.api import main as witness_program
from zhenxue.witness.command import ALARM

PROGRAMS = Path(sys.executable).parent
START_SECONDS = 120.0
NAME = "witness.example/city"


class Houses:
    """Starts witnesses as processes of their own and ends them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.running: list[subprocess.Popen[bytes]] = []

    def start(self, *words: str | Path, handles: tuple[int, ...] = ()) -> None:
        clean = {name: value for name, value in os.environ.items() if not name.startswith("ZHENXUE_")}
        self.running.append(
            subprocess.Popen([str(word) for word in words], pass_fds=handles, env=clean, stdout=subprocess.DEVNULL)
        )

    def ours(self, name: str, *keys: str) -> str:
        """The bureau's program; its address."""
        folder = self.folder / name
        assert witness_program(["--folder", str(folder), "init", "--name", f"witness.example/{name}"]) == 0
        for key in keys:
            assert witness_program(["--folder", str(folder), "add-log", key]) == 0
        return self.serve(folder)

    def serve(self, folder: Path) -> str:
        """The program of a folder, on a port of its own."""
        with socket.create_server(("127.0.0.1", 0)) as listener:
            handle = str(listener.fileno())
            words = ("-m", "zhenxue.config.cli", "witness", "--folder", folder, "serve", "--fd", handle)
            self.start(sys.executable, *words, handles=(listener.fileno(),))
            return f"http://127.0.0.1:{listener.getsockname()[1]}"

    def independent(self, key: str) -> tuple[str, str]:
        """Another program of the same protocol; its address and key."""
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
        config = self.folder / "aics.json"
        aics = PROGRAMS / "aics-witness"
        listen = f"127.0.0.1:{port}"
        init = ["init", "-c", config, "--name", "witness.example/aics", "--listen", listen]
        made = subprocess.run([aics, *init], check=True, capture_output=True, text=True)
        origin = key.split("+")[0]
        subprocess.run([aics, "add-log", "-c", config, "--origin", origin, "--vkey", key], check=True)
        self.start(aics, "serve", "-c", config, "--listen", listen)
        wait_for(port)
        (vkey,) = [word for word in made.stdout.split() if word.startswith("witness.example/aics+")]
        return f"http://{listen}", vkey


def wait_for(port: int) -> None:
    end = time.monotonic() + START_SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=30).close()
        except OSError:
            assert time.monotonic() < end, "the witness did not start"
            time.sleep(0.05)
        else:
            return


@pytest.fixture
def houses(tmp_path: Path) -> Iterator[Houses]:
    made = Houses(tmp_path)
    yield made
    for process in made.running:
        process.terminate()
    for process in made.running:
        process.wait(60)


def vkey_of(folder: Path, capsys: pytest.CaptureFixture[str]) -> str:
    capsys.readouterr()
    witness_program(["--folder", str(folder), "status"])
    return capsys.readouterr().out.split()[1]


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("bare_ground")
def test_our_witness_and_an_independent_one_cosign_and_an_independent_verifier_accepts(
    houses: Houses, live_server: object, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    log = str(log_verifier())
    make_log(3)
    ours, (theirs, their_key) = houses.ours("city", log), houses.independent(log)
    our_key = vkey_of(tmp_path / "city", capsys)
    for vkey, url in ((our_key, ours), (their_key, theirs)):
        add_witness(vkey=vkey, url=url, organisation="市人社局", actor=System(), now=clock.now())
    for count in (0, 1, 300, 0):
        make_log(count)
        out = StringIO()
        call_command("cosign", once=True, stdout=out)
        assert out.getvalue().count("正常") == 2, out.getvalue()
    assert not WitnessTrouble.objects.exists()
    head = evidence.cosigned_head(clock.now())
    assert head is not None
    assert {mark.name for mark in head.witnesses} == {"witness.example/city", "witness.example/aics"}

    aics = [PROGRAMS / "aics-tlog", "verify-checkpoint", "--tiles", f"{live_server}/log", "--log-key", log]
    aics += ["--witness-key", our_key, "--witness-key", their_key, "--quorum", "2", "--max-age", "600"]
    told = subprocess.run(aics, capture_output=True, text=True)
    assert told.returncode == 0, told.stdout + told.stderr
    stranger = str(WitnessKey("witness.example/town", WitnessKey.from_text(our_key).public))
    asked_for_another = [stranger if word == our_key else word for word in aics]
    refused = subprocess.run(asked_for_another, capture_output=True, text=True)
    assert (refused.returncode, "quorum" in (refused.stdout + refused.stderr).lower()) == (1, True), refused
    with closing(http.client.HTTPConnection(urlsplit(ours).netloc)) as connection:
        connection.request("GET", f"/{hashlib.sha256(log.split('+')[0].encode()).hexdigest()}/checkpoint")
        assert our_key.split("+")[0].encode() in connection.getresponse().read()


def test_the_program_answers_by_the_protocol_whatever_it_is_sent(
    houses: Houses, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    log, liar = PaperLog(), PaperLog("false", common=2)
    url = houses.ours("city", str(log.signer.verifier))
    netloc = urlsplit(url).netloc

    def ask(body: bytes, method: str = "POST", path: str = PATH) -> tuple[int, str, bytes]:
        with closing(http.client.HTTPConnection(netloc, timeout=60)) as connection:
            connection.request(method, path, body)
            answer = connection.getresponse()
            return answer.status, answer.headers["Content-Type"], answer.read()

    assert ask(log.request(0, 9))[0] == 200
    assert ask(log.request(3, 12)) == (409, "text/x.tlog.size", b"9\n")
    assert ask(log.request(9, 12, proof=[]))[0] == 422
    assert ask(liar.request(9, 9))[0] == 422
    assert ask(PaperLog(origin="other.example").request(0, 1))[0] == 404
    assert ask(PaperLog(seed=b"x" * 32).request(0, 1))[0] == 403
    assert ask(b"")[0] == ask(b"\xff" * 4000)[0] == ask(log.request(9, 5))[0] == 400
    assert ask(b"a" * (MAX_REQUEST_BYTES + 1))[0] == 413
    assert (ask(b"", "GET")[0], ask(b"", "POST", "/" + "0" * 64 + "/checkpoint")[0]) == (405, 405)
    assert (ask(b"", "GET", "/")[0], ask(b"", "GET", "/" + "0" * 64 + "/checkpoint")[0]) == (404, 404)
    host, port = netloc.split(":")
    for junk in (b"\0\xff\r\n\r\n", b"POST / HTTP/9.9\r\n\r\n", b"POST /add-checkpoint HTTP/1.1\r\nContent-Le"):
        with socket.create_connection((host, int(port)), timeout=60) as raw:
            raw.sendall(junk)
    assert ask(log.request(9, 12))[0] == 200

    capsys.readouterr()
    assert witness_program(["--folder", str(tmp_path / "city"), "status", "--refusals"]) == ALARM
    told = capsys.readouterr().out
    assert "分叉" in told
    assert liar.note(9).splitlines()[2] in told
    assert log.note(9).splitlines()[2] in told


def test_what_was_answered_survives_being_killed(houses: Houses, tmp_path: Path) -> None:
    log = PaperLog()
    folder = tmp_path / "city"
    netloc = urlsplit(houses.ours("city", str(log.signer.verifier))).netloc
    known = 0
    for size in (3, 7, 8, 20):
        reply = send(f"http://{netloc}", log.request(known, size))
        assert (reply.status, reply.fault) == (200, "")
        houses.running[-1].kill()
        houses.running[-1].wait()
        netloc = urlsplit(houses.serve(folder)).netloc
        reply = send(f"http://{netloc}", PaperLog("false").request(known, size))
        assert (reply.status, reply.body) == (409, b"%d\n" % size)
        known = size


def test_the_program_says_what_is_wrong_and_changes_nothing(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    key = str(PaperLog().signer.verifier)
    words = ["--folder", str(tmp_path / "w")]
    for command in (["serve"], ["status"], ["add-log", key], ["init", "--name", "a b"]):
        assert witness_program([*words, *command]) == 1
        assert capsys.readouterr().err.startswith("错误：")
    assert witness_program([*words, "init", "--name", NAME]) == 0
    assert NAME in capsys.readouterr().out
    assert witness_program([*words, "add-log", "x"]) == 1
    assert witness_program([*words, "add-log", key, "--label", "演示"]) == 0
    assert witness_program([*words, "add-log", key]) == 1
    assert witness_program([*words, "status"]) == 0
    assert witness_program([*words, "logs"]) == 0
    assert key in capsys.readouterr().out
    assert witness_program([*words, "drop-key", key]) == 0
    assert witness_program([*words, "drop-key", key]) == 1


@pytest.fixture
def desk() -> Iterator[Callable[[bytes], str]]:
    """An address where somebody answers every request with the same bytes, and then says nothing more."""
    opened: list[socket.socket] = []

    def open_desk(answer: bytes) -> str:
        listener = socket.create_server(("127.0.0.1", 0))
        opened.append(listener)

        def serve() -> None:
            while True:
                try:
                    caller, _ = listener.accept()
                except OSError:
                    return
                opened.append(caller)
                try:
                    caller.recv(65536)
                    caller.sendall(answer)
                    caller.shutdown(socket.SHUT_WR)
                except OSError:
                    continue

        threading.Thread(target=serve, daemon=True).start()
        return f"http://127.0.0.1:{listener.getsockname()[1]}"

    yield open_desk
    for one in opened:
        one.close()


HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: "


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"\0\xff\xfe",
        b"HTTP/1.1 abc\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 200 + b"\r\n",
        HEAD + b"999999999\r\n\r\n" + b"a" * 100_000,
        HEAD + b"-5\r\n\r\nab",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ],
)
def test_the_collector_survives_any_bytes_of_a_witness(desk: Callable[[bytes], str], answer: bytes) -> None:
    reply = send(desk(answer), b"old 0\n\n")
    assert (reply.status, bool(reply.fault)) in {(0, True), (200, False)}
    assert len(reply.body) <= 65536
    assert send("http://127.0.0.1:1", b"").fault == "连接被拒绝，见证服务可能没有运行"
    assert send("https://127.0.0.1:1", b"").status == 0
    assert ANSWER_SECONDS < 15, "the supervisor waits no longer for the collector to end"


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("bare_ground")
def test_one_witness_that_hangs_holds_nobody_up(
    houses: Houses, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    make_log(2)
    url = houses.ours("city", str(log_verifier()))
    key = vkey_of(tmp_path / "city", capsys)
    add_witness(vkey=key, url=url, organisation="市人社局", actor=System(), now=clock.now())
    with socket.create_server(("127.0.0.1", 0)) as silent:
        other = witness_program(["--folder", str(tmp_path / "x"), "init", "--name", "witness.example/hangs"])
        assert other == 0
        vkey = next(word for word in capsys.readouterr().out.split() if word.startswith("witness.example/hangs+"))
        hanging = f"http://127.0.0.1:{silent.getsockname()[1]}"
        add_witness(vkey=vkey, url=hanging, organisation="县人社局", actor=System(), now=clock.now())
        collector = Collector()
        end = time.monotonic() + START_SECONDS
        while Witness.objects.filter(cosigned_size=2).count() < 1:
            collector.step(clock.now())
            assert time.monotonic() < end
        assert collector.step(clock.now()) == 1, "the other is still waited for"
        collector.close()
    make_entry(5)
    evidence.integrate(clock.now())
    collect(clock.now)
    states = {one.name: one.state for one in describe_health(clock.now()).witnesses}
    assert states == {"witness.example/city": "正常", "witness.example/hangs": "等待首次见证"}
    assert not WitnessTrouble.objects.filter(kind=TroubleKind.DISAGREES).exists()
