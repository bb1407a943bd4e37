"""Banks and questions: create, edit as a new version, retire, import a sheet after showing it."""

import datetime as dt
import hashlib
from collections.abc import Sequence
from dataclasses import asdict
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Max

from zhenxue.catalogue import api as catalogue
from zhenxue.evidence import api as evidence
from zhenxue.exams import kinds
from zhenxue.exams.data import IMPORT_TRANSITIONS, ImportState, Kind, PreviewRow, QuestionFacts, QuestionState
from zhenxue.exams.models import Question, QuestionBank, QuestionImport
from zhenxue.exams.operations.marking import digest_of, is_score, points, question_digest
from zhenxue.exams.policies import check_can_change_bank, check_can_write
from zhenxue.identity.data import Actor
from zhenxue.kernel import sheets
from zhenxue.kernel.errors import Conflict, Invalid

MAX_IMPORT_ROWS = 5000


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
    draft = _checked(facts)
    with transaction.atomic():
        _lock_bank(bank)
        _check_no_double(bank, draft["digest"])
        question = Question.objects.create(bank=bank, number=_next_number(bank), created_at=now, **draft)
        _record_questions(actor, bank, "exams.question_added", [question], now)
    return question


def edit_question(*, actor: Actor, question: Question, facts: QuestionFacts, now: dt.datetime) -> Question:
    """The next version of a question; papers that hold the old version keep it. The same text changes nothing."""
    check_can_change_bank(actor, question.bank)
    draft = _checked(facts)
    with transaction.atomic():
        _lock_bank(question.bank)
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
        _record_questions(actor, question.bank, "exams.question_edited", [new], now)
    return new


def retire_question(*, actor: Actor, question: Question, now: dt.datetime) -> None:
    """Takes a question out of use; papers that hold it keep it. A second click changes nothing."""
    check_can_change_bank(actor, question.bank)
    with transaction.atomic():
        changed = Question.objects.filter(pk=question.pk, state=QuestionState.ACTIVE).update(
            state=QuestionState.RETIRED
        )
        if changed:
            _record_questions(actor, question.bank, "exams.question_retired", [question], now)


def preview_import(
    *, actor: Actor, bank: QuestionBank, source: bytes | sheets.Readable, file_name: str, now: dt.datetime
) -> QuestionImport:
    """Reads a sheet and answers every row; nothing enters the bank before ``save_import``.

    Raises ``Invalid`` when the file cannot be read at all or its columns are missing.
    """
    check_can_change_bank(actor, bank)
    data = source if isinstance(source, bytes) else source.read(21 * 1024 * 1024)
    rows = _answer_rows(bank, data, file_name)
    with transaction.atomic():
        QuestionImport.objects.filter(bank=bank, state=ImportState.CHECKED).update(state=ImportState.DISCARDED)
        return QuestionImport.objects.create(
            bank=bank,
            file_name=file_name[:200],
            sha256=hashlib.sha256(data).hexdigest(),
            rows=[asdict(row) for row in rows],
            created_at=now,
        )


def save_import(*, actor: Actor, preview: QuestionImport, only_good: bool, now: dt.datetime) -> int:
    """Puts the rows that were shown into the bank and answers how many.

    With a refused row nothing is saved, unless ``only_good`` leaves those out. A second click raises ``Conflict``.
    """
    bank = preview.bank
    check_can_change_bank(actor, bank)
    with transaction.atomic():
        _lock_bank(bank)
        fresh = QuestionImport.objects.get(pk=preview.pk)
        if ImportState.SAVED not in IMPORT_TRANSITIONS[ImportState(fresh.state)]:
            raise Conflict("exams.import_done", "这份表格已经处理过了，没有重复导入。请回到题库查看。")
        rows = [PreviewRow.from_json(row) for row in fresh.rows]
        refused = [row.number for row in rows if row.problems]
        if refused and not only_good:
            named = "、".join(str(number) for number in refused[:10])
            raise Invalid(
                "exams.import_refused",
                f"第 {named} 行有问题，一道题也没有导入。请改好后重新上传，或只导入没有问题的行。",
            )
        questions = _create_rows(bank, rows, now)
        fresh.state, fresh.saved, fresh.rows = ImportState.SAVED, len(questions), []
        fresh.save(update_fields=["state", "saved", "rows"])
        body = {"file_sha256": fresh.sha256, "refused": len(refused)}
        _record_questions(actor, bank, "exams.questions_imported", questions, now, body)
    return len(questions)


def discard_import(*, actor: Actor, preview: QuestionImport) -> None:
    """Drops a preview; one that was saved stays saved."""
    check_can_change_bank(actor, preview.bank)
    QuestionImport.objects.filter(pk=preview.pk, state=ImportState.CHECKED).update(state=ImportState.DISCARDED)


