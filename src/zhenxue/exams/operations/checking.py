"""Whether an exam can be held as it is planned; answers by field."""

import datetime as dt
from dataclasses import asdict, replace
from typing import Any

from zhenxue.exams.data import ExamFacts, ExamKind, ExamState, PaperState
from zhenxue.exams.models import Blueprint, Exam, Paper
from zhenxue.exams.policies import OPEN_COHORTS
from zhenxue.exams.queries import parts_of_plan
from zhenxue.kernel import clock
from zhenxue.kernel.errors import Invalid
from zhenxue.training import api as training

STAGED = frozenset({ExamKind.STAGE, ExamKind.PRACTICAL})
LONGEST_MINUTES = 600
MOST_BREAKS, LONGEST_BREAK = 5, 60

type Wrong = dict[str, str]


def checked(cohort: training.Cohort, facts: ExamFacts) -> dict[str, Any]:
    """The columns of an exam: cohort approved or running, stage of its plan, a final paper or blueprint of its
    organisation, times inside its dates, rules that fit each other; raises ``Invalid`` by field."""
    wrong: Wrong = {}
    if cohort.state not in OPEN_COHORTS:
        wrong["cohort"] = "只有已备案或培训中的班期可以安排考试。"
    facts, wrong_kind = _with_original(cohort, facts)
    wrong |= wrong_kind or _wrong_stage(cohort, facts)
    wrong |= _wrong_plan(cohort, facts)
    if not facts.title.strip():
        wrong["title"] = "请填写考试名称。"
    wrong |= _wrong_times(cohort, facts) | _wrong_rules(facts)
    if wrong:
        raise Invalid("exams.exam", "考试安排还不完整：" + "".join(wrong.values()), fields=wrong)
    return {**asdict(facts), "title": facts.title.strip()}


def _with_original(cohort: training.Cohort, facts: ExamFacts) -> tuple[ExamFacts, Wrong]:
    """A make-up takes the stage of what it makes up for, and of a practical examination also the kind: examiners score
    it in the same way. Others make up for nothing."""
    if facts.kind not in {one.value for one in ExamKind}:
        return facts, {"kind": "请选择考试类别。"}
    is_again = facts.kind == ExamKind.PRACTICAL and facts.original_id is not None
    if facts.kind != ExamKind.MAKE_UP and not is_again:
        return replace(facts, original_id=None), {}
    held = [ExamState.SCHEDULED, ExamState.CLOSED]
    original = Exam.objects.filter(pk=facts.original_id or 0, cohort=cohort, state__in=held).first()
    if original is None:
        return facts, {"original": "请选择这是哪场考试的补考；要是同一个班已安排的考试。"}
    if original.original_id is not None:
        return facts, {"original": "请选择原来的考试，不要选另一场补考。"}
    if facts.opens_at < original.opens_at:
        return facts, {"opens_at": "补考不能早于原来的考试。"}
    if is_again and original.kind != ExamKind.PRACTICAL:
        return facts, {"original": "实操考核的补考，要选原来的实操考核。"}
    kind = original.kind if original.kind == ExamKind.PRACTICAL else ExamKind.MAKE_UP
    return replace(facts, kind=kind, stage_number=original.stage_number), {}


def _wrong_stage(cohort: training.Cohort, facts: ExamFacts) -> Wrong:
    if facts.kind == ExamKind.FINAL and facts.stage_number is not None:
        return {"stage_number": "结业考试考全部内容，不属于某个阶段，请不要选阶段。"}
    if facts.stage_number is None:
        return {"stage_number": "请选择考核哪个阶段。"} if ExamKind(facts.kind) in STAGED else {}
    if facts.stage_number not in {stage.number for stage in training.list_stages(cohort.pk)}:
        return {"stage_number": "备案的方案里没有这个阶段。"}
    return {}


