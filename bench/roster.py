"""How much processor time a roster of thousands takes, against entering the same kind of people one by one.

``python bench/roster.py [--quick] [--databases sqlite,postgres]``

A draft cohort in a fresh, durable database gets a workbook of 10,000 rows (1,500 with ``--quick``): it is read, checked
and imported through the operations, as the web and the worker do. The baseline, in the same run and database, enters
300 other people by ``register_person``, ``ensure_learner_account`` and one enrolment each. Afterwards everybody must be
enrolled with an account, and the evidence must be one entry a batch. Then first passwords are made for a hundred. The
figures are seconds of this process's processor time (``time.process_time``), so a busy machine does not change them
much; a database server's own time is not in them.
"""

import argparse
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.support.ground import database, report, run

WORK = """
import json, sys, time
import django
django.setup()
from django.core.management import call_command
call_command("migrate", verbosity=0)
from django.db import transaction
from tests.factories.identity import NOW, citizen_number, person_name, phone
from tests.factories.training import make_draft_cohort
from zhenxue.identity import api as identity
from zhenxue.identity.models import Account
from zhenxue.evidence.models import Entry
from zhenxue.kernel import sheets
from zhenxue.training.data import ROSTER_TITLES
from zhenxue.training.models import Enrolment
from zhenxue.training.operations import roster

count, alone = int(sys.argv[1]), int(sys.argv[2])
numbers = set()
while len(numbers) < count + alone:
    numbers.add(citizen_number())
everybody = [(person_name(), number, phone(), "", "农村转移劳动力") for number in numbers]
rows, singles = everybody[:count], everybody[count:]
data = sheets.write_xlsx("学员名册", list(ROSTER_TITLES), rows, as_text=True)
made = make_draft_cohort(learners=0, capacity=count)
other = make_draft_cohort(made.manager, programme=made.cohort.programme, learners=0, capacity=alone)
took = {}

def timed(name, act):
    began = time.process_time()
    answer = act()
    took[name] = time.process_time() - began
    return answer

def one_by_one():
    for name, number, tel, _, _ in singles:
        with transaction.atomic():
            person = identity.register_person(
                actor=made.manager, name=name, citizen_number=number, phone=tel, now=NOW)
            identity.ensure_learner_account(actor=made.manager, person=person, now=NOW, password="")
            Enrolment.objects.create(cohort=other.cohort, person=person, target_group="rural", enrolled_at=NOW)

timed("one_by_one", one_by_one)
before = Entry.objects.count()
found = timed("read", lambda: roster.upload_roster(
    actor=made.manager, cohort_id=made.cohort.pk, data=data, file_name="roster.xlsx", now=NOW))
timed("check", lambda: roster.check_import(import_id=found.pk, now=NOW))
timed("confirm", lambda: roster.confirm_import(
    actor=made.manager, import_id=found.pk, skip_invalid=False, now=NOW))
timed("import", lambda: roster.run_import(actor=made.manager, import_id=found.pk, now=NOW))
found.refresh_from_db()
enrolled = Enrolment.objects.filter(cohort=made.cohort).values("person_id")
accounts = Account.objects.filter(person_id__in=enrolled).count()
if (found.state, found.imported, accounts) != ("done", count, count):
    raise SystemExit(f"{found.state}: {found.imported} imported, {accounts} accounts; {found.failure}")
took["entries"] = Entry.objects.count() - before
timed("passwords", lambda: identity.make_first_passwords(100))
print(json.dumps(took))
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="1,500 rows instead of 10,000")
    parser.add_argument("--databases", default="sqlite,postgres")
    options = parser.parse_args()
    count, alone = (1_500, 100) if options.quick else (10_000, 300)
    for name in options.databases.split(","):
        with database(name) as environment:
            took = json.loads(run(["-c", WORK, str(count), str(alone)], environment).splitlines()[-1])
        whole = sum(took[step] for step in ("read", "check", "confirm", "import"))
        single = took["one_by_one"] / alone * count
        report(f"roster.{name}.rows", count, "rows")
        for step in ("read", "check", "import"):
            report(f"roster.{name}.{step}", round(took[step], 2), "cpu-s")
        report(f"roster.{name}.whole", round(whole, 2), "cpu-s")
        report(f"roster.{name}.one_by_one", round(single, 2), f"cpu-s for {count} rows, entering only, from {alone}")
        report(f"roster.{name}.times_faster", round(single / whole, 1), "x, though it reads and checks as well")
        report(f"roster.{name}.evidence", took["entries"], "entries")
        report(f"roster.{name}.first_password", round(took["passwords"] * 10, 1), "cpu-ms each")


if __name__ == "__main__":
    main()
