"""How the cost of a beat grows with what is stored: 10 thousand spans against 10 million, in the same run.

``python bench/growth.py [--quick] [--spans N] [--databases sqlite,postgres]``

The ledger's spans (and as many raw beats of ended sessions) are written in bulk by the database itself, spread over
enrolments and months as years of study would leave them; then the same load as in ``bench/beats.py`` runs, and every
session that studied is settled into the ledger. The figures are the server's processor time a beat and a settling: a
busy machine does not falsify them. The baseline of the same run is the same database while it is nearly empty.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.support.beats import Session, load, prepare, server
from bench.support.ground import cpu_seconds, database, report, run

FILL = """
import sys, time, datetime as dt
import django
django.setup()
from django.db import connection
from zhenxue.ledger.models import Span
from zhenxue.study.models import Beat, StudySession

begin, end = int(sys.argv[1]), int(sys.argv[2])
session = StudySession.objects.order_by("pk").last()
sqlite = connection.vendor == "sqlite"
numbers = (
    "(WITH RECURSIVE n(i) AS (SELECT %d UNION ALL SELECT i + 1 FROM n WHERE i < %d) SELECT i FROM n)" if sqlite
    else "generate_series(%d, %d)"
) % (begin, end - 1)
at = (
    "strftime('%Y-%m-%d %H:%M:%S', '2024-01-01', '+' || ((i % 900000) * 60) || ' seconds')" if sqlite
    else "timestamptz '2024-01-01 00:00:00+00' + (i % 900000) * interval '60 seconds'"
)
day = (
    "date('2024-01-01', '+' || ((i % 900000) / 1440) || ' days')" if sqlite
    else "date '2024-01-01' + (i % 900000) / 1440"
)
values = {
    "enrolment_id": f"{session.enrolment_id}", "kind": "'online'", "unit_id": f"{session.unit_id}", "line_id": "NULL",
    "state": "'credited'", "reason": "''", "from_ms": "0", "to_ms": "60000", "seconds": "60", "claimed_seconds": "60",
    "began_at": at, "ended_at": at, "day": day, "source": "'study:0'", "created_at": at,
}
columns = [field.column for field in Span._meta.concrete_fields if not field.primary_key]
missing = [name for name in columns if name not in values]
assert not missing, missing
source = f"{numbers} AS n" if sqlite else f"{numbers} AS n(i)"
with connection.cursor() as cursor:
    picked = ", ".join(values[name] for name in columns)
    cursor.execute(f"INSERT INTO ledger_span ({', '.join(columns)}) SELECT {picked} FROM {source}")
    old = int(dt.datetime(2024, 1, 1, tzinfo=dt.UTC).timestamp() * 1000)
    true = "1" if sqlite else "true"
    beat = {
        "session_id": f"{session.pk}", "number": "1000000 + i", "accepted": true, "event": "'tick'",
        "received_ms": f"{old} + (i % 900000) * CAST(60000 AS bigint)", "began_ms": "0", "ended_ms": "60000",
        "from_ms": "0", "to_ms": "60000", "claimed_ms": "60000", "credit_ms": "60000", "rate_percent": "100",
        "visible": true, "focused": true, "playing": true,
        "idle_ms": "0", "page": "0", "reason": "''",
    }
    names = [field.column for field in Beat._meta.concrete_fields if not field.primary_key]
    missing = [name for name in names if name not in beat]
    assert not missing, missing
    picked = ", ".join(beat[name] for name in names)
    cursor.execute(f"INSERT INTO study_beat ({', '.join(names)}) SELECT {picked} FROM {source}")
    cursor.execute("ANALYZE")
"""

SETTLE = """
import sys, time
import django
django.setup()
from django.db.models import F
from zhenxue.kernel import clock
from zhenxue.study.models import StudySession
from zhenxue.study.operations import settle
first, count = int(sys.argv[1]), int(sys.argv[2])
behind = StudySession.objects.filter(pk__gte=first, number__gt=F("settled_number"), number__lt=1000000)
behind = list(behind.order_by("pk").values_list("pk", flat=True)[:count])
settle(session_id=behind[0], now=clock.now())
began = time.process_time()
for pk in behind[1:]:
    settle(session_id=pk, now=clock.now())
print((time.process_time() - began) / (len(behind) - 1) * 1e6)
"""


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured: spans stored (few and many), open sessions, beats of each, sessions settled."""

    few: int
    many: int
    sessions: int
    beats: int
    settled: int


QUICK = Size(few=2_000, many=50_000, sessions=256, beats=16, settled=150)
CONNECTIONS = 256


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="50 thousand spans against 2 thousand, SQLite only")
    parser.add_argument("--spans", type=int, default=10_000_000)
    parser.add_argument("--databases", default="sqlite,postgres")
    options = parser.parse_args()
    size = QUICK if options.quick else Size(10_000, options.spans, sessions=2048, beats=15, settled=400)
    for name in ["sqlite"] if options.quick else options.databases.split(","):
        with database(name) as environment:
            sessions = prepare(environment, 2 * size.sessions)
            fill(environment, 0, size.few)
            few = cost(environment, sessions[: size.sessions], size)
            fill(environment, size.few, size.many)
            many = cost(environment, sessions[size.sessions :], size)
        units = ("us_per_beat", "us_per_settling")
        for what, unit, before, after in zip(("beat", "settle"), units, few, many, strict=True):
            report(f"growth_{what}_{name}_{size.few}", round(before), unit)
            report(f"growth_{what}_{name}_{size.many}", round(after), unit)
            report(f"growth_{what}_{name}", round(after / before, 2), "x")


def fill(environment: dict[str, str], begin: int, end: int) -> None:
    """Stores the spans and beats from number to number."""
    run(["-W", "ignore", "-c", FILL, str(begin), str(end)], environment)


def cost(environment: dict[str, str], sessions: Sequence[Session], size: Size) -> tuple[float, float]:
    """Microseconds of processor time a beat of these sessions, and a settling, beside what is stored now."""
    with server("ours", environment) as (port, process_id):
        load(port, sessions[:CONNECTIONS], connections=CONNECTIONS, turns=2)
        began = cpu_seconds(process_id)
        turns = size.beats * size.sessions // CONNECTIONS
        result = load(port, sessions, connections=CONNECTIONS, turns=turns)
        beat = (cpu_seconds(process_id) - began) * 1e6 / result.answered
    words = ["-W", "ignore", "-c", SETTLE, str(sessions[0].pk), str(size.settled)]
    return beat, float(run(words, environment).strip().splitlines()[-1])


if __name__ == "__main__":
    main()
