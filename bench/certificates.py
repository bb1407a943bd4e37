"""How long 5,000 certificates of completion take on one core, from the click to sealed files, rows and log entries.

``python bench/certificates.py [--quick] [--databases sqlite,postgres]``

A class of 5,000 learners (200 with ``--quick``) who have all completed their course: who is entitled is asked as the
page asks it, then one worker makes the certificates (`exams.operations.certificates.issue_batch`): number, PDF with
Chinese font and QR code (Typst), sealed file (fsync), row, log entry, notice. One process, held to one core. The rows
that make learners complete (coverage, attempts) stand in bulk; who is entitled is decided by the code that decides it
always, except that the 5,000 sets of finished units are given by the ledger's tables directly. Afterwards every learner
must hold exactly one certificate, all numbers and codes must differ, 20 files are opened and read, and the projection
of `zhenxue verify` must find nothing.
"""

import argparse
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.support.ground import database, report, run

TARGET_SECONDS = 300

WORK = """
import json, os, resource, sys, time
from pathlib import Path
os.sched_setaffinity(0, {sorted(os.sched_getaffinity(0))[0]})
import django
django.setup()
from django.core.management import call_command
call_command("migrate", verbosity=0)
from tests.factories.ground import lay_ground
lay_ground()
from tests.factories.exams_certificates import AFTER, make_completed
from tests.factories.identity import make_person
from zhenxue.exams.models import Attempt, Certificate
from zhenxue.exams.operations import certificates as operations
from zhenxue.exams.operations.certificate_files import open_file
from zhenxue.exams.queries.certificates import check_certificates
from zhenxue.ledger.models import Coverage, Span
from zhenxue.training.models import Cohort, Enrolment

count = int(sys.argv[1])
sitting = make_completed(learners=1)
first = sitting.enrolments[0]
cohort = Cohort.objects.get(pk=first.cohort_id)
people = [make_person(name=f"张{chr(0x4e00 + at % 3000)}{chr(0x5000 + at % 2000)}") for at in range(count - 1)]
more = [Enrolment(cohort=cohort, person=one, target_group="rural", enrolled_at=first.enrolled_at) for one in people]

def insert(rows):
    for at in range(0, len(rows), 500):
        type(rows[0]).objects.bulk_create(rows[at : at + 500])

from django.db import connection
with connection.cursor() as cursor:  # the frozen roster's triggers stand in the way of a bench
    if connection.vendor == "sqlite":
        cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'training_enrolment'")
        triggers = cursor.fetchall()
        for name, _ in triggers:
            cursor.execute(f'DROP TRIGGER "{name}"')
    else:
        cursor.execute("ALTER TABLE training_enrolment DISABLE TRIGGER USER")
insert(more)
def copies(model, **where):
    for row in list(model.objects.filter(**where)):
        made = []
        for one in more:
            fields = {f.attname: getattr(row, f.attname) for f in model._meta.concrete_fields if not f.primary_key}
            made.append(model(**{**fields, "enrolment_id": one.pk}))
        insert(made)
with connection.cursor() as cursor:
    for table in ("ledger_coverage", "ledger_span", "exams_attempt"):
        if connection.vendor == "sqlite":
            cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = %s", [table])
            for (name,) in cursor.fetchall():
                cursor.execute(f'DROP TRIGGER "{name}"')
        else:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
copies(Coverage, enrolment_id=first.pk)
copies(Span, enrolment_id=first.pk)
copies(Attempt, enrolment_id=first.pk)
began, cpu = time.perf_counter(), time.process_time()
batch = operations.ask_certificates(actor=sitting.manager, cohort=cohort, now=AFTER)
asked = time.perf_counter() - began
done = operations.issue_batch(actor=sitting.manager, batch_id=batch.pk, now=AFTER)
seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
rows = list(Certificate.objects.all())
assert done.state == "done" and done.done == count == len(rows), (done.state, done.done, len(rows))
assert len({one.enrolment_id for one in rows}) == len({one.number for one in rows}) == count
assert len({one.code for one in rows}) == count
assert all(open_file(one).startswith(b"%PDF") for one in rows[:: max(count // 20, 1)])
found = list(check_certificates())
assert not found, found[:3]
size = sum(one.stat().st_size for one in Path(os.environ["ZHENXUE_DATA_FOLDER"]).rglob("*.sealed"))
print(json.dumps({"seconds": seconds, "cpu": cpu, "asked": asked, "peak": peak, "bytes": size}))
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="200 certificates instead of 5,000, SQLite only")
    parser.add_argument("--databases", default="sqlite,postgres")
    options = parser.parse_args()
    count = 200 if options.quick else 5_000
    for name in ["sqlite"] if options.quick else options.databases.split(","):
        with database(name) as environment:
            took = json.loads(run(["-c", WORK, str(count)], environment).splitlines()[-1])
        report(f"certificates.{name}.count", count, "certificates")
        report(f"certificates.{name}.seconds", round(took["seconds"], 1), f"s (target {TARGET_SECONDS} for 5,000)")
        report(f"certificates.{name}.cpu", round(took["cpu"], 1), "cpu-s")
        report(f"certificates.{name}.each", round(took["cpu"] * 1000 / count, 2), "cpu-ms")
        report(f"certificates.{name}.entitled", round(took["asked"], 2), "s")
        report(f"certificates.{name}.peak", took["peak"], "bytes")
        report(f"certificates.{name}.files", took["bytes"], "bytes")


if __name__ == "__main__":
    main()
