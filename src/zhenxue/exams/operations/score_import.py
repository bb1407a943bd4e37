"""Score sheets that were filled in on paper: a template with every learner and step, and its import row by row."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field

from django.db import transaction

from zhenxue.exams.models import Exam
from zhenxue.exams.operations.drawing import draw_sheet
from zhenxue.exams.operations.marking import points
from zhenxue.exams.operations.practical import open_sheet, save_sheet, submit_sheet
from zhenxue.exams.operations.rubric import as_points
from zhenxue.exams.queries.practical import Step, learners_of, steps_of_lines
from zhenxue.identity.data import Actor
from zhenxue.kernel import sheets
from zhenxue.kernel.errors import ZhenxueError

NUMBER, NAME, COMMENT = "学籍号", "姓名", "备注"
MOST_ROWS = 1_000


@dataclass(frozen=True, slots=True)
class ImportedRow:
    """One row with its answer: taken over, left out (no points at all), or what is wrong with it."""

    number: int
    name: str
    total: str = ""
    problems: list[str] = field(default_factory=list)
    is_empty: bool = False


@dataclass(frozen=True, slots=True)
class ImportedScores:
    """Every row; saved only when none has a problem."""

    rows: list[ImportedRow]
    saved: int

    @property
    def refused(self) -> int:
        return sum(bool(row.problems) for row in self.rows)


def template(exam: Exam) -> bytes:
    """An xlsx with a row for each learner and a column for each step, to fill in or to print."""
    steps = steps_of_lines(draw_sheet(exam))
    rows = [[str(one.pk), one.person.name, *[""] * len(steps), ""] for one in learners_of(exam).order_by("pk")]
    notes = (
        f"考核：{exam.title}",
        "每名学员一行，每一步填得分（不是扣分），最多一位小数。还没有评分的学员整行留空。",
        "学籍号和姓名请不要改。导入的是你本人的评分，另一位考评员用自己的账号导入。",
    )
    return sheets.write_xlsx("评分表", [NUMBER, NAME, *map(_title, range(len(steps)), steps), COMMENT], rows, notes)


def import_scores(*, actor: Actor, exam: Exam, source: bytes, file_name: str, now: dt.datetime) -> ImportedScores:
    """Takes over this examiner's sheets from a table, all of them or, when a row is wrong, none.

    Raises ``Invalid`` at ``file`` when it cannot be read at all.
    """
    steps = steps_of_lines(draw_sheet(exam))
    columns = [sheets.Column("number", (NUMBER,), required=True), sheets.Column("name", (NAME,))]
    columns += [sheets.Column(f"s{at}", (_title(at, one),), required=True, may_be_empty=True) for at, one in _at(steps)]
    columns.append(sheets.Column("comment", (COMMENT,)))
    table = sheets.table(sheets.read_sheet(source, file_name, max_rows=MOST_ROWS), columns)
    known = {str(one.pk): one for one in learners_of(exam)}
    rows: list[ImportedRow] = []
    seen: set[str] = set()
    with transaction.atomic():
        for record in table.records:
            number, texts = record.values["number"], [record.values[f"s{at}"] for at, _ in _at(steps)]
            problems = [*record.problems, *_problems(steps, texts)]
            learner = known.get(number)
            name = learner.person.name if learner else record.values["name"]
            if learner is None:
                problems.append(f"班里没有学籍号为“{number}”的学员。")
            elif record.values["name"] and record.values["name"] != learner.person.name:
                problems.append("学籍号和姓名对不上。")
            if number in seen:
                problems.append("这名学员在表里出现了两次。")
            seen.add(number)
            if not any(texts):
                rows.append(ImportedRow(record.number, name, is_empty=True))
                continue
            total = ""
            if not problems and learner is not None:
                try:
                    total = _take(actor, exam, learner.pk, texts, record.values["comment"], now)
                except ZhenxueError as error:
                    problems.append(error.message)
            rows.append(ImportedRow(record.number, name, total, problems))
        wrong = any(row.problems for row in rows)
        if wrong:
            transaction.set_rollback(True)
    return ImportedScores(rows, 0 if wrong else sum(not row.is_empty for row in rows))


def _take(actor: Actor, exam: Exam, enrolment_id: int, texts: Sequence[str], comment: str, now: dt.datetime) -> str:
    with transaction.atomic():
        sheet = open_sheet(actor=actor, exam=exam, enrolment_id=enrolment_id, now=now, from_paper=True)
        given = [{"points": text, "deductions": []} for text in texts]
        saved = save_sheet(actor=actor, sheet_id=sheet.pk, given=given, comment=comment, now=now)
        submit_sheet(actor=actor, sheet_id=sheet.pk, now=now)
    return points(saved.points)


def _problems(steps: Sequence[Step], texts: Sequence[str]) -> list[str]:
    """What is wrong with the points of a row that holds any."""
    if not any(texts):
        return []
    found = []
    for (at, step), text in zip(_at(steps), texts, strict=True):
        got = as_points(text)
        if not text:
            found.append(f"第 {at + 1} 步没有得分。")
        elif got is None or not 0 <= got <= step.most:
            found.append(f"第 {at + 1} 步应在 0 到 {points(step.most)} 之间。")
    return found


def _title(at: int, step: Step) -> str:
    return f"第{at + 1}步 {step.title}（{points(step.most)}分）"


def _at(steps: Sequence[Step]) -> list[tuple[int, Step]]:
    return list(enumerate(steps))
