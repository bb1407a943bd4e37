"""Practice: banks and mock exams opened to a class, rounds of questions judged at once. It earns no class hour."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from random import Random, SystemRandom
from typing import Any

from django.db import IntegrityError, transaction

from zhenxue.evidence import api as evidence
from zhenxue.exams import kinds
from zhenxue.exams.data import PaperState, PracticeMode, SheetLine
from zhenxue.exams.kinds.base import Marking
from zhenxue.exams.models import Blueprint, PracticeOpening, PracticeRound, QuestionBank
from zhenxue.exams.operations import selection
from zhenxue.exams.operations.drawing import deck_of
from zhenxue.exams.operations.errors import note_answer
from zhenxue.exams.policies import check_can_write
from zhenxue.exams.queries.content import contents_of
from zhenxue.exams.queries.practice import (
    due_cards,
    get_round,
    is_over,
    lines_of,
    may_show,
    open_cards,
    open_to,
    own_enrolments,
    practicable,
    visible_rounds,
)
from zhenxue.identity.data import Actor
from zhenxue.kernel.errors import Conflict, Invalid, NotFound
from zhenxue.training import api as training

RANDOM = SystemRandom()
MOST = 100
USUAL = 10
LONGEST_MOCK = 300  # minutes
LONGEST_TEXT = 2_000
NOTHING_NOW = "现在没有可以练的题：可能都在还没结束的考试里，考完就能练。"


def open_practice(
    *,
    actor: Actor,
    cohort: training.Cohort,
    now: dt.datetime,
    bank: QuestionBank | None = None,
    blueprint: Blueprint | None = None,
    minutes: int = 0,
) -> PracticeOpening:
    """Opens a bank to practise from, or a final blueprint for mock exams of so many minutes, to a class; twice gets the
    first. Raises ``Refused`` for everybody but staff of the organisation that runs the class and owns the questions."""
    check_can_write(actor, cohort.organisation_id)
    what = bank or blueprint
    if what is None or (bank and blueprint) or what.organisation_id != cohort.organisation_id:
        raise Invalid("exams.practice_what", "请选一个题库，或一个定稿的组卷方案。", fields={"what": "请选一项。"})
    if blueprint is not None and blueprint.state != PaperState.FINAL:
        raise Conflict("exams.practice_draft", "组卷方案还没有定稿，定稿后才能用来模拟考试。")
    if blueprint is not None and not 1 <= minutes <= LONGEST_MOCK:
        words = f"模拟考试时长请填 1 到 {LONGEST_MOCK} 分钟。"
        raise Invalid("exams.practice_minutes", words, fields={"minutes": words})
    which: dict[str, Any] = {"cohort": cohort, "bank": bank, "blueprint": blueprint}
    try:
        with transaction.atomic():
            made = PracticeOpening.objects.create(
                **which, minutes=minutes if blueprint else 0, opened_by_id=actor.person_id, opened_at=now
            )
            _record(actor, made, "exams.practice_opened", now)
    except IntegrityError:
        return PracticeOpening.objects.get(**which, closed_at__isnull=True)
    return made


def close_practice(*, actor: Actor, opening_id: int, now: dt.datetime) -> PracticeOpening:
    """Nothing new is drawn from it any more; rounds that were begun go on."""
    with transaction.atomic():
        rows = PracticeOpening.objects.select_for_update(of=("self",)).select_related("cohort", "bank", "blueprint")
        opening = rows.filter(pk=opening_id).first()
        if opening is None:
            raise NotFound("exams.no_opening", "没有找到这项练习。")
        check_can_write(actor, opening.cohort.organisation_id)
        if opening.closed_at is None:
            opening.closed_at = now
            opening.save(update_fields=["closed_at"])
            _record(actor, opening, "exams.practice_closed", now)
    return opening


def start_bank(
    *,
    actor: Actor,
    opening_id: int,
    now: dt.datetime,
    kind: str = "",
    point_id: int | None = None,
    count: int = USUAL,
    random: Random = RANDOM,
) -> PracticeRound:
    """So many questions of an opened bank, of a kind and point if wanted, in random order."""
    opening = _own_opening(actor, opening_id)
    if opening.bank_id is None:
        raise NotFound("exams.no_opening", "没有找到这项练习。")
    rows = practicable(opening.bank_id)
    rows = rows.filter(kind=kind) if kind else rows
    rows = rows.filter(point=point_id) if point_id else rows
    assert opening.bank is not None
    return _begin(
        _enrolment(actor, opening), PracticeMode.BANK, opening.bank.title, _ids(rows), count, now, random, opening
    )


def start_errors(
    *,
    actor: Actor,
    now: dt.datetime,
    point_id: int | None = None,
    count: int = USUAL,
    random: Random = RANDOM,
) -> PracticeRound:
    """Questions of the learner's book: those due now; of one point, all that are not known yet, most wrong first."""
    cards = due_cards(actor, now)
    if point_id is not None:
        cards = open_cards(actor).filter(question__point=point_id or None).order_by("-wrong", "due_at", "pk")
    rows = list(cards.select_related("enrolment__cohort", "question")[: MOST * 3])
    for enrolment in dict.fromkeys(card.enrolment for card in rows):
        ids = [card.question_id for card in rows if card.enrolment_id == enrolment.pk]
        if may_show(enrolment.cohort.organisation_id, ids):
            return _begin(enrolment, PracticeMode.ERRORS, "错题练习", ids, count, now, random, None)
    raise Conflict("exams.nothing_due", "现在没有要练的错题。" if not rows else NOTHING_NOW)