def _wrong_plan(cohort: training.Cohort, facts: ExamFacts) -> Wrong:
    """What is wrong with the paper or blueprint of a plan, or with the rules for its parts."""
    if (facts.paper_id is None) == (facts.blueprint_id is None):
        return {"paper": "请选择一份试卷，或一个组卷方案（只选一种）。"}
    fits = {"state": PaperState.FINAL, "organisation": cohort.organisation_id}
    plan = (
        Blueprint.objects.filter(pk=facts.blueprint_id, **fits).first()
        if facts.blueprint_id is not None
        else Paper.objects.filter(pk=facts.paper_id or 0, **fits).first()
    )
    if plan is None:
        return {"paper": "请选择本机构已定稿的试卷或组卷方案。"}
    if any(not 1 <= percent <= 100 for percent in facts.part_rules.values()):
        return {"part_rules": "各部分的合格线应在 1 到 100 之间。"}
    if missing := set(facts.part_rules) - set(parts_of_plan(plan)):
        return {"part_rules": f"试卷里没有“{'、'.join(sorted(missing))}”这个部分，请按试卷的部分填写。"}
    return {}


def _wrong_times(cohort: training.Cohort, facts: ExamFacts) -> Wrong:
    wrong: Wrong = {}
    if facts.closes_at <= facts.opens_at:
        wrong["closes_at"] = "结束时间要晚于开始时间。"
    elif clock.civil_day(facts.opens_at) < cohort.starts_on or clock.civil_day(facts.closes_at) > cohort.ends_on:
        wrong["opens_at"] = f"考试要安排在班期日期内（{cohort.starts_on} 至 {cohort.ends_on}）。"
    lasting = facts.closes_at - facts.opens_at
    if not 1 <= facts.duration_minutes <= LONGEST_MINUTES:
        wrong["duration_minutes"] = f"答题时长应在 1 到 {LONGEST_MINUTES} 分钟之间。"
    elif facts.closes_at > facts.opens_at and dt.timedelta(minutes=facts.duration_minutes) > lasting:
        wrong["duration_minutes"] = "答题时长比考试开放的时间还长，请调整。"
    if not 1 <= facts.attempts_allowed <= 10:
        wrong["attempts_allowed"] = "可考次数应在 1 到 10 之间。"
    if facts.publish_at is not None and facts.publish_at <= facts.opens_at:
        wrong["publish_at"] = "成绩公布时间要晚于考试开始时间；不填就是评完马上能看到。"
    return wrong


def _wrong_rules(facts: ExamFacts) -> Wrong:
    """Late, early and break rules that could not be kept, or would shut everybody out."""
    wrong: Wrong = {}
    lasting = (facts.closes_at - facts.opens_at) // dt.timedelta(minutes=1)
    if not 0 <= facts.late_minutes < max(lasting, 1):
        wrong["late_minutes"] = "迟到时限应短于考试开放的时间；填 0 表示结束前都能进。"
    elif facts.late_minutes and facts.attempts_allowed > 1:
        wrong["late_minutes"] = "规定了迟到时限的考试只能考 1 次（第二次总会迟到），请调整其中一项。"
    if not 0 <= facts.stay_minutes <= facts.duration_minutes:
        wrong["stay_minutes"] = "最早交卷时间不能超过答题时长；填 0 表示随时可以交。"
    if facts.attempts_allowed > 1 and facts.publish_at is not None and facts.publish_at >= facts.closes_at:
        wrong["attempts_allowed"] = (
            "成绩在考试结束后才公布，学员来不及考第 2 次：请改为 1 次（没通过的安排补考），或提前公布、不填公布时间。"
        )
    if bool(facts.breaks_allowed) != bool(facts.break_minutes):
        wrong["break_minutes"] = "休息次数和每次分钟数要一起填；不安排休息就都填 0。"
    elif not (0 <= facts.breaks_allowed <= MOST_BREAKS and 0 <= facts.break_minutes <= LONGEST_BREAK):
        wrong["break_minutes"] = f"最多休息 {MOST_BREAKS} 次，每次最多 {LONGEST_BREAK} 分钟。"
    if not 1 <= facts.difference_percent <= 100:
        wrong["difference_percent"] = "评分差异上限应在 1 到 100 之间。"
    return wrong
