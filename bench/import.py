"""How long 20,000 questions of a dirty sheet take from the file to the bank, and how much memory.

``python bench/import.py [--quick] [--databases sqlite,postgres]``

A workbook of 20,000 questions (2,000 with ``--quick``) in the layouts people send (options in columns, in one cell, in
the stem; letters, words, numbers as answers; every fiftieth row refused, every hundredth a double) goes through the
operations as the web and the worker run them: read, checked and shown; then confirmed and saved in one transaction.
Everything happens in one fresh process per database; its peak of resident memory is the figure. The baseline, in the
same run: plain openpyxl going through the same file's cells and doing nothing with them, in a process of its own.
Afterwards the bank must hold every good question, and the page of the preview must be one page.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.support.ground import database, report, run

TARGET_SECONDS, TARGET_BYTES = 30, 500_000_000

MAKE = """
import sys
from openpyxl import Workbook
count, path = int(sys.argv[1]), sys.argv[2]
book = Workbook(write_only=True)
sheet = book.create_sheet("单选题库")
sheet.append(["2026 年电工（四级）理论题库"])
sheet.append("序号 题型 题干 选项A 选项B 选项C 选项D 选项 答案 解析 分值 难度 知识点".split())
same = ["断开电源", "挂警示牌", "戴绝缘手套", "通知值班员"]
for number in range(1, count + 1):
    stem = f"{number}、第{number}号设备在检修之前，作业人员首先应当做什么，依据是安全规程第{number % 97}条？"
    tail = [f"见规程第{number % 97}条，先断电再验电。" * 3, "2", "中", f"安全用电-{number % 12}"]
    if number % 100 == 0:
        stem = "100、重复的题，作业人员首先应当做什么？"
    answer = "ABCD"[number % 4]
    if number % 50 == 1:
        row = [number, "单选题", stem, *same, "", "E", *tail]
    elif number % 5 == 0:
        row = [number, "单选题", stem, "", "", "", "", "A.断开电源B.挂警示牌C.戴绝缘手套D.通知值班员", answer, *tail]
    elif number % 5 == 1:
        row = [number, "多选题", stem, *same, "", "A、C", *tail]
    elif number % 5 == 2:
        row = [number, "判断题", stem, "", "", "", "", "", "√" if number % 2 else "×", *tail]
    elif number % 5 == 3:
        row = [number, "填空题", stem + "应当____后____。", "", "", "", "", "", "断电；验电|测电", *tail]
    else:
        row = [number, "", stem, *same, "", answer, *tail]
    sheet.append(row)
book.save(path)
"""

PLAIN = """
import json, resource, sys, time
began, cpu = time.perf_counter(), time.process_time()
from openpyxl import load_workbook
book = load_workbook(sys.argv[1], read_only=True, data_only=True)
cells = sum(1 for sheet in book.worksheets for row in sheet.iter_rows(values_only=True) for cell in row)
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
print(json.dumps({"seconds": seconds, "cpu": cpu, "peak": peak, "cells": cells}))
"""

WORK = """
import json, resource, sys, time
from pathlib import Path
import django
django.setup()
from django.core.management import call_command
call_command("migrate", verbosity=0)
from tests.factories.ground import lay_ground
lay_ground()
from tests.factories.identity import NOW, make_provider
from zhenxue.exams import api as exams
from zhenxue.exams.models import Question
from zhenxue.exams.operations import importing
from zhenxue.exams.queries import imports

manager = make_provider()
bank = exams.create_bank(actor=manager, title="电工题库", now=NOW)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
took = {}

def timed(name, act):
    began, cpu = time.perf_counter(), time.process_time()
    answer = act()
    took[name], took[name + "_cpu"] = time.perf_counter() - began, time.process_time() - cpu
    return answer

path = Path(sys.argv[1])
with path.open("rb") as source:
    shown = timed("take", lambda: importing.preview_import(
        actor=manager, bank=bank, source=source, file_name=path.name, now=NOW))
timed("read", lambda: importing.read_import(import_id=shown.pk))
shown.refresh_from_db()
if shown.state != "checked":
    raise SystemExit(shown.failure)
counts = timed("count", lambda: imports.count_items(shown))
timed("page", lambda: list(imports.items_of(shown).filter(verdict="refused")[:50]))
timed("confirm", lambda: importing.confirm_import(actor=manager, preview=shown, only_good=True, now=NOW))
timed("save", lambda: importing.run_save(actor=manager, import_id=shown.pk, now=NOW))
shown.refresh_from_db()
if shown.state != "saved" or Question.objects.filter(bank=bank).count() != shown.saved or shown.saved != counts.will:
    raise SystemExit(f"{shown.state} {shown.failure} {shown.saved} {counts}")
took |= {"peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024, "before": before, "saved": shown.saved}
took |= {"refused": counts.refused, "doubled": counts.doubled, "total": shown.total}
print(json.dumps(took))
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="2,000 questions instead of 20,000, SQLite only")
    parser.add_argument("--databases", default="sqlite,postgres")
    options = parser.parse_args()
    count = 2_000 if options.quick else 20_000
    names = ["sqlite"] if options.quick else options.databases.split(",")
    with tempfile.TemporaryDirectory(prefix="zhenxue-bench-") as folder:
        path = Path(folder, "题库.xlsx")
        for name in names:
            with database(name) as environment:
                if not path.exists():
                    run(["-c", MAKE, str(count), str(path)], environment)
                    plain = json.loads(run(["-c", PLAIN, str(path)], environment))
                    report("import.questions", count, "questions")
                    report("import.file", path.stat().st_size, "bytes")
                    report("import.plain_openpyxl", round(plain["seconds"], 2), "s")
                    report("import.plain_openpyxl_cpu", round(plain["cpu"], 2), "cpu-s")
                took = json.loads(run(["-c", WORK, str(path)], environment).splitlines()[-1])
            whole = sum(took[step] for step in ("take", "read", "confirm", "save"))
            for step in ("take", "read", "count", "page", "save"):
                report(f"import.{name}.{step}", round(took[step], 2), "s")
            report(f"import.{name}.whole", round(whole, 2), f"s (target {TARGET_SECONDS})")
            report(f"import.{name}.cpu", round(took["take_cpu"] + took["read_cpu"] + took["save_cpu"], 2), "cpu-s")
            report(f"import.{name}.times_plain", round(whole / plain["seconds"], 1), "x plain openpyxl reading")
            report(f"import.{name}.peak", took["peak"], f"bytes (target {TARGET_BYTES})")
            report(f"import.{name}.peak_before", took["before"], "bytes")
            report(f"import.{name}.saved", took["saved"], "questions")
            report(f"import.{name}.refused", took["refused"], "items")
            report(f"import.{name}.doubled", took["doubled"], "items")


if __name__ == "__main__":
    main()