def import_questions(
    *, actor: Actor, bank: QuestionBank, source: bytes | sheets.Readable, file_name: str, now: dt.datetime
) -> list[Question]:
    """Preview and save in one go, for callers without a page: every row must be good, else ``Invalid`` names them."""
    with transaction.atomic():
        preview = preview_import(actor=actor, bank=bank, source=source, file_name=file_name, now=now)
        before = bank.questions.aggregate(last=Max("number"))["last"] or 0
        save_import(actor=actor, preview=preview, only_good=False, now=now)
        return list(bank.questions.filter(number__gt=before).order_by("number"))


def _answer_rows(bank: QuestionBank, data: bytes, file_name: str) -> list[PreviewRow]:
    sheet = sheets.read_sheet(data, file_name, max_rows=MAX_IMPORT_ROWS)
    known = dict(bank.questions.filter(state=QuestionState.ACTIVE).values_list("digest", "number"))
    seen: dict[str, int] = {}
    rows = []
    for row in catalogue.read_question_table(sheets.table(sheet, catalogue.QUESTION_COLUMNS)):
        draft = row.draft
        if draft is None or row.problems:
            rows.append(
                PreviewRow(
                    row.number, stem=draft.stem if draft else "", problems=list(row.problems) or ["这一行读不出题目"]
                )
            )
            continue
        digest = question_digest(draft.stem, body_of(draft.kind, draft.options))
        duplicate = ""
        if digest in known:
            duplicate = f"题库中已有相同的题（题号 {known[digest]}），不重复导入"
        elif digest in seen:
            duplicate = f"与表格第 {seen[digest]} 行相同，不重复导入"
        seen.setdefault(digest, row.number)
        rows.append(
            PreviewRow(
                row.number,
                str(draft.kind),
                draft.stem,
                list(draft.options),
                list(draft.answer),
                draft.explanation,
                points(draft.score or Decimal(1)),
                duplicate=duplicate,
            )
        )
    return rows


def _create_rows(bank: QuestionBank, rows: list[PreviewRow], now: dt.datetime) -> list[Question]:
    known = set(bank.questions.filter(state=QuestionState.ACTIVE).values_list("digest", flat=True))
    first = _next_number(bank)
    questions: list[Question] = []
    for row in rows:
        body = body_of(row.kind, row.options)
        digest = question_digest(row.stem, body)
        if not row.is_good or digest in known:
            continue
        known.add(digest)
        questions.append(
            Question(
                bank=bank,
                number=first + len(questions),
                kind=row.kind,
                stem=row.stem,
                body=body,
                key={"right": row.answer},
                explanation=row.explanation,
                score=Decimal(row.score),
                digest=digest,
                created_at=now,
            )
        )
    return Question.objects.bulk_create(questions, batch_size=500)


def body_of(kind: str, options: Sequence[str]) -> dict[str, Any]:
    """The body of a choice."""
    return {} if kind == Kind.TRUE_FALSE else {"options": list(options)}


def _checked(facts: QuestionFacts) -> dict[str, Any]:
    """The fields of a version, or ``Invalid`` by field."""
    if facts.kind not in {one.value for one in Kind}:
        raise Invalid("exams.question", "请选择题型。", fields={"kind": "请选择题型。"})
    wrong = {} if facts.stem.strip() else {"stem": "请填写题干。"}
    wrong |= kinds.of(facts.kind).check(facts.body, facts.key)
    if not is_score(facts.score):
        wrong["score"] = "分值应大于 0、不超过 100，最多一位小数。"
    if not 1 <= facts.difficulty <= 5:
        wrong["difficulty"] = "难度应在 1（易）到 5（难）之间。"
    if wrong:
        raise Invalid("exams.question", "题目还不完整：" + "".join(wrong.values()), fields=wrong)
    stem = facts.stem.strip()
    values = {**asdict(facts), "stem": stem, "explanation": facts.explanation.strip(), "source": facts.source.strip()}
    return {**values, "digest": question_digest(stem, facts.body)}


def _lock_bank(bank: QuestionBank) -> None:
    """Writers of one bank go one after another, so that numbers have no gaps or doubles."""
    QuestionBank.objects.select_for_update().get(pk=bank.pk)


def _next_number(bank: QuestionBank) -> int:
    return (bank.questions.aggregate(last=Max("number"))["last"] or 0) + 1


def _check_no_double(bank: QuestionBank, digest: str, but: int | None = None) -> None:
    same = bank.questions.filter(digest=digest, state=QuestionState.ACTIVE).exclude(pk=but or 0).first()
    if same is not None:
        message = f"题库中已有相同的题（题号 {same.number}）。"
        raise Invalid("exams.question_double", message, fields={"stem": message})


def _record_questions(
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