def start_mock(*, actor: Actor, opening_id: int, now: dt.datetime, random: Random = RANDOM) -> PracticeRound:
    """A mock exam drawn as the blueprint draws, with the clock running; one that runs already is gone on with."""
    opening = _own_opening(actor, opening_id)
    if opening.blueprint is None:
        raise NotFound("exams.no_opening", "没有找到这项练习。")
    enrolment = _enrolment(actor, opening)
    settle(actor=actor, now=now)
    running = visible_rounds(actor).filter(opening=opening, enrolment=enrolment, ended_at__isnull=True)
    if (known := running.first()) is not None:
        return known
    deck = deck_of(opening.blueprint)
    may = may_show(enrolment.cohort.organisation_id, opening.blueprint.pool_ids)
    picks = selection.draw(deck.drawn, deck.band, lambda number: deck.shown.get(number, 0), random)
    lines = [
        SheetLine(0, number, rule.score, rule.part)
        for rule, chosen in zip(deck.rules, picks, strict=True)
        for number in chosen
        if number in may
    ]
    if len(lines) * 2 < opening.blueprint.questions:
        raise Conflict("exams.mock_barred", "这套题正用于还没结束的考试，考完才能模拟。")
    deadline = now + dt.timedelta(minutes=opening.minutes)
    try:
        with transaction.atomic():
            return _create(enrolment, PracticeMode.MOCK, opening.blueprint.title, lines, now, random, opening, deadline)
    except IntegrityError:  # at the same moment another click began it
        return running.get()


def answer(*, actor: Actor, round_id: int, position: int, given: Sequence[Any], now: dt.datetime) -> bool | None:
    """Judges an answer at once and keeps it; in a mock exam it may be changed until the end and is judged there (None).
    A second answer to the same question of a round changes nothing (double submits, going back).

    Raises ``Conflict`` when the round is over or the question is in an exam by now, ``Invalid`` for no answer.
    """
    with transaction.atomic():
        get_round(actor, round_id)
        rows = PracticeRound.objects.select_for_update(of=("self",)).select_related("enrolment__cohort")
        one = rows.get(pk=round_id)
        lines = lines_of(one)
        if is_over(one, now):
            raise Conflict("exams.round_over", "这次练习已经结束。")
        if not 1 <= position <= len(lines):
            raise NotFound("exams.no_question", "这次练习没有这一题。")
        line, known = lines[position - 1], one.answers.get(str(position))
        if one.mode != PracticeMode.MOCK and known is not None:
            return bool(known["correct"])
        if not may_show(one.enrolment.cohort.organisation_id, [line.question_id]):
            raise Conflict("exams.barred_now", "这道题正用于还没结束的考试，考完才能练，请做下一题。")
        chosen = _cleaned(line.question_id, given)
        correct = None if one.mode == PracticeMode.MOCK else _judge(line, chosen)
        one.answers[str(position)] = {"given": chosen, "correct": correct, "at": now.isoformat()}
        if correct is not None:
            one.right += correct
            note_answer(enrolment_id=one.enrolment_id, question_id=line.question_id, correct=correct, now=now)
        one.answered = len(one.answers)
        if one.mode != PracticeMode.MOCK and one.answered == len(lines):
            one.ended_at = now
        one.save(update_fields=["answers", "right", "answered", "ended_at"])
    return correct


def end_round(*, actor: Actor, round_id: int, now: dt.datetime) -> PracticeRound:
    """Ends a round; a mock exam is judged now. Ended before: nothing changes."""
    with transaction.atomic():
        get_round(actor, round_id)
        one = PracticeRound.objects.select_for_update(of=("self",)).get(pk=round_id)
        if one.ended_at is None:
            _end(one, now)
    return one


