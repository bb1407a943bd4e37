"""Practical examinations: examiners score learners at work, on a phone, on paper, two for each learner.

The learner has no device. An attempt begins when the first examiner opens the learner's score sheet, and waits
(``SUBMITTED``) until two have handed in their sheets, or the chief's where the two differ too much. Nobody sees another
examiner's sheet before the attempt has its result.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import transaction

from zhenxue.exams.data import AttemptEnd, AttemptState, ExamState
from zhenxue.exams.models import Answer, Attempt, Exam, Examiner, ScoreSheet
from zhenxue.exams.operations import scoring
from zhenxue.exams.operations.calling import call_chiefs
from zhenxue.exams.operations.common import lock_attempt, record
from zhenxue.exams.operations.drawing import begin, sheet_of
from zhenxue.exams.operations.marking import digest_of, points
from zhenxue.exams.operations.rubric import as_points, differ_too_much, mean, scaled
from zhenxue.exams.queries.allowances import allowance_of
from zhenxue.exams.queries.practical import Step, find_examiner, learners_of, steps_of
from zhenxue.identity.data import Actor
from zhenxue.kernel.errors import Conflict, Invalid, NotFound, Refused
from zhenxue.training import api as training

LONGEST_COMMENT = 300


@dataclass(frozen=True, slots=True)
class SheetSaved:
    """The acknowledgement of a saved score sheet: the message's number, when, how many steps have points, the sum."""

    sequence: int
    saved_at: dt.datetime
    done: int
    steps: int
    points: Decimal


def open_sheet(
    *, actor: Actor, exam: Exam, enrolment_id: int, now: dt.datetime, from_paper: bool = False
) -> ScoreSheet:
    """This examiner's sheet for a learner; the same one however often it is asked for.

    A learner whose scoring has begun may be scored to the end, after the exam's time too (the second examiner, the
    chief). ``from_paper`` is for sheets that were filled in by hand and come later: then it may also begin. Raises
    ``Refused`` with the reason, and ``NotFound`` for a learner of another cohort.
    """
    with transaction.atomic():
        Exam.objects.select_for_update().get(pk=exam.pk)  # two examiners at once must not make two attempts
        examiner = _examiner(actor, exam)
        enrolment = _enrolment(exam, enrolment_id)
        if enrolment.person_id == actor.person_id:
            raise Refused("exams.own_score", "不能给自己评分。")
        latest = Attempt.objects.filter(exam=exam, enrolment=enrolment).order_by("-number").first()
        if latest is not None:
            own = ScoreSheet.objects.filter(attempt=latest, examiner=examiner).first()
            if own is not None and (latest.state == AttemptState.SUBMITTED or not _may_retry(latest)):
                return own
        if latest is not None and latest.state == AttemptState.SUBMITTED:
            _check_turn(latest, examiner)
            attempt = latest
        else:
            _check_time(exam, now, from_paper)
            attempt = _begin(actor, exam, enrolment, latest, examiner, now)
        return ScoreSheet.objects.create(attempt=attempt, examiner=examiner, saved_at=now)


def save_sheet(
    *,
    actor: Actor,
    sheet_id: int,
    given: Sequence[Mapping[str, Any]],
    comment: str = "",
    client_sequence: int = 0,
    now: dt.datetime,
) -> SheetSaved:
    """Keeps a sheet as it stands; it is durable when this returns.

    ``given`` has for each step ``points`` (a text, empty while not scored) and ``deductions`` (numbers of those that
    apply). ``client_sequence`` counts the device's messages; one that is not newer changes nothing. Raises ``Invalid``
    at ``step-N``, ``Conflict`` when it was handed in.
    """
    with transaction.atomic():
        sheet = _held(actor, sheet_id)
        steps = steps_of(sheet.attempt)
        if client_sequence and client_sequence <= sheet.client_sequence:
            return _saved(sheet, len(steps))
        sheet.steps = _cleaned(steps, given)
        sheet.comment = comment.strip()[:LONGEST_COMMENT]
        sheet.points = sum(_by_question(sheet.attempt, steps, sheet.steps).values(), Decimal(0))
        sheet.client_sequence = client_sequence or sheet.client_sequence + 1
        sheet.saved_at = now
        sheet.save(update_fields=["steps", "comment", "points", "client_sequence", "saved_at"])
        return _saved(sheet, len(steps))


