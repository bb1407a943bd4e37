"""Lives that end by kill -9, and what must hold after each: ``python -m tests.support.crashes KILLS [SEED]``.

A life is a forked process that does what the platform does: acts with their evidence in one transaction, the
sequencer's steps, a witness asked to cosign. It ends either at one of its counted moments (before or after any
statement or commit), or after a random time, wherever it then is. Before and after each act it says so through a pipe,
as a browser would know from an answer. Whoever survives (this process) then looks whether anything was lost, doubled or
unverifiable.

Runs on the database of the environment, which it migrates; prints how the lives ended and ends with 0, or says what
is wrong and ends with 1. Used by ``scripts/crash_harness.py`` and ``tests/integration/evidence/test_crashes.py``.
"""

import contextlib
import json
import os
import random
import select
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import django

django.setup()

from django.core.management import call_command  # noqa: E402 - models come after setup
from django.db import connection, connections, transaction  # noqa: E402 - see above

from tests.factories.evidence import HAPPENED, Person  # noqa: E402 - see above
from tests.fakes.witnesses import Bureau  # noqa: E402 - see above
from zhenxue.evidence import api as evidence  # noqa: E402 - see above
from zhenxue.evidence import data  # noqa: E402 - see above
from zhenxue.evidence.models import Cosignature, Entry, Witness, WitnessTrouble  # noqa: E402 - see above
from zhenxue.evidence.operations import add_witness, sequencing  # noqa: E402 - see above
from zhenxue.evidence.operations.cosigning import Reply, ask, take  # noqa: E402 - see above
from zhenxue.evidence.queries.log import find_head, read_stored_tile  # noqa: E402 - see above
from zhenxue.kernel import clock  # noqa: E402 - see above
from zhenxue.tlog.cosignatures import WitnessKey  # noqa: E402 - see above
from zhenxue.tlog.tiles import TileNodes  # noqa: E402 - see above
from zhenxue.witness.app import Witness as Program  # noqa: E402 - see above
from zhenxue.witness.keys import load_key  # noqa: E402 - see above
from zhenxue.witness.store import Store  # noqa: E402 - see above

ROUNDS = 3  # acts, steps and cosignatures of one life
MOST_ACTS = 4
STEP = 3  # entries a step of the sequencer takes here, so that a round has several
WHOLE_EVERY = 100  # lives between two verifications of the whole log
WORK = "CREATE TABLE crash_work (life integer NOT NULL, act integer NOT NULL)"


class Wrong(Exception):
    """Something was lost, doubled or unverifiable."""


@dataclass(slots=True)
class Life:
    """What the survivors know of a life: acts begun and acts answered, heads seen, moments passed, how it ended."""

    number: int
    begun: set[int] = field(default_factory=set)
    answered: set[int] = field(default_factory=set)
    notes: list[str] = field(default_factory=list)
    cosigned: int = 0
    moments: int = 0
    seconds: float = 0.0
    last: str = "start"
    was_killed: bool = False

    def hear(self, line: str) -> None:
        """One line through the pipe."""
        word, _, rest = line.partition(" ")
        if word == "begun":
            self.begun.add(int(rest))
        elif word == "answered":
            self.answered.add(int(rest))
        elif word == "head":
            self.notes.append(json.loads(rest))
        elif word == "cosigned":
            self.cosigned = int(rest)
        elif word == "moments":
            self.moments = int(rest)
        else:
            self.last = rest


