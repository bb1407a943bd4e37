"""Acts of the invigilator while an exam runs: each with its reason, each in the log."""

import datetime as dt
from collections.abc import Iterable

from django.db import transaction
from django.db.models import F

from zhenxue.evidence import api as evidence
from zhenxue.exams.data import AttemptEnd, AttemptState, ConductKind, ExamState
from zhenxue.exams.errors import AttemptEnded
from zhenxue.exams.models import Attempt, Exam, RoomMessage
from zhenxue.exams.operations.common import lock_attempt, record
from zhenxue.exams.operations.conduct import note_conduct
from zhenxue.exams.operations.handing_in import hand_in
from zhenxue.exams.operations.presence import ask_now, is_at_the_door
from zhenxue.exams.policies import check_can_invigilate
from zhenxue.identity.data import SYSTEM, Actor
from zhenxue.integrity import api as integrity
from zhenxue.kernel.errors import Conflict, Invalid
from zhenxue.notices import api as notices

LONGEST_MESSAGE = 200
MOST_MINUTES = 120


def send_message(
    *, actor: Actor, exam: Exam, text: str, attempt: Attempt | None = None, now: dt.datetime
) -> RoomMessage:
    """Says something to one learner who sits, or to all of the exam; their page shows it within seconds."""
    check_can_invigilate(actor, exam)
    words = " ".join(text.split())
    if not words or len(words) > LONGEST_MESSAGE:
        raise Invalid("exams.message", "请写 1 到 200 个字。", fields={"text": f"请写 1 到 {LONGEST_MESSAGE} 个字。"})
    with transaction.atomic():
        message = RoomMessage.objects.create(
            exam=exam, attempt=attempt, text=words, sender_id=actor.person_id, sent_at=now
        )
        body: dict[str, object] = {"words": words, "to": f"attempt:{attempt.pk}" if attempt else "all"}
        _record_exam(actor, exam, "exams.room_message", body, now, attempt)
    return message


def extend_one(*, actor: Actor, attempt: Attempt, minutes: int, reason: str, now: dt.datetime) -> Attempt:
    """Gives one learner who sits more time, beyond the closing of the exam if need be."""
    words = _checked(actor, attempt.exam, minutes, reason)
    with transaction.atomic():
        attempt = lock_attempt(attempt.pk)
        if attempt.state != AttemptState.OPEN or attempt.deadline_at <= now:
            raise AttemptEnded
        if is_at_the_door(attempt):
            raise Conflict("exams.at_the_door", "学员还没有通过入场核验，答题时间从通过时算起，不用延长。")
        _extend([attempt], minutes, words, now)
        body = {"minutes": minutes, "reason": words, "deadline_at": _utc(attempt.deadline_at)}
        record(actor, attempt, "exams.time_extended", body, now)
    return attempt


def extend_all(*, actor: Actor, exam: Exam, minutes: int, reason: str, now: dt.datetime) -> int:
    """Gives everybody who sits now more time (the power failed, say), and moves the closing with it; how many."""
    words = _checked(actor, exam, minutes, reason)
    with transaction.atomic():
        exam = Exam.objects.select_for_update(of=("self",)).select_related("cohort").get(pk=exam.pk)
        if exam.state != ExamState.SCHEDULED or exam.closes_at <= now:
            raise Conflict("exams.not_running", "考试没有在进行，不能延长。")
        exam.closes_at += dt.timedelta(minutes=minutes)
        exam.save(update_fields=["closes_at"])
        rows = Attempt.objects.select_for_update(of=("self",)).filter(
            exam=exam, state=AttemptState.OPEN, deadline_at__gt=now
        )
        attempts = [one for one in rows.order_by("pk") if not is_at_the_door(one)]
        _extend(attempts, minutes, words, now)
        body = {"minutes": minutes, "reason": words, "attempts": len(attempts), "closes_at": _utc(exam.closes_at)}
        _record_exam(actor, exam, "exams.time_extended_all", body, now)
    return len(attempts)


