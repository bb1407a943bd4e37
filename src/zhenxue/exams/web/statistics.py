"""Figures of questions as a chart by month and as a spreadsheet."""

from collections.abc import Iterable
from dataclasses import dataclass

from zhenxue.exams.data import Kind, QuestionState
from zhenxue.exams.models import Question, QuestionBank, QuestionStatistics
from zhenxue.exams.queries.statistics import FEWEST_SHOWN, choices_with_counts, flags_of
from zhenxue.kernel import sheets

HEADER = ["题号", "版本", "题型", "题干", "难度（作者）", "状态", "出现次数", "作答次数", "得分率", "区分度"]
HEADER += ["用时中位数（秒）", "选项分布", "提示", "统计时间"]
TALL, BASE, MOST_MONTHS = 120, 140, 24


@dataclass(frozen=True, slots=True)
class Column:
    """One month of the chart, in the units of its drawing (600 wide, 160 high)."""

    month: str
    shown: int
    percent: int
    x: int
    y: int
    width: int
    height: int
    middle: int


def columns_of(found: QuestionStatistics) -> list[Column]:
    """The share of the score month by month, the newest ``MOST_MONTHS``."""
    rows = found.drift[-MOST_MONTHS:]
    step = 600 // max(len(rows), 1)
    width = min(step * 7 // 10, 48)
    columns = []
    for index, (month, shown, facility) in enumerate(rows):
        percent = round(float(facility) * 100)
        height = max(percent * TALL // 100, 1)
        middle = index * step + step // 2
        columns.append(Column(month, shown, percent, middle - width // 2, BASE - height, width, height, middle))
    return columns


def figures_sheet(bank: QuestionBank, questions: Iterable[Question]) -> bytes:
    """The figures of a bank's questions; what is not known stays empty."""
    rows: list[list[sheets.CellValue]] = []
    for question in questions:
        found = question.statistics
        choices = "；".join(f"{one.value} {one.count}" for one in choices_with_counts(question))
        rows.append(
            [
                question.number,
                question.version,
                Kind(question.kind).label,
                question.stem,
                question.difficulty,
                QuestionState(question.state).label,
                found.shown,
                found.answered,
                found.facility,
                found.discrimination,
                found.seconds,
                choices,
                "、".join(flag.label for flag in flags_of(question)),
                found.computed_at,
            ]
        )
    notes = (
        f"题库：{bank.title}",
        "得分率：平均得到的分占该题分值的比例。区分度：该题得分与同卷其余题得分的相关系数，-1 到 1。",
        f"出现不到 {FEWEST_SHOWN} 次的题不作提示。作废的答卷不计入。",
    )
    return sheets.write_xlsx("题目统计", HEADER, rows, notes)
