"""Questions of a bank as a whole: changes to many, back into use, doubles that are merged or kept."""

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django.db import transaction

from zhenxue.exams.data import QuestionState
from zhenxue.exams.models import Question, QuestionBank
from zhenxue.exams.operations.banks import lock_bank, record_questions
from zhenxue.exams.operations.marking import is_score, points
from zhenxue.exams.policies import check_can_change_bank
from zhenxue.exams.queries.banks import shelf_of, used_or_not
from zhenxue.identity.data import Actor
from zhenxue.kernel.errors import Conflict, Invalid

MOST_AT_ONCE = 500


def retire_questions(*, actor: Actor, bank: QuestionBank, question_ids: Sequence[int], now: dt.datetime) -> int:
    """Takes questions out of use; papers that hold them keep them. Answers how many were in use."""
    check_can_change_bank(actor, bank)
    with transaction.atomic():
        lock_bank(bank)
        rows = [one for one in _chosen(bank, question_ids) if one.state == QuestionState.ACTIVE]
        Question.objects.filter(pk__in=[one.pk for one in rows]).update(state=QuestionState.RETIRED)
        if rows:
            record_questions(actor, bank, "exams.question_retired", rows, now)
    return len(rows)


def restore_questions(*, actor: Actor, bank: QuestionBank, question_ids: Sequence[int], now: dt.datetime) -> int:
    """Puts retired questions back into use. Raises ``Conflict`` when another in use says the same; answers how many."""
    check_can_change_bank(actor, bank)
    with transaction.atomic():
        lock_bank(bank)
        rows = [one for one in _chosen(bank, question_ids) if one.state == QuestionState.RETIRED]
        active = bank.questions.filter(state=QuestionState.ACTIVE)
        numbers = set(active.filter(number__in=[one.number for one in rows]).values_list("number", flat=True))
        digests = [one.digest for one in rows if not one.kept_double]
        same = set(active.filter(digest__in=digests, kept_double=False).values_list("digest", flat=True))
        same |= {digest for at, digest in enumerate(digests) if digest in digests[:at]}
        clashing = [one.number for one in rows if one.number in numbers or (one.digest in same and not one.kept_double)]
        if clashing:
            named = "、".join(str(number) for number in clashing[:10])
            raise Conflict("exams.restore_double", f"第 {named} 题已有相同的题在用，不能恢复；这次一道题也没有恢复。")
        Question.objects.filter(pk__in=[one.pk for one in rows]).update(state=QuestionState.ACTIVE)
        if rows:
            record_questions(actor, bank, "exams.question_restored", rows, now)
    return len(rows)


def set_of_questions(
    *,
    actor: Actor,
    bank: QuestionBank,
    question_ids: Sequence[int],
    now: dt.datetime,
    difficulty: int | None = None,
    score: Decimal | None = None,
    point_id: int | None = None,
    clears_point: bool = False,
) -> int:
    """Gives questions in use a difficulty, a default score or a point; answers how many were changed.

    As in the editor, a version that a paper holds or somebody answered stays as it was, and the change makes the next
    one; one that nobody used yet is changed as it stands.
    """
    check_can_change_bank(actor, bank)
    if difficulty is not None and not 1 <= difficulty <= 5:
        raise Invalid("exams.bulk", "请选择难度。", fields={"difficulty": "请选择难度。"})
    if score is not None and not is_score(score):
        message = "分值应大于 0、不超过 100，最多一位小数。"
        raise Invalid("exams.bulk", message, fields={"score": message})
    change: dict[str, Any] = {}
    change |= {"difficulty": difficulty} if difficulty is not None else {}
    change |= {"score": score} if score is not None else {}
    change |= {"point_id": point_id} if point_id is not None or clears_point else {}
    if not change:
        raise Invalid("exams.bulk", "没有填写要改成什么。")
    with transaction.atomic():
        lock_bank(bank)
        rows = [
            one
            for one in _chosen(bank, question_ids)
            if one.state == QuestionState.ACTIVE and any(getattr(one, name) != value for name, value in change.items())
        ]
        rows = _changed(bank, rows, change, now)
        if rows:
            said = {name: points(value) if isinstance(value, Decimal) else value for name, value in change.items()}
            record_questions(actor, bank, "exams.questions_changed", rows, now, {"changed": said})
    return len(rows)


def _changed(bank: QuestionBank, rows: Sequence[Question], change: dict[str, Any], now: dt.datetime) -> list[Question]:
    """The questions as they are after a change, saved."""
    used = set(used_or_not(shelf_of(bank).filter(pk__in=[one.pk for one in rows]), "yes").values_list("pk", flat=True))
    Question.objects.filter(pk__in=used).update(state=QuestionState.REPLACED)
    made: list[Question] = []
    for one in rows:
        if one.pk in used:
            one.pk, one.version, one.created_at = None, one.version + 1, now
            made.append(one)
        for name, value in change.items():
            setattr(one, name, value)
    Question.objects.bulk_create(made)
    Question.objects.bulk_update([one for one in rows if one not in made], list(change))
    return list(rows)


def merge_doubles(
    *, actor: Actor, bank: QuestionBank, kept_id: int, question_ids: Sequence[int], now: dt.datetime
) -> int:
    """Keeps one of several questions that say the same and retires the others; answers how many were retired."""
    check_can_change_bank(actor, bank)
    with transaction.atomic():
        lock_bank(bank)
        rows = {one.pk: one for one in _chosen(bank, [kept_id, *question_ids]) if one.state == QuestionState.ACTIVE}
        kept = rows.pop(kept_id, None)
        if kept is None:
            raise Conflict("exams.question_moved_on", "要保留的题已停用或有新版本，请刷新页面后再合并。")
        Question.objects.filter(pk__in=list(rows)).update(state=QuestionState.RETIRED)
        if rows:
            into = {"into": f"{kept.number}.{kept.version}"}
            record_questions(actor, bank, "exams.questions_merged", list(rows.values()), now, into)
    return len(rows)


def keep_doubles(*, actor: Actor, bank: QuestionBank, question_ids: Sequence[int], now: dt.datetime) -> int:
    """Says that questions may stand beside others that say the same; they are not named as doubles again."""
    check_can_change_bank(actor, bank)
    with transaction.atomic():
        lock_bank(bank)
        rows = [one for one in _chosen(bank, question_ids) if not one.kept_double]
        Question.objects.filter(pk__in=[one.pk for one in rows]).update(kept_double=True)
        if rows:
            record_questions(actor, bank, "exams.question_doubled", rows, now)
    return len(rows)


def _chosen(bank: QuestionBank, question_ids: Sequence[int]) -> list[Question]:
    """The questions of this bank among the chosen ones, by number; raises ``Invalid`` for none or too many."""
    if not question_ids or len(question_ids) > MOST_AT_ONCE:
        raise Invalid("exams.bulk", f"请勾选 1 到 {MOST_AT_ONCE} 道题。")
    return list(bank.questions.filter(pk__in=question_ids).order_by("number", "version"))