def settle(*, actor: Actor, now: dt.datetime) -> None:
    """Mock exams of the learner whose time is over end at their deadline."""
    late = visible_rounds(actor).filter(ended_at__isnull=True, deadline_at__lte=now).values_list("pk", flat=True)
    for number in list(late):
        with transaction.atomic():
            one = PracticeRound.objects.select_for_update(of=("self",)).get(pk=number)
            if one.ended_at is None and one.deadline_at is not None:
                _end(one, one.deadline_at)


def _end(one: PracticeRound, now: dt.datetime) -> None:
    one.ended_at = now
    if one.mode == PracticeMode.MOCK:
        for line in lines_of(one):
            known = one.answers.get(str(line.position))
            if known is None:
                continue
            known["correct"] = _judge(line, known["given"])
            one.right += known["correct"]
            note_answer(enrolment_id=one.enrolment_id, question_id=line.question_id, correct=known["correct"], now=now)
    one.save(update_fields=["answers", "right", "ended_at"])


def _judge(line: SheetLine, given: Sequence[Any]) -> bool:
    question = contents_of([line.question_id])[line.question_id]
    marked = kinds.of(question.kind).mark(question.body, question.key, given, Marking(line.score, values=line.values))
    return marked is not None and marked.correct


def _cleaned(question_id: int, given: Sequence[Any]) -> list[Any]:
    question = contents_of([question_id])[question_id]
    short = len(str(given)) <= LONGEST_TEXT and "\0" not in "".join(map(str, given))
    rules = kinds.of(question.kind)
    chosen = rules.clean_given(question.body, list(given)) if short else None
    if chosen is None or rules.is_blank(chosen):
        raise Invalid("exams.no_answer", "请先作答，再提交。", fields={"given": "请先作答，再提交。"})
    return list(chosen)


def _begin(
    enrolment: training.Enrolment,
    mode: PracticeMode,
    title: str,
    ids: Sequence[int],
    count: int,
    now: dt.datetime,
    random: Random,
    opening: PracticeOpening | None,
) -> PracticeRound:
    may = may_show(enrolment.cohort.organisation_id, ids)
    left = [number for number in ids if number in may]
    if not left:
        raise Conflict("exams.nothing_to_practise", NOTHING_NOW)
    many = min(max(count, 1), MOST, len(left))
    chosen = left[:many] if mode == PracticeMode.ERRORS else random.sample(left, many)
    return _create(
        enrolment, mode, title, [SheetLine(0, one, Decimal(1)) for one in chosen], now, random, opening, None
    )


def _create(
    enrolment: training.Enrolment,
    mode: PracticeMode,
    title: str,
    lines: Sequence[SheetLine],
    now: dt.datetime,
    random: Random,
    opening: PracticeOpening | None,
    deadline: dt.datetime | None,
) -> PracticeRound:
    contents = contents_of(line.question_id for line in lines)
    sheet = []
    for position, line in enumerate(lines, start=1):
        question = contents[line.question_id]
        rules = kinds.of(question.kind)
        many = rules.shown(question.body) if rules.shuffles else 0
        order = tuple(random.sample(range(many), many)) if many > 1 else None
        values = rules.draw(question.key, random)
        sheet.append(replace(line, position=position, order=order, values=values).to_json())
    return PracticeRound.objects.create(
        enrolment=enrolment, mode=mode, title=title, opening=opening, sheet=sheet, began_at=now, deadline_at=deadline
    )


def _ids(rows: Any) -> list[int]:
    return list(rows.order_by("pk").values_list("pk", flat=True))


def _own_opening(actor: Actor, opening_id: int) -> PracticeOpening:
    found = open_to(one.pk for one in own_enrolments(actor)).filter(pk=opening_id).first()
    if found is None:
        raise NotFound("exams.no_opening", "没有找到这项练习，可能已经停止开放。")
    return found


def _enrolment(actor: Actor, opening: PracticeOpening) -> training.Enrolment:
    return next(one for one in own_enrolments(actor) if one.cohort_id == opening.cohort_id)


def _record(actor: Actor, opening: PracticeOpening, kind: str, now: dt.datetime) -> None:
    what = f"bank:{opening.bank_id}" if opening.bank_id else f"blueprint:{opening.blueprint_id}"
    body = {"what": what, "minutes": opening.minutes}
    subject = f"cohort:{opening.cohort_id}"
    evidence.record(kind=kind, actor=actor, subject=subject, about=[what], body=body, now=now)