def take_in(*, actor: Actor, attempt: Attempt, reason: str, now: dt.datetime) -> Attempt:
    """Ends an attempt: it is handed in and marked as it stands. The learner is told why. Twice is harmless."""
    check_can_invigilate(actor, attempt.exam)
    words = _reason(reason)
    with transaction.atomic():
        attempt = lock_attempt(attempt.pk)
        if attempt.state != AttemptState.OPEN:
            return attempt
        if attempt.deadline_at <= now:
            hand_in(SYSTEM, [attempt], AttemptEnd.DEADLINE, now)  # time had done it already
            return attempt
        attempt.ends_reason = words
        attempt.save(update_fields=["ends_reason"])
        record(actor, attempt, "exams.attempt_taken_in", {"reason": words}, now)
        hand_in(actor, [attempt], AttemptEnd.INVIGILATOR, now)
        notices.notify(
            person_id=attempt.enrolment.person_id,
            kind="exams.room",
            title="监考员收卷",
            text=f"“{attempt.exam.title}”的答卷已由监考员收回，原因：{words}。已答的题照常评分。",
            link=f"/exams/attempts/{attempt.pk}/result/",
            now=now,
        )
    return attempt


def call_check(*, actor: Actor, exam: Exam, attempt: Attempt | None, reason: str, now: dt.datetime) -> int:
    """Asks one learner, or everybody who sits, to show presence now; how many were asked."""
    check_can_invigilate(actor, exam)
    words = _reason(reason)
    rows = Attempt.objects.filter(exam=exam, state=AttemptState.OPEN, deadline_at__gt=now, paused_at__isnull=True)
    if attempt is not None:
        rows = rows.filter(pk=attempt.pk)
    asked = 0
    for number in list(rows.order_by("pk").values_list("pk", flat=True)):
        with transaction.atomic():
            one = lock_attempt(number)
            if ask_now(one, now=now):
                record(actor, one, "exams.check_called", {"reason": words}, now)
                asked += 1
    return asked


def note_incident(*, actor: Actor, attempt: Attempt, words: str, now: dt.datetime) -> None:
    """Writes down what was seen in the room; it goes to the people who look into it (``integrity``)."""
    check_can_invigilate(actor, attempt.exam)
    said = _reason(words)
    rule = integrity.find_rule("room_note")
    assert rule is not None  # registered by integrity itself
    with transaction.atomic():
        attempt = lock_attempt(attempt.pk)
        owner = integrity.Owner(attempt.enrolment.person_id, attempt.enrolment_id, attempt.exam.cohort_id)
        number = int(now.timestamp())
        seen = integrity.NoteFacts(f"exam:{attempt.pk}", owner, now, number, said, actor.person_id or 0)
        for finding in rule.find(seen):
            integrity.note(rule, finding, now=now)
        record(actor, attempt, "exams.room_noted", {"words": said}, now)


def _checked(actor: Actor, exam: Exam, minutes: int, reason: str) -> str:
    check_can_invigilate(actor, exam)
    if not 1 <= minutes <= MOST_MINUTES:
        words = f"延长 1 到 {MOST_MINUTES} 分钟。"
        raise Invalid("exams.minutes", words, fields={"minutes": words})
    return _reason(reason)


def _reason(reason: str) -> str:
    words = " ".join(reason.split())
    if not words or len(words) > 200:
        problem = "请写明原因（不超过 200 字）。"
        raise Invalid("exams.reason", problem, fields={"reason": problem})
    return words


def _extend(attempts: Iterable[Attempt], minutes: int, reason: str, now: dt.datetime) -> None:
    several = list(attempts)
    more = dt.timedelta(minutes=minutes)
    Attempt.objects.filter(pk__in=[one.pk for one in several]).update(deadline_at=F("deadline_at") + more)
    for one in several:
        one.deadline_at += more
        note_conduct(one.pk, ConductKind.EXTENDED, now=now, minutes=minutes, reason=reason)


def _utc(moment: dt.datetime) -> str:
    return moment.astimezone(dt.UTC).isoformat()


def _record_exam(
    actor: Actor, exam: Exam, kind: str, body: dict[str, object], now: dt.datetime, attempt: Attempt | None = None
) -> None:
    about = [f"cohort:{exam.cohort_id}"]
    if attempt is not None:
        about += [f"attempt:{attempt.pk}", f"person:{attempt.enrolment.person_id}"]
    evidence.record(kind=kind, actor=actor, subject=f"exam:{exam.pk}", about=about, body=body, now=now)
