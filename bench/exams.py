"""2,000 learners sit one exam: nothing acknowledged is lost or doubled, and how quickly it goes.

``python bench/exams.py [--quick] [--database postgres|sqlite] [--learners N] [--questions N]``

A room of learners is copied into a fresh, durable database. Two processes for pages and one for answers serve it, as
the scaled layout does (``--layout embedded``: one process for all); this process is the generator, and keeps what every
learner was acknowledged. Phases: all start within a minute and see the paper; answers as fast as they are taken, first
by the plain Django view (the baseline), then by the ingest; the attempt page as fast as it is answered; an answer of
each every ten seconds for five minutes, and between them each room asks how its attempt stands; in the middle the
server of answers is killed with -9 and started anew (answers sent from ten seconds before to ten after are told apart
as ``answer_killed``); all hand in within a minute. Then every acknowledged answer is held against the database, one by
one. Last, as many papers whose time is over are handed in and marked at once.
"""

import argparse
import asyncio
import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import uvloop

from bench.support.ground import ROOT, cpu_seconds, database, postgres_seconds, report, run, wait_for
from bench.support.sittings import KEPT, MARK, SETUP, Learner, Waits, ask, problems

WEB = ["-m", "zhenxue.config.cli", "web"]
CONNECTIONS = 64
PAGE_CONNECTIONS = 16
STEP_SECONDS = 10.0
#: So long before and after the kill answers are told apart.
AROUND_SECONDS = 10.0

type Act = Callable[[Learner, Waits], Awaitable[None]]


