"""What the cover of a dossier says, put together from the rooms below. Reads only."""

from collections.abc import Iterable

from zhenxue.evidence.api import Cover, Table
from zhenxue.exams import api as exams
from zhenxue.exams.data import Result
from zhenxue.identity.data import SYSTEM
from zhenxue.kernel import clock, masking
from zhenxue.kernel.hours import in_words
from zhenxue.ledger import api as ledger
from zhenxue.ledger.data import Progress
from zhenxue.training import api as training

LEARNER_HEAD = (
    "学籍号",
    "姓名",
    "公民身份号码",
    "学籍",
    "线上学时（已完成/应完成）",
    "线下学时（已完成/应完成）",
    "考核",
)
AS_STATED = "由平台在封存当天按账本给出；每一笔的来历见下面的逐条经过和 entries.jsonl。"


def cohort_cover(number: int, with_names: bool) -> Cover:
    """A cohort: who ran it, when, and every learner with hours and results. A constant number of queries."""
    cohort = training.get_cohort(SYSTEM, number)
    enrolments = list(training.visible_enrolments(SYSTEM).filter(cohort_id=cohort.pk).order_by("pk"))
    numbers = [one.pk for one in enrolments]
    progress, results = ledger.progress_of(numbers), exams.results_of(numbers)
    rows = tuple(
        _learner(one, progress.get(one.pk), results.get(one.pk, []), with_names=with_names) for one in enrolments
    )
    return Cover(_cohort_facts(cohort), (Table("学员、学时与考核", LEARNER_HEAD, rows, AS_STATED),))


def learner_cover(number: int, with_names: bool) -> Cover:
    """One enrolment: hours, days, attendance and results. A constant number of queries."""
    enrolment = training.get_enrolment(SYSTEM, number)
    results = exams.results_of([enrolment.pk]).get(enrolment.pk, [])
    progress = ledger.progress_of([enrolment.pk]).get(enrolment.pk)
    row = _learner(enrolment, progress, results, with_names=with_names)
    days = tuple(
        (one.day.isoformat(), in_words(one.online_seconds), in_words(one.offline_seconds))
        for one in ledger.list_days(enrolment.pk)
    )
    marks = tuple(
        (one.line.title, _moment(one.line.starts_at), str(one.get_state_display()))
        for one in training.list_attendance_of(enrolment.pk)
    )
    return Cover(
        (*_cohort_facts(enrolment.cohort), *zip(LEARNER_HEAD, row, strict=True)),
        (
            Table("每日学时", ("日期", "线上", "线下"), days, AS_STATED),
            Table("线下课考勤", ("课次", "时间", "考勤"), marks),
        ),
    )


def _cohort_facts(cohort: training.Cohort) -> tuple[tuple[str, str], ...]:
    return (
        ("班期", f"{cohort.title}（{cohort.code}）"),
        ("承训单位", cohort.organisation.name),
        ("培训项目", cohort.programme.title),
        ("备案地区", cohort.region.name),
        ("起止日期", f"{cohort.starts_on.isoformat()} 至 {cohort.ends_on.isoformat()}"),
        ("状态", str(cohort.get_state_display())),
        ("方案摘要值", cohort.plan_digest or "还没有批准的方案"),
    )


def _learner(
    enrolment: training.Enrolment, progress: Progress | None, results: Iterable[Result], *, with_names: bool
) -> tuple[str, ...]:
    name = enrolment.person.name
    return (
        str(enrolment.pk),
        name if with_names else masking.name(name),
        masking.citizen_number(str(enrolment.person.citizen_number or "")),
        str(enrolment.get_state_display()),
        f"{progress.online_hours} / {progress.online_required_hours}" if progress else "—",
        f"{progress.offline_hours} / {progress.offline_required_hours}" if progress else "—",
        "；".join(f"{one.label} {one.score.normalize():f} 分{'合格' if one.passed else '不合格'}" for one in results)
        or "—",
    )


def _moment(moment: object) -> str:
    return moment.astimezone(clock.CIVIL_ZONE).strftime("%Y-%m-%d %H:%M") if hasattr(moment, "astimezone") else "—"
