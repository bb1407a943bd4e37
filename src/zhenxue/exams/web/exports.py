"""Spreadsheets of ``exams``."""

from zhenxue.exams.data import AttemptEnd, AttemptState
from zhenxue.exams.models import Exam
from zhenxue.exams.queries import attempts_of
from zhenxue.kernel import masking, sheets

HEADER = ["姓名", "公民身份号码", "第几次", "状态", "开始时间", "交卷时间", "用时（分）", "交卷方式"]
HEADER += ["得分", "总分", "结果"]


def results_sheet(exam: Exam) -> bytes:
    """All attempts of an exam; citizen numbers are masked (A4)."""
    rows: list[list[sheets.CellValue]] = []
    for attempt in attempts_of(exam).order_by("enrolment__person__name", "enrolment_id", "number"):
        person = attempt.enrolment.person
        took = (attempt.submitted_at - attempt.started_at) if attempt.submitted_at else None
        rows.append(
            [
                person.name,
                masking.citizen_number(person.citizen_number),
                attempt.number,
                AttemptState(attempt.state).label,
                attempt.started_at,
                attempt.submitted_at,
                int(took.total_seconds()) // 60 if took is not None else None,
                AttemptEnd(attempt.ended_by).label if attempt.ended_by else "",
                attempt.score,
                attempt.total,
                {True: "合格", False: "不合格", None: ""}[attempt.passed],
            ]
        )
    notes = (
        f"班期：{exam.cohort.code} {exam.cohort.title}",
        f"考试：{exam.title}（第 {exam.stage_number} 阶段，合格线 {exam.pass_percent}%）",
        "公民身份号码按规定隐去中间八位。",
    )
    return sheets.write_xlsx("成绩", HEADER, rows, notes)
