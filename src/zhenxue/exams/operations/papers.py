"""Fixed papers: pick, order and score questions; finish; copy."""

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal

from django.db import IntegrityError, transaction

from zhenxue.evidence import api as evidence
from zhenxue.exams.data import PAPER_TRANSITIONS, MultipleRule, PaperState, QuestionState
from zhenxue.exams.models import Paper, PaperLine, Question
from zhenxue.exams.operations.marking import digest_of, is_score, points
from zhenxue.exams.policies import check_can_change_paper, check_can_write
from zhenxue.identity.data import Actor
from zhenxue.kernel.errors import Conflict, Invalid

MAX_QUESTIONS = 300
LONGEST_PART = 30


def create_paper(
    *,
    actor: Actor,
    title: str,
    now: dt.datetime,
    multiple_rule: str = MultipleRule.ALL,
    lines: Sequence[tuple[int, Decimal | int | None]] = (),
) -> Paper:
    """A draft paper of the actor's organisation, with (question id, score or its default) in order."""
    organisation = actor.organisation_id
    check_can_write(actor, organisation)
    assert organisation is not None
    if not title.strip():
        raise Invalid("exams.paper_title", "请填写试卷名称。", fields={"title": "请填写试卷名称。"})
    try:
        with transaction.atomic():
            paper = Paper.objects.create(
                organisation_id=organisation, title=title.strip(), multiple_rule=multiple_rule, created_at=now
            )
            if lines:
                add_questions(actor=actor, paper=paper, question_ids=[question for question, _ in lines])
                set_scores(actor=actor, paper=paper, scores={question: score for question, score in lines if score})
    except IntegrityError as error:
        message = "本机构已有同名试卷，请换一个名称。"
        raise Invalid("exams.paper_taken", message, fields={"title": message}) from error
    return paper


def add_questions(*, actor: Actor, paper: Paper, question_ids: Sequence[int]) -> int:
    """Appends questions of the same organisation that are in use; those already on the paper stay. Answers how many."""
    with transaction.atomic():
        paper = _locked(actor, paper)
        held = {line.question_id for line in paper.lines.all()}
        wanted = [one for one in dict.fromkeys(question_ids) if one not in held]
        found = {
            question.pk: question
            for question in Question.objects.filter(
                pk__in=wanted, bank__organisation_id=paper.organisation_id, state=QuestionState.ACTIVE
            )
        }
        if missing := [one for one in wanted if one not in found]:
            raise Invalid("exams.question_gone", f"有 {len(missing)} 道题已停用或不在本机构题库中，请刷新后重新选题。")
        if len(held) + len(wanted) > MAX_QUESTIONS:
            raise Invalid("exams.paper_full", f"一份试卷最多 {MAX_QUESTIONS} 道题。")
        PaperLine.objects.bulk_create(
            PaperLine(paper=paper, question=found[one], position=len(held) + index, score=found[one].score)
            for index, one in enumerate(wanted, start=1)
        )
        _count(paper)
    return len(wanted)


def remove_question(*, actor: Actor, paper: Paper, question_id: int) -> None:
    """Takes a question off the paper and closes the gap; one that is not there changes nothing."""
    with transaction.atomic():
        paper = _locked(actor, paper)
        paper.lines.filter(question_id=question_id).delete()
        _renumber(paper, [line.pk for line in paper.lines.order_by("position")])
        _count(paper)


def move_question(*, actor: Actor, paper: Paper, question_id: int, to_position: int) -> None:
    """Puts a question at a position (from 1); beyond the ends means the end."""
    with transaction.atomic():
        paper = _locked(actor, paper)
        lines = list(paper.lines.order_by("position"))
        moving = next((line for line in lines if line.question_id == question_id), None)
        if moving is None:
            raise Conflict("exams.line_gone", "这道题已不在试卷中，请刷新页面。")
        lines.remove(moving)
        lines.insert(min(max(to_position, 1), len(lines) + 1) - 1, moving)
        _renumber(paper, [line.pk for line in lines])


def shift_question(*, actor: Actor, paper: Paper, question_id: int, step: int) -> None:
    """Moves a question up (-1) or down (1) by one; at the ends nothing changes."""
    line = paper.lines.filter(question_id=question_id).first()
    if line is None:
        raise Conflict("exams.line_gone", "这道题已不在试卷中，请刷新页面。")
    move_question(actor=actor, paper=paper, question_id=question_id, to_position=line.position + step)


def set_scores(*, actor: Actor, paper: Paper, scores: Mapping[int, Decimal | int]) -> None:
    """Scores by question id, above 0 up to 100, at most one decimal."""
    if any(not is_score(score) for score in scores.values()):
        message = "每题分值应大于 0、不超过 100，最多一位小数。"
        raise Invalid("exams.line_score", message, fields={"scores": message})
    with transaction.atomic():
        paper = _locked(actor, paper)
        lines = list(paper.lines.filter(question_id__in=scores))
        for line in lines:
            line.score = Decimal(scores[line.question_id])
        PaperLine.objects.bulk_update(lines, ["score"])
        _count(paper)


