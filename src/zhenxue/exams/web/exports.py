"""Spreadsheets of ``exams``."""

from zhenxue.exams.data import AttemptEnd, AttemptState
from zhenxue.exams.models import Exam
from zhenxue.exams.queries import attempts_of, question_figures
from zhenxue.exams.queries.wrong import by_point
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
    stage = f"，第 {exam.stage_number} 阶段" if exam.stage_number else ""
    notes = (
        f"班期：{exam.cohort.code} {exam.cohort.title}",
        f"考试：{exam.title}（{exam.get_kind_display()}{stage}，合格线 {exam.pass_percent}%）",
        "公民身份号码按规定隐去中间八位。",
    )
    return sheets.write_xlsx("成绩", HEADER, rows, notes)


def wrong_answers_sheet(exam: Exam) -> bytes:
    """What went wrong in an exam: question by question, then point by point; no names."""
    rows: list[list[sheets.CellValue]] = []
    for item in question_figures(exam):
        choices = "；".join(f"{choice} {count} 人" for choice, count in item.choices)
        rows.append(["题目", item.position, item.stem, item.attempts, item.answered, item.wrong_percent, choices])
    for point in by_point(exam):
        rows.append(["考核点", None, point.name, point.shown, None, point.lost_percent, f"{point.questions} 题"])
    header = ["类别", "题号", "内容", "出现人次", "作答人次", "未答对或失分（%）", "作答分布"]
    notes = (
        f"考试：{exam.title}（{exam.cohort.code} {exam.cohort.title}）",
        "题目按未答对的比例排列；考核点按失分占可得分的比例排列。只计已评分、没有作废的答卷。",
    )
    return sheets.write_xlsx("错题分布", header, rows, notes)
