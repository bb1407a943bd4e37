"""A learner's exams: which there are, whether they may be sat now, and if not, what is missing."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from zhenxue.exams.data import ExamKind, ExamState, Missing, Readiness
from zhenxue.exams.models import Allowance, Attempt, Exam
from zhenxue.exams.queries.allowances import allowance_of, allowances_of
from zhenxue.exams.queries.readiness import Family, Standing, attempts_given, family_of, judge_readiness
from zhenxue.exams.queries.stages import HELD, StageExam, count_stages, passed
from zhenxue.identity import api as identity
from zhenxue.kernel.prepared import Prepared
from zhenxue.ledger import api as ledger
from zhenxue.training import api as training


def missing_of(enrolment: training.Enrolment, stage_number: int | None) -> list[Missing]:
    """The units of the stage that are not finished; when all are, the stage's lessons stand for what is left."""
    units = [planned for planned in training.plan_units_of(enrolment.cohort) if planned.stage_number == stage_number]
    progress = ledger.unit_progress_of_row(enrolment)
    missing = []
    for planned in units:
        done = progress.get(planned.unit.pk)
        if done is None or done.finished_at is None:
            left = planned.unit.seconds if done is None else max(done.required_seconds - done.seconds, 0)
            missing.append(Missing(planned.unit.title, "online", left))
    return missing or [Missing("本阶段线下课（缺勤的课请联系老师安排补课）", "offline", 0)]


def attempts_at(exam: Exam, enrolment: training.Enrolment) -> list[Attempt]:
    """A learner's attempts at an exam in their order; one query."""
    return _attempts([enrolment.pk], [exam.pk])


def readiness_of(
    *, exam: Exam, enrolment: training.Enrolment, now: dt.datetime, attempts: Sequence[Attempt] | None = None
) -> Readiness:
    """Whether this learner may start this exam now, with what is missing; ``attempts`` where the caller has them."""
    attempts = attempts_at(exam, enrolment) if attempts is None else attempts
    readiness = judge_readiness(exam, attempts, _standing_of(exam, enrolment, now), now)
    wanted = training.rules_of(exam.cohort)["verify_strength_exam"]
    begins = readiness.can_start and readiness.open_attempt_id is None
    if begins and wanted and identity.strength_of(enrolment.person_id) < wanted:
        reason = "参加考试前，请先完成实名认证（我的 - 实名认证）；不方便刷脸的，可以请机构当面核验。"
        return replace(readiness, can_start=False, reason=reason, code="exams.not_verified")
    return readiness


def _standing_of(exam: Exam, enrolment: training.Enrolment, now: dt.datetime) -> Standing:
    done = not exam.needs_hours or exam.stage_number in ledger.complete_stages_of([enrolment]).get(enrolment.pk, set())
    left: tuple[int, ...] = ()
    if exam.root_kind == ExamKind.FINAL:
        left = _stages_left(enrolment.cohort_id, passed(enrolment.cohort_id, enrolment.pk).get(enrolment.pk, set()))
    return Standing(
        enrolment.state,
        done,
        () if done else tuple(missing_of(enrolment, exam.stage_number)),
        left,
        _family_of(exam, enrolment, now) if exam.original_id is not None else None,
        allowance_of(exam.pk, enrolment.pk),
    )


def _stages_left(cohort_id: int, done: set[int]) -> tuple[int, ...]:
    return tuple(stage.number for stage in training.list_stages(cohort_id) if stage.number not in done)


def _family_of(exam: Exam, enrolment: training.Enrolment, now: dt.datetime) -> Family:
    others = list(Exam.objects.filter(cohort=exam.cohort_id).select_related("original"))
    attempts = _by_exam(Attempt.objects.filter(enrolment=enrolment, exam__in=others))
    original = next(one for one in others if one.pk == exam.root_id)
    given = attempts_given(original, allowance_of(original.pk, enrolment.pk))
    return family_of(exam, others, attempts, given, now)


@dataclass(frozen=True, slots=True)
class LearnerExam:
    """One card of the learner's list."""

    exam: Exam
    readiness: Readiness
    attempts: tuple[Attempt, ...]
    attempts_given: int = 1

    @property
    def best(self) -> Attempt | None:
        marked = [attempt for attempt in self.attempts if attempt.score is not None and self.exam.is_out]
        return max(marked, key=lambda attempt: (bool(attempt.passed), attempt.score or 0), default=None)

    @property
    def kind_label(self) -> str:
        return ExamKind(self.exam.kind).label

    @property
    def minutes(self) -> int:
        """How long this learner may answer."""
        return self.exam.duration_minutes + self.readiness.extra_minutes

    @property
    def opens_at(self) -> dt.datetime:
        return self.exam.opens_at

    @property
    def is_offered(self) -> bool:
        """Whether it is for this learner: a make-up only for those who did not pass what it makes up for."""
        return bool(self.attempts) or self.readiness.code not in {"exams.not_needed", "exams.not_yet"}

    @property
    def is_waiting(self) -> bool:
        """Whether the learner has something to do here, now or soon."""
        soon = {"exams.not_open", "exams.hours_missing", "exams.stages_missing", "exams.practical"}
        return self.readiness.can_start or self.readiness.code in soon