class Moments:
    """Counts the moments of a life, and ends it at one of them."""

    def __init__(self, say: Callable[[str], None], end_at: int) -> None:
        self.say = say
        self.end_at = end_at
        self.count = 0

    def pass_(self, name: str) -> None:
        self.count += 1
        if self.count == self.end_at:
            self.say(f"at {name}")
            os.kill(os.getpid(), signal.SIGKILL)

    def around(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        """A wrapper of Django's: the moments before and after a statement."""
        words = sql.replace('"', "").split()
        table = next((word for word in words if word.startswith(("evidence_", "crash_"))), "")
        name = f"{words[0].lower()} {table}".strip()
        self.pass_(f"before {name}")
        result = execute(sql, params, many, context)
        self.pass_(f"after {name}")
        return result

    @contextlib.contextmanager
    def counted(self) -> Iterator[None]:
        """Statements and commits inside are moments."""
        commit = connection._commit  # type: ignore[attr-defined]  # the one place where Django commits

        def counted_commit() -> None:
            self.pass_("before commit")
            commit()
            self.pass_("after commit")

        connection._commit = counted_commit  # type: ignore[attr-defined]  # see above
        with connection.execute_wrapper(self.around):
            yield


def live(life: int, say: Callable[[str], None], end_at: int, folder: Path) -> None:
    """What the platform does, until it is killed."""
    dice = random.Random(life)
    moments = Moments(say, end_at)
    act = 0
    with moments.counted():
        for _ in range(ROUNDS):
            say("in record")
            for _ in range(dice.randint(1, MOST_ACTS)):
                act += 1
                say(f"begun {act}")
                do(life, act)
                say(f"answered {act}")
            say("in sequence")
            while sequencing.integrate_batch(now=clock.now()):
                show_head(say)
            say("in cosign")
            cosign(folder, say, moments)
    say(f"moments {moments.count}")


def do(life: int, act: int) -> None:
    """One act with its evidence."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("INSERT INTO crash_work (life, act) VALUES (%s, %s)", [life, act])
        body = {"n": act, "note": "自述"}
        evidence.record(kind=HAPPENED.name, actor=Person(), subject=f"life:{life}", body=body, now=clock.now())


def show_head(say: Callable[[str], None]) -> None:
    """As whoever fetches the checkpoint sees it."""
    head = find_head()
    if head is not None:
        say(f"head {json.dumps(head.note)}")


def cosign(folder: Path, say: Callable[[str], None], moments: Moments) -> None:
    """The collector's question, the witness's own store, and what is made of the answer."""
    signer = load_key(folder)
    program = Program(signer, Store.open(folder, str(WitnessKey.of(signer))), clock.now)
    question = ask(Witness.objects.get().pk, now=clock.now())
    while question is not None:
        moments.pass_("before the witness answers")
        found = program.add_checkpoint(question.body)
        reply = Reply(found.status, found.body)
        moments.pass_("after the witness answered")
        size, question = question.size, take(question, reply, now=clock.now())
        if reply.status == 200:
            say(f"cosigned {size}")


def run_life(number: int, folder: Path, *, end_at: int = 0, end_after: float = 0.0) -> Life:
    """One life, to its end; killed at its ``end_at``-th moment, or ``end_after`` seconds after it began."""
    life = Life(number)
    connections.close_all()
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        code = 1
        try:
            os.close(reader)
            live(number, lambda line: void(os.write(writer, f"{line}\n".encode())), end_at, folder)
            code = 0
        except Exception:  # noqa: BLE001 - told to whoever reads, then this process ends
            traceback.print_exc()
        finally:
            os._exit(code)
    os.close(writer)
    began = time.monotonic()
    heard = b""
    with open(reader, "rb", buffering=0) as pipe:
        while True:
            left = began + end_after - time.monotonic() if end_after else None
            if left is not None and left <= 0:
                os.kill(child, signal.SIGKILL)
                end_after = 0.0
            elif select.select([pipe], [], [], left)[0]:
                part = pipe.read(65_536)
                if not part:
                    break
                heard += part
    life.seconds = time.monotonic() - began
    ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if ended not in {0, -signal.SIGKILL}:
        raise Wrong(f"life {number} died of itself ({ended})")
    for line in heard.decode().splitlines():
        life.hear(line)
    life.was_killed = ended != 0
    return life


def void(_: object) -> None:
    """Nothing."""


def wait_for_the_server() -> None:
    """PostgreSQL may still be at the last statement of a client that is dead; that one counts as well."""
    end = time.monotonic() + 120
    while connection.vendor == "postgresql" and time.monotonic() < end:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                " AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
            )
            if not cursor.fetchone()[0]:
                return
        time.sleep(0.005)


def check_life(life: Life, size: int) -> int:
    """Nothing lost, nothing doubled: the size of the log now. Raises ``Wrong``."""
    wait_for_the_server()
    with connection.cursor() as cursor:
        cursor.execute("SELECT act FROM crash_work WHERE life = %s ORDER BY act", [life.number])
        rows = [act for (act,) in cursor.fetchall()]
    entries = [
        json.loads(envelope)["body"]["n"]
        for envelope in Entry.objects.filter(subject=f"life:{life.number}")
        .order_by("id")
        .values_list("envelope", flat=True)
    ]
    if sorted(entries) != rows or len(set(rows)) != len(rows):
        raise Wrong(f"life {life.number}: the work is {rows}, the evidence {entries}")
    if not life.answered <= set(rows) <= life.begun:
        raise Wrong(f"life {life.number}: answered {life.answered}, done {rows}, begun {life.begun}")
    head = find_head()
    numbers = list(Entry.objects.filter(number__gt=size).order_by("number").values_list("number", flat=True))
    now = head.size if head else 0
    if numbers != list(range(size + 1, now + 1)):
        raise Wrong(f"after life {life.number} the head is at {now}, the numbers after {size} are {numbers}")
    if head is not None and TileNodes(head.size, read_stored_tile).root() != head.root:
        raise Wrong(f"after life {life.number} the tiles give another root than the checkpoint at {head.size}")
    if life.cosigned and not Cosignature.objects.filter(checkpoint__size=life.cosigned).exists():
        raise Wrong(f"life {life.number} had a cosignature of size {life.cosigned} that is gone")
    return now


def check_whole(notes: list[str]) -> None:
    """The log verifies and extends every checkpoint that was ever seen. Raises ``Wrong``."""
    report = evidence.verify_log(kept=notes)
    if not report.is_clean:
        raise Wrong("; ".join(map(str, report.findings[:5])))


def main() -> int:
    kills = int(sys.argv[1])
    dice = random.Random(int(sys.argv[2]) if len(sys.argv) > 2 else 4)
    data._projections.clear()  # the tables of the upper rooms are not here
    call_command("migrate", "evidence", verbosity=0)
    with connection.cursor() as cursor:
        cursor.execute(WORK)
    sequencing.BATCH = STEP
    try:
        with tempfile.TemporaryDirectory() as folder:
            ended = run(kills, dice, Path(folder))
    except Wrong as wrong:
        print(f"wrong: {wrong}")
        return 1
    for name, count in sorted(ended.items()):
        print(f"{count:5}  {name}")
    return 0


def run(kills: int, dice: random.Random, folder: Path) -> Counter[str]:
    """So many lives that were killed; how they ended."""

    evidence.integrate(clock.now())
    bureau = Bureau(folder, clock.now)
    add_witness(
        vkey=str(bureau.key), url="http://127.0.0.1:9", organisation="市人社局", actor=Person(), now=clock.now()
    )
    bureau.store.close()
    calm = [run_life(-number, folder) for number in (1, 2, 3)]
    moments, seconds = max(life.moments for life in calm), max(life.seconds for life in calm)
    ended: Counter[str] = Counter()
    notes: list[str] = [note for life in calm for note in life.notes]
    size = number = 0
    for life in calm:
        size = check_life(life, size) if life is calm[-1] else size
    while ended.total() < kills:
        number += 1
        if number % 2:
            life = run_life(number, folder, end_at=dice.randint(1, moments))
        else:
            life = run_life(number, folder, end_after=dice.uniform(0.001, seconds))
        notes.extend(life.notes)
        size = check_life(life, size)
        if life.was_killed:
            ended[life.last if number % 2 else f"at any time in {life.last}"] += 1
        if number % WHOLE_EVERY == 0:
            check_whole(notes)
    last = run_life(number + 1, folder)
    check_life(last, size)
    check_whole([*notes, *last.notes])
    if Entry.objects.filter(number__isnull=True).exists() or last.cosigned != find_size():
        raise Wrong("a life that nobody ended left something undone")
    if WitnessTrouble.objects.exists():
        raise Wrong(f"the witness did not agree: {WitnessTrouble.objects.all()[0].words}")
    ended["= lives killed"] = ended.total()
    ended["= entries in the log"] = find_size()
    return ended


def find_size() -> int:
    """The size that the newest checkpoint tells."""
    head = find_head()
    return head.size if head else 0


if __name__ == "__main__":
    sys.exit(main())
