"""Banks and questions: create, edit as a new version, retire."""

import datetime as dt
from dataclasses import asdict
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Max

from zhenxue.evidence import api as evidence
from zhenxue.exams import kinds, markup
from zhenxue.exams.data import Kind, QuestionFacts, QuestionState
from zhenxue.exams.models import Question, QuestionBank
from zhenxue.exams.operations.marking import digest_of, is_score, points, question_digest, texts_in
from zhenxue.exams.policies import check_can_change_bank, check_can_write
from zhenxue.exams.queries.assets import digests_in, named_assets
from zhenxue.identity.data import Actor
from zhenxue.kernel.errors import Conflict, Invalid


def create_bank(*, actor: Actor, title: str, now: dt.datetime) -> QuestionBank:
    """A new, empty bank of the actor's organisation. Raises ``Invalid`` when the title is taken."""
    organisation = actor.organisation_id
    check_can_write(actor, organisation)
    assert organisation is not None
    title = title.strip()
    if not title:
        raise Invalid("exams.bank_title", "请填写题库名称。", fields={"title": "请填写题库名称。"})
    try:
        with transaction.atomic():
            bank = QuestionBank.objects.create(organisation_id=organisation, title=title, created_at=now)
            evidence.record(
                kind="exams.bank_created",
                actor=actor,
                subject=f"bank:{bank.pk}",
                about=[f"organisation:{organisation}"],
                body={"title": title},
                now=now,
            )
    except IntegrityError as error:
        message = "本机构已有同名题库，请换一个名称。"
        raise Invalid("exams.bank_taken", message, fields={"title": message}) from error
    return bank


def add_question(*, actor: Actor, bank: QuestionBank, facts: QuestionFacts, now: dt.datetime) -> Question:
    """One question written by hand. Raises ``Invalid`` by field."""
    check_can_change_bank(actor, bank)
    draft = _checked(bank, facts)
    with transaction.atomic():
        lock_bank(bank)
        _check_no_double(bank, draft["digest"])
        question = Question.objects.create(bank=bank, number=next_number(bank), created_at=now, **draft)
        record_questions(actor, bank, "exams.question_added", [question], now)
    return question


def edit_question(*, actor: Actor, question: Question, facts: QuestionFacts, now: dt.datetime) -> Question:
    """The next version of a question; papers that hold the old version keep it. The same text changes nothing."""
    check_can_change_bank(actor, question.bank)
    draft = _checked(question.bank, facts)
    with transaction.atomic():
        lock_bank(question.bank)
        current = Question.objects.get(pk=question.pk)
        if current.state != QuestionState.ACTIVE:
            raise Conflict("exams.question_moved_on", "这道题已有新版本或已停用，请回到题库刷新后再改。")
        if all(getattr(current, name) == value for name, value in draft.items()):
            return current
        _check_no_double(question.bank, draft["digest"], but=current.pk)
        Question.objects.filter(pk=current.pk).update(state=QuestionState.REPLACED)
        new = Question.objects.create(
            bank=current.bank, number=current.number, version=current.version + 1, created_at=now, **draft
        )
        record_questions(actor, question.bank, "exams.question_edited", [new], now)
    return new


def retire_question(*, actor: Actor, question: Question, now: dt.datetime) -> None:
    """Takes a question out of use; papers that hold it keep it. A second click changes nothing."""
    check_can_change_bank(actor, question.bank)
    with transaction.atomic():
        changed = Question.objects.filter(pk=question.pk, state=QuestionState.ACTIVE).update(
            state=QuestionState.RETIRED
        )
        if changed:
            record_questions(actor, question.bank, "exams.question_retired", [question], now)


def _checked(bank: QuestionBank, facts: QuestionFacts) -> dict[str, Any]:
    """The fields of a version, or ``Invalid`` by field."""
    if facts.kind not in {one.value for one in Kind}:
        raise Invalid("exams.question", "请选择题型。", fields={"kind": "请选择题型。"})
    wrong = {} if facts.stem.strip() else {"stem": "请填写题干。"}
    rules = kinds.of(facts.kind)
    inside = rules.check(facts.body, facts.key)
    wrong |= inside or rules.check_stem(facts.stem, facts.body, facts.key)
    wrong |= {} if wrong else _check_texts(bank, facts)
    if not is_score(facts.score):
        wrong["score"] = "分值应大于 0、不超过 100，最多一位小数。"
    if not 1 <= facts.difficulty <= 5:
        wrong["difficulty"] = "难度应在 1（易）到 5（难）之间。"
    if wrong:
        raise Invalid("exams.question", "题目还不完整：" + "".join(wrong.values()), fields=wrong)
    stem = facts.stem.strip()
    values = {**asdict(facts), "stem": stem, "explanation": facts.explanation.strip(), "source": facts.source.strip()}
    media = digests_in(bank, named_assets(stem, facts.body))
    return {**values, "digest": question_digest(stem, facts.body, media)}


def _check_texts(bank: QuestionBank, facts: QuestionFacts) -> dict[str, str]:
    """Formulas that cannot be read, and files that are not this bank's, by field."""
    words = "".join(said for text in texts_in(facts.body) for said in markup.problems(text))
    said = {"stem": "".join(markup.problems(facts.stem)) or words}
    said["explanation"] = "".join(markup.problems(facts.explanation))
    wrong = {name: text for name, text in said.items() if text}
    named = named_assets(facts.stem, facts.body, facts.explanation)
    missing = sorted(named - set(bank.assets.filter(pk__in=named).values_list("pk", flat=True))) if named else []
    if missing:
        wrong.setdefault("stem", f"题库里没有编号 {missing[0]} 的文件，请先上传，或改正编号。")
    return wrong


def lock_bank(bank: QuestionBank) -> None:
    """Writers of one bank go one after another, so that numbers have no gaps or doubles."""
    QuestionBank.objects.select_for_update().get(pk=bank.pk)


def next_number(bank: QuestionBank) -> int:
    return (bank.questions.aggregate(last=Max("number"))["last"] or 0) + 1


def _check_no_double(bank: QuestionBank, digest: str, but: int | None = None) -> None:
    same = bank.questions.filter(digest=digest, state=QuestionState.ACTIVE).exclude(pk=but or 0).first()
    if same is not None:
        message = f"题库中已有相同的题（题号 {same.number}）。"
        raise Invalid("exams.question_double", message, fields={"stem": message})


def record_questions(
    actor: Actor,
    bank: QuestionBank,
    kind: str,
    questions: list[Question],
    now: dt.datetime,
    more: dict[str, Any] | None = None,
) -> None:
    """Evidence holds numbers, versions and one digest over texts and answers, never the texts (they would leak)."""
    content = [[one.number, one.version, one.kind, one.stem, one.body, one.key, points(one.score)] for one in questions]
    evidence.record(
        kind=kind,
        actor=actor,
        subject=f"bank:{bank.pk}",
        about=[f"organisation:{bank.organisation_id}"],
        body={
            "questions": [f"{one.number}.{one.version}" for one in questions],
            "count": len(questions),
            "content_sha256": digest_of(content),
            **(more or {}),
        },
        now=now,
    )
