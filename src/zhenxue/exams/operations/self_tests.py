"""Self-tests of units and the book of errors (A23): what went wrong there is practised like any other question.

The questions of a self-test belong to its unit. One that somebody got wrong is kept once as a question of the bank
``BANK`` of the organisation whose class it is, so that the book, practice and figures know one sort of question.
"""

import datetime as dt
from collections.abc import Iterable, Mapping
from decimal import Decimal

from django.db import transaction

from zhenxue.catalogue import api as catalogue
from zhenxue.evidence import api as evidence
from zhenxue.exams import kinds
from zhenxue.exams.data import QuestionState
from zhenxue.exams.models import Question, QuestionBank
from zhenxue.exams.operations.banks import lock_bank, next_number, record_questions
from zhenxue.exams.operations.errors import note_answer
from zhenxue.exams.operations.marking import question_digest
from zhenxue.identity.data import SYSTEM
from zhenxue.training import api as training

BANK = "课程自测错题"


def note_test(*, enrolment_id: int, unit_id: int, judged: Mapping[int, bool], now: dt.datetime) -> None:
    """A self-test was handed in, ``judged`` by question: wrong answers come into the learner's book, right ones let
    what stands there rest; in the caller's transaction."""
    enrolment = training.visible_enrolments(SYSTEM).get(pk=enrolment_id)
    questions = {_digest(one): one for one in catalogue.list_questions(unit_id)}
    known = _known(enrolment.cohort.organisation_id, questions)
    for digest, asked in questions.items():
        right, question = judged.get(asked.pk, True), known.get(digest)
        if not right and (question is None or question.key != _key(asked)):
            question = _keep(enrolment.cohort.organisation_id, asked, question, now)
        if question is not None and question.state == QuestionState.ACTIVE:
            note_answer(enrolment_id=enrolment_id, question_id=question.pk, correct=right, now=now)


def _known(organisation_id: int, digests: Iterable[str]) -> dict[str, Question]:
    """Those of the unit's questions that the bank has, by digest; retired ones are known too, and stay out."""
    rows = Question.objects.filter(bank__organisation=organisation_id, bank__title=BANK, digest__in=list(digests))
    return {one.digest: one for one in rows.exclude(state=QuestionState.REPLACED).order_by("pk")}


def _keep(
    organisation_id: int, asked: catalogue.SelfTestQuestion, known: Question | None, now: dt.datetime
) -> Question | None:
    """The question in the bank: new, or the next version where its answer was mended; None for what no bank takes."""
    body, key = _body(asked), _key(asked)
    if kinds.of(asked.kind).check(body, key) or (known is not None and known.state != QuestionState.ACTIVE):
        return known
    bank = _bank(organisation_id, now)
    with transaction.atomic():
        lock_bank(bank)
        digest = _digest(asked)
        latest = bank.questions.filter(digest=digest, state=QuestionState.ACTIVE).first()
        if latest is not None and latest.key == key:  # another learner was faster
            return latest
        if latest is not None:
            Question.objects.filter(pk=latest.pk).update(state=QuestionState.REPLACED)
        points = catalogue.points_of_unit(asked.unit_id)
        made = Question.objects.create(
            bank=bank,
            number=latest.number if latest else next_number(bank),
            version=latest.version + 1 if latest else 1,
            kind=asked.kind,
            stem=asked.stem,
            body=body,
            key=key,
            explanation=asked.explanation,
            score=Decimal(1),
            point=points[0] if points else None,
            source=f"自测：{asked.unit.title}"[:120],
            digest=digest,
            created_at=now,
        )
        record_questions(SYSTEM, bank, "exams.question_edited" if latest else "exams.question_added", [made], now)
    return made


def _bank(organisation_id: int, now: dt.datetime) -> QuestionBank:
    bank, is_new = QuestionBank.objects.get_or_create(
        organisation_id=organisation_id, title=BANK, defaults={"created_at": now}
    )
    if is_new:
        about = [f"organisation:{organisation_id}"]
        subject = f"bank:{bank.pk}"
        evidence.record(
            kind="exams.bank_created", actor=SYSTEM, subject=subject, about=about, body={"title": BANK}, now=now
        )
    return bank


def _body(asked: catalogue.SelfTestQuestion) -> dict[str, object]:
    return {"options": list(asked.options)} if asked.options else {}


def _key(asked: catalogue.SelfTestQuestion) -> dict[str, object]:
    return {"right": list(asked.answer)}


def _digest(asked: catalogue.SelfTestQuestion) -> str:
    return question_digest(asked.stem, _body(asked))
