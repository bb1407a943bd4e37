"""The marking desk: answers that need a person, one after another, without names.

Somebody claims the next answer of a question, gives points by the rubric, and gets the next one. A claim that is not
used lapses. Where an exam asks for two, a second person marks without seeing the first; too far apart, a third decides.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from decimal import Decimal

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, QuerySet

from zhenxue.evidence import api as evidence
from zhenxue.exams.data import AttemptState, MarkRound, SheetLine
from zhenxue.exams.kinds.base import Marking
from zhenxue.exams.models import Answer, Exam, Examiner, Mark, ScoreSheet
from zhenxue.exams.operations import scoring
from zhenxue.exams.operations.calling import call_chiefs, tell_named
from zhenxue.exams.operations.common import lock_attempt, record
from zhenxue.exams.operations.marking import digest_of, points
from zhenxue.exams.operations.rubric import Item, differ_too_much, items_of, mean, read_points, scaled
from zhenxue.exams.policies import check_can_mark, check_can_schedule
from zhenxue.exams.queries.desk import CLAIM_LASTS, NO_CLAIM, apart, get_own_mark, people_to_name, waiting_answers
from zhenxue.identity.data import Actor
from zhenxue.kernel.errors import Conflict, Invalid, NotFound

#: How many answers somebody else may snatch before we say that nothing is left.
TRIES = 20


def name_markers(
    *, actor: Actor, exam: Exam, people: Iterable[int], chiefs: Iterable[int] = (), now: dt.datetime
) -> None:
    """Says who scores an exam by hand, and who of them decides where two differ too much; nobody named means every
    teacher of the organisation. Somebody who has scored already stays. Raises ``Invalid`` at ``people``."""
    check_can_schedule(actor, exam.cohort.organisation_id)
    named, leading = set(people), set(chiefs)
    strangers = (named | leading) - {one.pk for one in people_to_name(exam)}
    words = "只能选本机构的教师和管理员。"
    if strangers:
        raise Invalid("exams.markers", words, fields={"people": words})
    with transaction.atomic():
        Exam.objects.select_for_update().get(pk=exam.pk)
        if exam.is_practical and (len(named - leading) < 2 or not leading):
            words = "实操考核至少要两名考评员，另加一名考评组长（两人评分相差太大时由组长评定）。"
            raise Invalid("exams.examiners", words, fields={"people": words})
        bound = set(ScoreSheet.objects.filter(attempt__exam=exam).values_list("examiner__person_id", flat=True))
        if bound - (named | leading):
            words = "已经开始评分的考评员不能去掉。"
            raise Conflict("exams.examiner_bound", words)
        known = set(Examiner.objects.filter(exam=exam).values_list("person_id", flat=True))
        Examiner.objects.filter(exam=exam).exclude(person_id__in=named | leading).delete()
        for person in sorted(named | leading):
            Examiner.objects.update_or_create(exam=exam, person_id=person, defaults={"is_chief": person in leading})
        about = [f"cohort:{exam.cohort_id}", f"organisation:{exam.cohort.organisation_id}"]
        about += [f"person:{person}" for person in sorted(named | leading)]
        body = {"people": len(named | leading), "chiefs": len(leading)}
        evidence.record(
            kind="exams.markers_named", actor=actor, subject=f"exam:{exam.pk}", about=about, body=body, now=now
        )
        tell_named(exam, (named | leading) - known - {actor.person_id or 0}, now)


def claim_next(*, actor: Actor, exam: Exam, question_id: int, now: dt.datetime) -> Mark | None:
    """The next answer of a question for this person, theirs for ``CLAIM_LASTS``; None when nothing is left for them.

    Somebody who has one already gets it again. Raises ``Refused``.
    """
    check_can_mark(actor, exam)
    assert actor.person_id is not None  # check_can_mark
    with transaction.atomic():
        lapsed = Mark.objects.filter(marked_at__isnull=True, claimed_at__lte=now - CLAIM_LASTS)
        lapsed.filter(answer__attempt__exam=exam).delete()
        held = Mark.objects.filter(marker=actor.person_id, marked_at__isnull=True)
        mine = held.filter(answer__attempt__exam=exam, answer__question=question_id).first()
        if mine is not None:
            return mine
        for answer_id, turn in _candidates(actor.person_id, exam, question_id):
            try:
                with transaction.atomic():
                    return Mark.objects.create(
                        answer_id=answer_id, round=turn, marker_id=actor.person_id, claimed_at=now
                    )
            except IntegrityError:  # somebody else was faster
                continue
    return None


def give_back(*, actor: Actor, mark_id: int) -> Mark:
    """Leaves a claimed answer to others. Raises ``NotFound`` and ``Conflict`` when it is marked already."""
    with transaction.atomic():
        mark = _own_mark(actor, mark_id)
        if mark.marked_at is not None:
            raise Conflict("exams.marked_already", "这份答案已经评过，不能退回。")
        Mark.objects.filter(pk=mark.pk).delete()
    return mark


def give_points(*, actor: Actor, mark_id: int, given: Sequence[str], comment: str = "", now: dt.datetime) -> Mark:
    """Marks a claimed answer item by item; with the last one its attempt gets its result.

    Raises ``Invalid`` at ``item-N``, ``NotFound`` for another's claim, ``Conflict`` for one that lapsed or was used.
    """
    with transaction.atomic():
        attempt = lock_attempt(get_own_mark(actor, mark_id).answer.attempt_id)
        mark = _own_mark(actor, mark_id)
        check_can_mark(actor, attempt.exam)
        if mark.marked_at is not None:
            raise Conflict("exams.marked_already", "这份答案已经评过，没有重复记录。")
        if attempt.state != AttemptState.SUBMITTED or mark.answer.awarded is not None:
            raise Conflict("exams.mark_late", "这份答卷已经评完，这次评分没有记录。")
        line, items = sheet_items(mark.answer)
        read = read_points(items, given)
        mark.points = scaled(sum(read, Decimal(0)), sum((one.most for one in items), Decimal(0)), line.score)
        mark.rubric = [[item.text, points(one), points(item.most)] for item, one in zip(items, read, strict=True)]
        mark.comment, mark.marked_at = comment.strip()[:300], now
        mark.save(update_fields=["points", "rubric", "comment", "marked_at"])
        body = {
            "position": line.position,
            "round": mark.round,
            "points": points(mark.points),
            "of": points(line.score),
            "rubric_sha256": digest_of([mark.rubric, mark.comment]),
        }
        record(actor, attempt, "exams.answer_marked", body, now, names_learner=False)
        if _agree(mark.answer, attempt.exam, line.score, now):
            scoring.complete(attempt, now)
    return mark


def sheet_items(answer: Answer) -> tuple[SheetLine, list[Item]]:
    """The line of the sheet on which an answer stands, and what is scored of it."""
    attempt, question = answer.attempt, answer.question
    rows = enumerate(attempt.sheet, start=1)
    line = next(SheetLine.from_json(at, row) for at, row in rows if row[0] == answer.question_id)
    stake = Marking(line.score, attempt.exam.plan.multiple_rule, line.values)
    return line, items_of(question.kind, question.body, question.key, answer.given, stake)


def _agree(answer: Answer, exam: Exam, score: Decimal, now: dt.datetime) -> bool:
    """Gives the answer its points when everybody who has to has said them; whether it has them now."""
    said = {row.round: row.points for row in answer.marks.filter(marked_at__isnull=False) if row.points is not None}
    first, second = said.get(MarkRound.FIRST), said.get(MarkRound.SECOND)
    result = said.get(MarkRound.DECIDING) if exam.double_marking else first
    if result is None and first is not None and second is not None:
        if differ_too_much(first, second, score, exam.difference_percent):
            if apart(waiting_answers(exam)).count() == 1:  # one word, however many there are
                call_chiefs(exam, now)
        else:
            result = mean(first, second)
    if result is None:
        return False
    answer.awarded = result
    answer.correct = scoring.counts_as_right(answer.attempt, result, score)
    answer.save(update_fields=["awarded", "correct"])
    return True


def _candidates(person_id: int, exam: Exam, question_id: int) -> list[tuple[int, MarkRound]]:
    """Answers this person may mark next with the round that is missing: what only they can decide first."""
    waiting = waiting_answers(exam).filter(question=question_id).exclude(attempt__enrolment__person=person_id)
    free = waiting.exclude(Exists(Mark.objects.filter(answer=OuterRef("pk"), marker=person_id))).order_by("pk")
    chiefs = set(Examiner.objects.filter(exam=exam, is_chief=True).values_list("person_id", flat=True))
    found: list[tuple[int, MarkRound]] = []
    if exam.double_marking and (not chiefs or person_id in chiefs):
        found += [(pk, MarkRound.DECIDING) for pk in _without(apart(free), MarkRound.DECIDING)]
    found += [(pk, MarkRound.FIRST) for pk in _without(free, MarkRound.FIRST)]
    if exam.double_marking:
        begun = free.filter(Exists(_marks(MarkRound.FIRST)))
        found += [(pk, MarkRound.SECOND) for pk in _without(begun, MarkRound.SECOND)]
    return found[:TRIES]


def _marks(turn: MarkRound) -> QuerySet[Mark]:
    return Mark.objects.filter(answer=OuterRef("pk"), round=turn)


def _without(answers: QuerySet[Answer], turn: MarkRound) -> list[int]:
    return list(answers.exclude(Exists(_marks(turn))).values_list("pk", flat=True)[:TRIES])


def _own_mark(actor: Actor, mark_id: int) -> Mark:
    rows = Mark.objects.select_for_update(of=("self",)).select_related(
        "answer__question", "answer__attempt__exam__paper", "answer__attempt__exam__blueprint"
    )
    mark = rows.filter(pk=mark_id, marker=actor.person_id or 0).first()
    if mark is None:
        raise NotFound("exams.no_claim", NO_CLAIM)
    return mark
