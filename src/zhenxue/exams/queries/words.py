"""The plan of an exam in plain words, the same for staff and learners; pure."""

from zhenxue.exams.data import ExamKind
from zhenxue.exams.models import Exam
from zhenxue.kernel.clock import CIVIL_ZONE

COUNTS_FOR: dict[str, str] = {
    ExamKind.STAGE: "通过它，本阶段的考核才算通过",
    ExamKind.PRACTICAL: "和理论考核都通过，本阶段的考核才算通过",
    ExamKind.FINAL: "各阶段都通过以后才能参加",
    ExamKind.CHAPTER: "用来检查学习效果，不影响阶段考核",
}


def plan_words(exam: Exam) -> list[str]:
    """What is particular about an exam, one sentence each."""
    words = [_what(exam)]
    if exam.blueprint_id:
        words.append("每个人的题由系统从题库抽取，难度相当。")
    shuffled = (("题目", exam.shuffles_questions), ("选项", exam.shuffles_options))
    if mixed := "、".join(name for name, is_on in shuffled if is_on):
        words.append(f"每个人看到的{mixed}顺序不同。")
    words += _when(exam)
    for part, percent in exam.part_rules.items():
        words.append(f"“{part}”部分单独要达到 {percent}%。")
    if exam.double_marking:
        words.append(f"主观题由两个人评阅，相差超过 {exam.difference_percent}% 时由第三人评定。")
    if exam.publish_at is not None and exam.published_at is None:
        words.append(f"成绩在 {exam.publish_at.astimezone(CIVIL_ZONE):%Y-%m-%d %H:%M} 公布。")
        if exam.attempts_allowed > 1:
            words.append("公布以后，没有通过的才能再考下一次。")
    return words


def _what(exam: Exam) -> str:
    stage = f"第 {exam.stage_number} 阶段" if exam.stage_number else ""
    if exam.original:
        return f"“{exam.original.title}”的补考，只给没有通过或没有参加原考试的学员；补考通过和原考试通过一样。"
    label = "考核" if stage and exam.kind == ExamKind.STAGE else ExamKind(exam.kind).label
    return f"{stage}{label}：{COUNTS_FOR[exam.kind]}。"


def _when(exam: Exam) -> list[str]:
    words = []
    if exam.late_minutes:
        latest = f"{exam.opens_at.astimezone(CIVIL_ZONE):%H:%M}"
        words.append(f"{latest} 开考，迟到超过 {exam.late_minutes} 分钟不能入场。")
    if exam.stay_minutes:
        words.append(f"开考 {exam.stay_minutes} 分钟以后才能交卷。")
    if exam.breaks_allowed:
        words.append(f"可以休息 {exam.breaks_allowed} 次，每次最多 {exam.break_minutes} 分钟，休息时不计时。")
    return words