def submit_sheet(*, actor: Actor, sheet_id: int, now: dt.datetime) -> ScoreSheet:
    """Hands a sheet in; it never changes again. With the second (or the chief's) the learner has a result.

    A second click changes nothing. Raises ``Invalid`` at ``step-N`` for steps without points.
    """
    with transaction.atomic():
        attempt_id = ScoreSheet.objects.filter(pk=sheet_id).values_list("attempt_id", flat=True).first()
        attempt = lock_attempt(attempt_id or 0)
        sheet = own_sheet(actor, sheet_id)
        if sheet.submitted_at is not None:
            return sheet
        if attempt.state != AttemptState.SUBMITTED:
            raise Conflict("exams.sheet_late", "这名学员的成绩已经评定，这张评分表不能再交。")
        steps = steps_of(attempt)
        _check_whole(steps, sheet)
        sheet.submitted_at = now
        sheet.save(update_fields=["submitted_at"])
        body = {
            "points": points(sheet.points),
            "of": points(attempt.total),
            "chief": sheet.examiner.is_chief,
            "sheet_sha256": digest_of([sheet.steps, sheet.comment]),
            "evidence": list(sheet.evidence.order_by("pk").values_list("sha256", flat=True)),
        }
        record(actor, attempt, "exams.sheet_submitted", body, now, names_learner=False)
        _agree(attempt, steps, now)
    return sheet


def own_sheet(actor: Actor, sheet_id: int) -> ScoreSheet:
    """The examiner's own sheet, else ``NotFound``."""
    rows = ScoreSheet.objects.select_related("examiner", "attempt__exam__cohort", "attempt__enrolment__person")
    sheet = rows.filter(pk=sheet_id, examiner__person_id=actor.person_id or 0).first()
    if sheet is None:
        raise NotFound("exams.no_sheet", "没有找到这张评分表，或它属于另一位考评员。")
    return sheet


def _agree(attempt: Attempt, steps: Sequence[Step], now: dt.datetime) -> None:
    """The result, when two examiners are near enough to each other or the chief has spoken."""
    handed_in = attempt.score_sheets.filter(submitted_at__isnull=False).select_related("examiner").order_by("pk")
    sheets = list(handed_in)
    chief = next((one for one in sheets if one.examiner.is_chief), None)
    pair = [one for one in sheets if not one.examiner.is_chief]
    if chief is not None:
        awarded = _by_question(attempt, steps, chief.steps)
    elif len(pair) < 2:
        return
    elif are_apart(attempt, pair):
        call_chiefs(attempt.exam, now)
        return
    else:
        one, other = (_by_question(attempt, steps, sheet.steps) for sheet in pair)
        awarded = {question: mean(one[question], other[question]) for question in one}
    lines = sheet_of(attempt)
    Answer.objects.bulk_create(
        Answer(
            attempt=attempt,
            question_id=line.question_id,
            given=[],
            sequence=line.position,
            saved_at=now,
            awarded=awarded[line.question_id],
            correct=scoring.counts_as_right(attempt, awarded[line.question_id], line.score),
        )
        for line in lines
    )
    Attempt.objects.filter(pk=attempt.pk).update(sequence=len(lines))
    scoring.complete(attempt, now)


def are_apart(attempt: Attempt, pair: Sequence[ScoreSheet]) -> bool:
    """Whether two sheets differ by more than the exam allows."""
    return differ_too_much(pair[0].points, pair[1].points, attempt.total, attempt.exam.difference_percent)


def _by_question(attempt: Attempt, steps: Sequence[Step], given: Sequence[Mapping[str, Any]]) -> dict[int, Decimal]:
    """Points by question: the sum of its steps, scaled to what the question is worth on this paper."""
    got: dict[int, Decimal] = {}
    most: dict[int, Decimal] = {}
    for number, step in enumerate(steps):
        text = given[number]["points"] if number < len(given) else ""
        got[step.question_id] = got.get(step.question_id, Decimal(0)) + Decimal(text or 0)
        most[step.question_id] = most.get(step.question_id, Decimal(0)) + step.most
    scores = {line.question_id: line.score for line in sheet_of(attempt)}
    return {question: scaled(got[question], most[question], scores[question]) for question in got}