def set_parts(*, actor: Actor, paper: Paper, parts: Mapping[int, str]) -> None:
    """Names of parts by question id; empty: none. Questions of one part are brought together, the parts in the order in
    which they begin. Raises ``Invalid`` for a name that is too long."""
    names = {question: part.strip() for question, part in parts.items()}
    if any(len(part) > LONGEST_PART for part in names.values()):
        message = f"部分的名称最多 {LONGEST_PART} 个字。"
        raise Invalid("exams.line_part", message, fields={"parts": message})
    with transaction.atomic():
        paper = _locked(actor, paper)
        lines = list(paper.lines.order_by("position"))
        for line in lines:
            line.part = names.get(line.question_id, line.part)
        PaperLine.objects.bulk_update(lines, ["part"])
        first: dict[str, int] = {}
        for line in lines:
            first.setdefault(line.part, line.position)
        _renumber(paper, [line.pk for line in sorted(lines, key=lambda one: (first[one.part], one.position))])


def finish_paper(*, actor: Actor, paper: Paper, now: dt.datetime) -> Paper:
    """Makes a paper final: it never changes again, and its digest is in the log. A second click changes nothing."""
    check_can_write(actor, paper.organisation_id)
    with transaction.atomic():
        paper = Paper.objects.select_for_update().get(pk=paper.pk)
        if paper.state == PaperState.FINAL:
            return paper
        if PaperState.FINAL not in PAPER_TRANSITIONS[PaperState(paper.state)]:
            raise Conflict("exams.paper_state", "这份试卷已停用，不能定稿。")
        lines = list(paper.lines.select_related("question").order_by("position"))
        if not lines:
            raise Invalid("exams.paper_empty", "试卷里还没有题目，请先选题。")
        paper.total = sum((line.score for line in lines), Decimal(0))
        paper.questions = len(lines)
        paper.digest = paper_digest(lines)
        paper.state, paper.finished_at = PaperState.FINAL, now
        paper.save()
        evidence.record(
            kind="exams.paper_made",
            actor=actor,
            subject=f"paper:{paper.pk}",
            about=[f"organisation:{paper.organisation_id}"],
            body={"questions": len(lines), "total": points(paper.total), "content_sha256": paper.digest},
            now=now,
        )
    return paper


def copy_paper(*, actor: Actor, paper: Paper, title: str, now: dt.datetime) -> Paper:
    """A new draft with the same questions and parts; those that were replaced or retired are left out."""
    check_can_write(actor, paper.organisation_id)
    held = list(paper.lines.filter(question__state=QuestionState.ACTIVE).order_by("position"))
    lines = [(line.question_id, line.score) for line in held]
    with transaction.atomic():
        copy = create_paper(actor=actor, title=title, multiple_rule=paper.multiple_rule, lines=lines, now=now)
        set_parts(actor=actor, paper=copy, parts={line.question_id: line.part for line in held})
    return copy


def retire_paper(*, actor: Actor, paper: Paper) -> None:
    """Hides a final paper from new exams. A second click changes nothing."""
    check_can_write(actor, paper.organisation_id)
    Paper.objects.filter(pk=paper.pk, state=PaperState.FINAL).update(state=PaperState.RETIRED)


def paper_digest(lines: Sequence[PaperLine]) -> str:
    """SHA-256 over positions, parts, scores, and the whole content of each question version."""
    return digest_of(
        [
            [*_place_of(line), one.kind, one.stem, one.body, one.key, one.number, one.version]
            for line in lines
            for one in [line.question]
        ]
    )


def _place_of(line: PaperLine) -> list[object]:
    return [line.position, line.part, points(line.score)]


def _locked(actor: Actor, paper: Paper) -> Paper:
    fresh = Paper.objects.select_for_update().get(pk=paper.pk)
    check_can_change_paper(actor, fresh)
    return fresh


def _renumber(paper: Paper, order: list[int]) -> None:
    """Positions 1…n in the given order; in two steps, because each position is unique at every moment."""
    offset = MAX_QUESTIONS * 10
    lines = {line.pk: line for line in paper.lines.all()}
    for index, pk in enumerate(order, start=1):
        lines[pk].position = offset + index
    PaperLine.objects.bulk_update(lines.values(), ["position"])
    for line in lines.values():
        line.position -= offset
    PaperLine.objects.bulk_update(lines.values(), ["position"])


def _count(paper: Paper) -> None:
    scores = list(paper.lines.values_list("score", flat=True))
    Paper.objects.filter(pk=paper.pk).update(total=sum(scores, Decimal(0)), questions=len(scores))