class Server:
    """A web process that may be killed; its socket is the bench's, so nobody is turned away meanwhile."""

    def __init__(self, only: str, environment: dict[str, str], listener: socket.socket) -> None:
        self.listener = listener
        self.words = [sys.executable, *WEB, "--only", only, "--fd", str(listener.fileno())]
        self.environment = environment
        self.process = self._start()

    @property
    def port(self) -> int:
        return int(self.listener.getsockname()[1])

    def _start(self) -> "subprocess.Popen[bytes]":
        handles = (self.listener.fileno(),)
        return subprocess.Popen(self.words, env=self.environment, cwd=ROOT, pass_fds=handles)

    def kill(self) -> None:
        """As a power cut would, and started again as the supervisor does."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)
        self.process = self._start()

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)


@contextmanager
def servers(environment: dict[str, str], layout: str) -> Iterator[list[Server]]:
    """The processes: first the one that takes answers."""
    child = {
        **environment,
        "PYTHONWARNINGS": "ignore",
        "ZHENXUE_ANSWERS_PER_SIGN_IN": "0",
        "ZHENXUE_BEATS_PER_ADDRESS": "0",
    }
    with ExitStack() as stack:
        first = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=2048))
        pages = (
            first if layout == "embedded" else stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=2048))
        )
        plan = [("all", first)] if layout == "embedded" else [("beats", first), ("pages", pages), ("pages", pages)]
        started = [Server(only, child, listener) for only, listener in plan]
        try:
            for one in started:
                wait_for(one.port, one.process)
            yield started
        finally:
            for one in started:
                one.stop()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="60 learners, seconds instead of minutes")
    parser.add_argument("--database", choices=("sqlite", "postgres"), default="postgres")
    parser.add_argument("--layout", choices=("embedded", "scaled"), default="scaled")
    parser.add_argument("--learners", type=int, default=0)
    parser.add_argument("--questions", type=int, default=40)
    options = parser.parse_args()
    count = options.learners or (60 if options.quick else 2_000)
    scale = count / 2_000 if options.quick else 1.0
    with database(options.database) as environment:
        hasty = environment | {"PGOPTIONS": "-c synchronous_commit=off"}  # before the load nothing has to last
        world = told(hasty, SETUP, str(count), str(options.questions))
        with servers(environment, options.layout) as processes:
            learners = [
                Learner(cookie, world["exam"], world["questions"], processes[-1].port, processes[0].port)
                for cookie in world["cookies"]
            ]
            uvloop.run(sit(learners, processes, environment, options.quick, scale))
        check(learners, environment)
        mark(environment, count)


def told(environment: dict[str, str], script: str, *words: str) -> dict[str, Any]:
    """What a script says in its last line."""
    found: dict[str, Any] = json.loads(run(["-W", "ignore", "-c", script, *words], environment).splitlines()[-1])
    return found


async def sit(
    learners: list[Learner], processes: list[Server], environment: dict[str, str], quick: bool, scale: float
) -> None:
    """All phases but the last."""
    minute, turn = (max(60 * scale, 2.0), 1.5) if quick else (60.0, 8.0)
    await asyncio.gather(*(wake(one.port) for one in processes for _ in range(4)))
    await tell("start", paced(learners, lambda one, waits: one.start(waits), minute), processes, environment)
    for port in (processes[-1].port, None):  # statements are written and kept before they are measured
        await pressed(learners, turn / 4, port=port)
    plain = await tell("save_plain", pressed(learners, turn, port=processes[-1].port), processes, environment)
    lean = await tell("save", pressed(learners, turn), processes, environment)
    report("exams_save_to_plain", round(len(lean.seconds) / lean.took / (len(plain.seconds) / plain.took), 1), "x")
    await tell("page", read(learners[:50], turn), processes, environment)
    steps, step = (5, 1.5) if quick else (30, STEP_SECONDS)
    kill = asyncio.create_task(kill_in(processes[0], steps * step / 2))
    states, around = Waits(), Waits()
    phase = sittings(learners, steps, step, states, around, AROUND_SECONDS * step / STEP_SECONDS)
    await tell("answer", phase, processes, environment)
    await kill
    show("answer_killed", around)
    show("state", states)
    await tell("submit", paced(learners, lambda one, waits: one.submit(waits), minute), processes, environment)
    for one in learners:
        one.leave()


async def tell(name: str, phase: Awaitable[Waits], processes: Sequence[Server], environment: dict[str, str]) -> Waits:
    """Runs a phase and prints its figures."""
    began = used(processes), postgres_seconds(environment), cpu_seconds(os.getpid())
    waits = await phase
    ended = used(processes), postgres_seconds(environment), cpu_seconds(os.getpid())
    show(name, waits)
    for part, first, last in zip(("server", "postgres", "load"), began, ended, strict=True):
        cpu = round(max(last - first, 0) * 1000 / max(len(waits.seconds), 1), 3)
        report(f"exams_{name}_cpu_{part}", cpu, "ms_per_request")
    return waits


def show(name: str, waits: Waits) -> None:
    if not waits.seconds:
        return
    if waits.took:
        report(f"exams_{name}", round(len(waits.seconds) / waits.took, 1), "requests/s")
    for percent in (50, 95, 99):
        report(f"exams_{name}_p{percent}", waits.percentile(percent), "ms")
    if waits.again:
        report(f"exams_{name}_sent_again", waits.again, "requests")


async def wake(port: int) -> None:
    """Until a process behind the port has started: its socket listened before."""
    request = b"POST /exams/attempts/0/answers/0/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    line, *_ = await ask(port, None, request + b"Accept: application/json\r\nContent-Length: 2\r\n\r\n{}", 120.0)
    line.close()


def used(processes: Sequence[Server]) -> float:
    return sum(cpu_seconds(one.process.pid) for one in processes)


async def paced(learners: Sequence[Learner], act: Act, seconds: float) -> Waits:
    """Each acts once, at a moment of its own within so many seconds."""
    waits = Waits()
    began = time.perf_counter()

    async def one(learner: Learner) -> None:
        await asyncio.sleep(random.uniform(0, seconds))
        await act(learner, waits)
        learner.leave()

    await asyncio.gather(*map(one, learners))
    waits.took = time.perf_counter() - began
    return waits


async def sittings(
    learners: Sequence[Learner], steps: int, step: float, states: Waits, around: Waits, near: float
) -> Waits:
    """Each answers once in every step, at a moment of its own, and half a step later its room asks how it stands
    (``states``). What is sent ``near`` the middle, where the kill is, counts as ``around``."""
    waits = Waits()
    began = time.perf_counter()
    middle = steps * step / 2

    async def one(learner: Learner) -> None:
        offset = random.uniform(0, step)
        for number in range(steps):
            await until(began + offset + number * step)
            is_near = abs(time.perf_counter() - began - middle) < near
            await learner.save(around if is_near else waits)
            await until(began + offset + (number + 0.5) * step)
            await learner.look(states)
        learner.leave()

    await asyncio.gather(*map(one, learners))
    waits.took = states.took = time.perf_counter() - began
    waits.again += around.again
    return waits


async def until(moment: float) -> None:
    await asyncio.sleep(max(0.0, moment - time.perf_counter()))


async def read(learners: Sequence[Learner], seconds: float) -> Waits:
    """The attempt page as fast as it is answered, over so many connections."""
    warm, waits, sizes = Waits(), Waits(), []
    for learner in learners:
        sizes.append(await learner.read(warm))
    began = time.perf_counter()

    async def one(own: Sequence[Learner]) -> None:
        turn = 0
        while time.perf_counter() < began + seconds:
            await own[turn % len(own)].read(waits)
            turn += 1

    await asyncio.gather(*(one(learners[at::PAGE_CONNECTIONS]) for at in range(PAGE_CONNECTIONS)))
    waits.took = time.perf_counter() - began
    report("exams_page_size", round(sum(sizes) / len(sizes) / 1000, 1), "kB")
    for learner in learners:
        learner.leave()
    return waits


async def pressed(learners: Sequence[Learner], seconds: float, *, port: int | None = None) -> Waits:
    """Answers one after another over so many connections, as fast as they are acknowledged."""
    waits = Waits()
    began = time.perf_counter()

    async def one(own: Sequence[Learner]) -> None:
        turn = 0
        while time.perf_counter() < began + seconds:
            learner, last = own[turn % len(own)], own[turn % len(own) - 1]
            if learner is not last:
                learner.line, last.line = last.line, None  # one connection for all of them
            await learner.save(waits, port=port)
            turn += 1
        for learner in own:
            learner.leave()

    await asyncio.gather(*(one(learners[at::CONNECTIONS]) for at in range(min(CONNECTIONS, len(learners)))))
    waits.took = time.perf_counter() - began
    return waits


async def kill_in(server: Server, seconds: float) -> None:
    await asyncio.sleep(seconds)
    await asyncio.to_thread(server.kill)
    report("exams_killed", 1, "server")


def check(learners: list[Learner], environment: dict[str, str]) -> None:
    """Ends the bench when anything acknowledged is lost, doubled or other than it was given."""
    kept = told(environment, KEPT)
    wrong = problems(learners, kept)
    for kind, entries in kept["entries"].items():
        if entries != len(learners):
            wrong.append(f"{entries} entries {kind} for {len(learners)} learners")
    report("exams_acknowledged", sum(len(one.acknowledged) for one in learners), "answers")
    report("exams_lost_or_doubled", len(wrong), "answers")
    if wrong:
        raise SystemExit("\n".join(wrong[:20]))


def mark(environment: dict[str, str], count: int) -> None:
    """So many papers whose time is over, at once."""
    found = told(environment, MARK)
    if (found["count"], found["marked"], found["again"]) != (count, count, 0):
        raise SystemExit(
            f"of {count} papers {found['count']} were handed in, {found['marked']} marked, {found['again']} twice"
        )
    report("exams_marked", round(found["seconds"], 2), "s")
    report("exams_marked_cpu", round(found["cpu"] * 1000 / count, 2), "ms_per_paper")
    report("exams_marked_2000", round(found["seconds"] * 2_000 / count, 2), "s")


if __name__ == "__main__":
    main()
