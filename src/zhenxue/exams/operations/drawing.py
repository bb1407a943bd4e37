"""The sheet of an attempt: which questions, in which order, worth what. Drawn once at the start, then frozen."""

import datetime as dt
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from random import Random, SystemRandom

from zhenxue.exams import kinds
from zhenxue.exams.data import Kind, SheetLine
from zhenxue.exams.models import Attempt, Blueprint, BlueprintRule, Exam, Paper, PaperLine
from zhenxue.exams.operations import selection
from zhenxue.exams.operations.common import record
from zhenxue.exams.operations.marking import digest_of
from zhenxue.exams.operations.planning import frozen_plan
from zhenxue.exams.queries import times_shown
from zhenxue.exams.queries.content import Content, contents_of
from zhenxue.identity.data import Actor
from zhenxue.kernel.remembering import Remembered

RANDOM = SystemRandom()
#: How long a process may go on with what it read of a blueprint; only the counts of how often questions were shown age.
KEEPS_SECONDS = 600.0
#: Final papers whose lines a process remembers.
KEPT_PAPERS = 50
#: Kinds that may draw parameters for each learner.
WITH_PARAMETERS = frozenset({Kind.CALCULATION, Kind.CASE})


@dataclass(frozen=True, slots=True)
class Deck:
    """A final blueprint as a process keeps it: frozen rules, and how often each question had been shown."""

    rules: Sequence[BlueprintRule]
    drawn: tuple[selection.Rule, ...]
    band: selection.Band
    shown: dict[int, int]
    read_at: float


_decks: dict[tuple[int, str], Deck] = {}


def draw_sheet(exam: Exam, random: Random = RANDOM) -> list[SheetLine]:
    """The lines of a new attempt: all of a fixed paper, or as many as a blueprint draws; questions in another order
    within their part, options in another order and parameters drawn, as far as the exam says so.

    Randomness is the operating system's; tests give their own.
    """
    lines, varied = _of_blueprint(exam.plan, random) if isinstance(exam.plan, Blueprint) else _of_paper(exam.plan)
    if exam.shuffles_questions:
        lines = [line for _part, group in groupby(lines, lambda line: line.part) for line in _mixed(group, random)]
    questions = contents_of(line.question_id for line in lines) if exam.shuffles_options or varied else {}
    sheet = []
    for position, line in enumerate(lines, start=1):
        question = questions.get(line.question_id)
        order = values = None
        if question is not None:
            order = _order(question, random) if exam.shuffles_options else None
            values = kinds.of(question.kind).draw(question.key, random)
        sheet.append(replace(line, position=position, order=order, values=values))
    return sheet


_papers: Remembered[tuple[int, str], tuple[list[SheetLine], bool]] = Remembered(KEPT_PAPERS)


def _of_paper(paper: Paper) -> tuple[list[SheetLine], bool]:
    """The lines of a paper and whether some draw parameters; of a final one, which has a digest, asked for once."""
    if not paper.digest:
        return _read_paper(paper.pk)
    key = paper.pk, paper.digest
    return _papers.many([key], lambda _: {key: _read_paper(paper.pk)})[key]


def _read_paper(paper_id: int) -> tuple[list[SheetLine], bool]:
    columns = ("position", "question_id", "score", "part", "question__kind")
    rows = list(PaperLine.objects.filter(paper=paper_id).order_by("position").values_list(*columns))
    return [SheetLine(*row[:4]) for row in rows], any(row[4] in WITH_PARAMETERS for row in rows)


def _of_blueprint(blueprint: Blueprint, random: Random) -> tuple[list[SheetLine], bool]:
    deck = deck_of(blueprint)
    picks = selection.draw(deck.drawn, deck.band, lambda number: deck.shown.get(number, 0), random)
    lines = [
        SheetLine(0, number, rule.score, rule.part)
        for rule, chosen in zip(deck.rules, picks, strict=True)
        for number in _mixed(chosen, random)
    ]
    return lines, any(rule.kind in WITH_PARAMETERS for rule in deck.rules)


def deck_of(blueprint: Blueprint) -> Deck:
    """What is needed to draw from a final blueprint, read once in a while; two queries."""
    key, now = (blueprint.pk, blueprint.digest), time.monotonic()
    deck = _decks.get(key)
    if deck is None or now - deck.read_at > KEEPS_SECONDS:
        rules, drawn, band = frozen_plan(blueprint)
        deck = _decks[key] = Deck(rules, drawn, band, times_shown(blueprint.pool_ids), now)
    return deck


def _order(question: Content, random: Random) -> tuple[int, ...] | None:
    rules = kinds.of(question.kind)
    many = rules.shown(question.body) if rules.shuffles else 0
    return tuple(random.sample(range(many), many)) if many > 1 else None


def _mixed[T](things: Iterable[T], random: Random) -> list[T]:
    mixed = list(things)
    random.shuffle(mixed)
    return mixed


def begin(actor: Actor, attempt: Attempt, now: dt.datetime) -> None:
    """Puts a sheet into a new attempt and saves it; digests of both go into the log with the start."""
    attempt.sheet = [line.to_json() for line in draw_sheet(attempt.exam)]
    attempt.sheet_sha256 = digest_of(attempt.sheet)
    attempt.save(force_insert=True)
    body = {
        "number": attempt.number,
        "deadline_at": attempt.deadline_at.astimezone(dt.UTC).isoformat(),
        "paper_sha256": attempt.exam.plan.digest,
        "sheet_sha256": attempt.sheet_sha256,
    }
    record(actor, attempt, "exams.attempt_started", body, now)


def sheet_of(attempt: Attempt) -> list[SheetLine]:
    """The frozen lines of an attempt, in order."""
    return [SheetLine.from_json(position, row) for position, row in enumerate(attempt.sheet, start=1)]