_attempts = Prepared(
    lambda enrolments, exams: Attempt.objects.filter(enrolment__in=enrolments, exam__in=exams).order_by("number")
)


def exams_of_learner(
    rows: Iterable[Exam], enrolments: Iterable[training.Enrolment], units: ledger.UnitsBegun, now: dt.datetime
) -> list[LearnerExam]:
    """The learner's exams (``rows``: all of the cohorts) with their readiness, by the ``units`` begun.

    Three queries (four where an exam allows somebody more), and the plans once; without exams one; while no stage
    that is examined has all its units finished, nobody needs to look for lessons. A final takes one more.
    """
    exams = list(rows)
    if not exams:
        return []
    examined = {exam.cohort_id for exam in exams}
    of_cohort = {one.cohort_id: one for one in enrolments if one.cohort_id in examined}
    exams = [exam for exam in exams if exam.cohort_id in of_cohort]
    numbers = {exam.pk: exam for exam in exams}
    for exam in exams:
        exam.cohort = of_cohort[exam.cohort_id].cohort
        if exam.original_id in numbers:
            exam.original = numbers[exam.original_id]
    own, everybody = [exam.pk for exam in exams], [one.pk for one in of_cohort.values()]
    attempts = _by_exam(_attempts(everybody, own))
    allowing = [exam.pk for exam in exams if exam.allows_more]
    allowances = allowances_of(allowing, everybody) if allowing else {}
    complete = _complete(exams, of_cohort, units)
    won = _won(exams, attempts)
    cards = []
    for exam in exams:
        enrolment, allowance = of_cohort[exam.cohort_id], allowances.get(exam.pk)
        standing = Standing(
            enrolment.state,
            not exam.needs_hours or exam.stage_number in complete.get(enrolment.pk, set()),
            (),
            _stages_left(exam.cohort_id, won.get(enrolment.pk, set())) if exam.root_kind == ExamKind.FINAL else (),
            _family(exam, exams, attempts, allowances, now),
            allowance,
        )
        tried = attempts.get(exam.pk, [])
        readiness = judge_readiness(exam, tried, standing, now)
        cards.append(LearnerExam(exam, readiness, tuple(tried), attempts_given(exam, allowance)))
    return cards


def _by_exam(attempts: Iterable[Attempt]) -> dict[int, list[Attempt]]:
    found: dict[int, list[Attempt]] = {}
    for attempt in attempts:
        found.setdefault(attempt.exam_id, []).append(attempt)
    return found


def _family(
    exam: Exam,
    exams: Sequence[Exam],
    attempts: Mapping[int, Sequence[Attempt]],
    allowances: Mapping[int, Allowance],
    now: dt.datetime,
) -> Family | None:
    if exam.original is None:
        return None
    given = attempts_given(exam.original, allowances.get(exam.root_id))
    return family_of(exam, exams, attempts, given, now)


def _won(exams: Iterable[Exam], attempts: Mapping[int, Sequence[Attempt]]) -> dict[int, set[int]]:
    """The stages that the learner passed, as ``stages.passed`` counts them; from what was read already."""
    rows = []
    for exam in exams:
        if exam.stage_number is None or ExamState(exam.state) not in HELD:
            continue
        rows.append(StageExam(exam.root_kind, exam.stage_number, 0))
        rows += [
            StageExam(exam.root_kind, exam.stage_number, attempt.enrolment_id)
            for attempt in attempts.get(exam.pk, ())
            if attempt.passed and exam.is_out
        ]
    return count_stages(rows)


def _complete(
    exams: Iterable[Exam], of_cohort: Mapping[int, training.Enrolment], units: ledger.UnitsBegun
) -> dict[int, set[int]]:
    """Per enrolment the stages whose hours are done, of those that are examined."""
    plans = training.plans_of(one.cohort for one in of_cohort.values())
    studied = {
        exam.cohort_id
        for exam in exams
        if exam.needs_hours
        and _is_studied(plans[exam.cohort_id], exam.stage_number, units[of_cohort[exam.cohort_id].pk])
    }
    return ledger.complete_stages_of([of_cohort[cohort] for cohort in studied], units) if studied else {}


def _is_studied(
    plan: Sequence[training.PlanUnit], stage_number: int | None, begun: Mapping[int, ledger.UnitProgress]
) -> bool:
    """Whether every unit of the stage is finished; its lessons are another matter."""
    finished = {unit for unit, progress in begun.items() if progress.finished_at is not None}
    return all(one.unit.pk in finished for one in plan if one.stage_number == stage_number)