def _cleaned(steps: Sequence[Step], given: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """What may be kept of a sheet. Deductions that apply bound the points; without points they say them."""
    wrong: dict[str, str] = {}
    kept: list[dict[str, Any]] = []
    for number, step in enumerate(steps):
        said = given[number] if number < len(given) else {}
        chosen = sorted({one for one in said.get("deductions", ()) if one in range(len(step.deductions))})
        most = max(step.most - sum((step.deductions[one][1] for one in chosen), Decimal(0)), Decimal(0))
        text = str(said.get("points", "")).strip()
        if not text:
            kept.append({"points": points(most) if chosen else "", "deductions": chosen})
            continue
        got = as_points(text)
        if got is None or not 0 <= got <= step.most:
            wrong[f"step-{number}"] = f"“{step.title}”请填 0 到 {points(step.most)} 的分数，最多一位小数。"
            continue
        kept.append({"points": points(min(got, most)), "deductions": chosen})
    if wrong:
        raise Invalid("exams.steps", next(iter(wrong.values())), fields=wrong)
    return kept


def _check_whole(steps: Sequence[Step], sheet: ScoreSheet) -> None:
    missing = [
        number
        for number, _step in enumerate(steps)
        if number >= len(sheet.steps) or sheet.steps[number]["points"] == ""
    ]
    if missing:
        fields = {f"step-{number}": "这一步还没有评分。" for number in missing}
        names = "、".join(f"第 {number + 1} 步" for number in missing[:5])
        raise Invalid("exams.steps_missing", f"还有 {len(missing)} 步没有评分：{names}。", fields=fields)
    need = next((step.evidence for step in steps if step.evidence), "")
    if need and not sheet.evidence.exists():
        word = "照片" if need == "photo" else "视频"
        raise Invalid("exams.evidence_missing", f"这道题要求留{word}，请先上传再提交。")


def _begin(
    actor: Actor,
    exam: Exam,
    enrolment: training.Enrolment,
    latest: Attempt | None,
    examiner: Examiner,
    now: dt.datetime,
) -> Attempt:
    if examiner.is_chief:
        raise Refused("exams.chief_decides", "组长只在两位考评员评分相差太大时评定，请先由考评员评分。")
    if latest is not None and not _may_retry(latest):
        raise Refused("exams.scored", "这名学员的实操考核已有成绩，不能再评。")
    attempt = Attempt(
        exam=exam,
        enrolment=enrolment,
        number=latest.number + 1 if latest else 1,
        state=AttemptState.SUBMITTED,
        started_at=now,
        deadline_at=now + dt.timedelta(minutes=exam.duration_minutes),
        submitted_at=now,
        ended_by=AttemptEnd.INVIGILATOR,
        total=exam.plan.total,
    )
    begin(actor, attempt, now)
    return attempt


def _may_retry(latest: Attempt) -> bool:
    """Whether a learner who has a result may be examined again."""
    if latest.state == AttemptState.SUBMITTED or (latest.state == AttemptState.MARKED and latest.passed):
        return False
    more = allowance_of(latest.exam_id, latest.enrolment_id)
    return latest.number < latest.exam.attempts_allowed + (more.extra_attempts if more else 0)


def _check_turn(attempt: Attempt, examiner: Examiner) -> None:
    others = list(attempt.score_sheets.select_related("examiner"))
    pair = [one for one in others if not one.examiner.is_chief]
    if not examiner.is_chief and len(pair) >= 2:
        raise Refused("exams.two_examiners", "这名学员已有两位考评员评分，请评下一名。")
    ready = len(pair) == 2 and all(one.submitted_at is not None for one in pair)
    if examiner.is_chief and not (ready and are_apart(attempt, pair)):
        raise Refused("exams.chief_decides", "组长只在两位考评员评分相差太大时评定。")


def _check_time(exam: Exam, now: dt.datetime, from_paper: bool) -> None:
    if exam.state not in {ExamState.SCHEDULED, ExamState.CLOSED} or now < exam.opens_at:
        raise Refused("exams.not_open", "考核还没有开始，到开始时间再评分。")
    if not from_paper and now >= exam.closes_at:
        raise Refused("exams.over", "考核时间已结束。纸质评分表请用“导入评分表”补录。")


def _examiner(actor: Actor, exam: Exam) -> Examiner:
    examiner = find_examiner(actor, exam)
    if not exam.is_practical or examiner is None:
        raise Refused("exams.not_examiner", "你不是这场实操考核的考评员，请联系机构管理员。")
    return examiner


def _enrolment(exam: Exam, enrolment_id: int) -> training.Enrolment:
    """A learner of the exam's cohort; the examiner's right is the exam's, not the cohort's."""
    found = learners_of(exam).filter(pk=enrolment_id).first()
    if found is None:
        raise NotFound("exams.no_learner", "班里没有这名学员，或已退出。")
    return found


def _held(actor: Actor, sheet_id: int) -> ScoreSheet:
    own_sheet(actor, sheet_id)
    rows = ScoreSheet.objects.select_for_update(of=("self",)).select_related("examiner", "attempt__exam")
    sheet = rows.get(pk=sheet_id)
    if sheet.submitted_at is not None or sheet.attempt.state != AttemptState.SUBMITTED:
        raise Conflict("exams.sheet_done", "这张评分表已经提交，不能再改。")
    return sheet


def _saved(sheet: ScoreSheet, steps: int) -> SheetSaved:
    done = sum(one["points"] != "" for one in sheet.steps)
    return SheetSaved(sheet.client_sequence, sheet.saved_at, done, steps, sheet.points)
