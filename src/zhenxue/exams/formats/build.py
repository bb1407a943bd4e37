"""From what a person wrote (``Written``) to a draft, or to problems that say what to do. Pure."""

import re
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from zhenxue.exams import kinds, markup
from zhenxue.exams.data import Kind
from zhenxue.exams.formats import words
from zhenxue.exams.formats.draft import (
    MOST_EXPLANATION,
    MOST_STEM,
    PLAIN_SCORE,
    Draft,
    Item,
    Written,
    files_of,
    named_files,
    plain_number,
    refused,
)
from zhenxue.exams.formats.makers import MAKERS, NO_PARTS, Work, find_options, right_letters
from zhenxue.exams.formats.safety import Assets
from zhenxue.exams.formats.shapes import Trouble

NO_SCORE = "没有分值，按 1 分"


def rebuild(where: str, written: Written, *, assets: Assets | None = None) -> Item:
    """The answer to an item that somebody mended, by the same rules; of a case its parts with it."""
    if written.parts and words.kind_of(written.kind) is Kind.CASE:
        parts = [build(f"小题 {number}", one, assets=assets) for number, one in enumerate(written.parts, start=1)]
        return case_of(where, replace(written, parts=()), parts, assets=assets)
    return build(where, replace(written, parts=()), assets=assets)


def build(
    where: str, written: Written, *, kind: Kind | None = None, assets: Assets | None = None, notes: Sequence[str] = ()
) -> Item:
    """The answer to one item. ``kind`` is what its sheet or heading says; its own word goes before it."""
    work = Work(written)
    work.notes += notes
    work.assets = assets
    problems: list[str] = []
    score, wrong = words.score_of(written.score)
    problems += [wrong] if wrong else []
    if kind is not None and not written.kind.strip():
        written = replace(written, kind=kind.label)  # refused, it stands alone, away from its heading
    try:
        found = _kind(work, kind)
        body, key = MAKERS[found](work)
    except Trouble as error:
        media = assets.named(files_of(written)) if assets else ()
        return refused(where, str(error), *problems, written=written, assets=media, notes=work.notes)
    difficulty = words.level(written.difficulty)
    if written.difficulty.strip() and difficulty is None:
        work.notes.append(f"难度“{written.difficulty[:20]}”不认识，按中等")
    draft = Draft(
        found,
        work.stem,
        body,
        key,
        written.explanation.strip(),
        score,
        difficulty,
        written.point.strip()[:120],
        written.source.strip()[:120],
    )
    return finish(where, draft, notes=work.notes, problems=problems, assets=assets, written=written)


def finish(
    where: str,
    draft: Draft,
    *,
    notes: Sequence[str] = (),
    problems: Sequence[str] = (),
    assets: Assets | None = None,
    written: Written | None = None,
) -> Item:
    """The last look at a draft of any format: the rules of its kind, lengths, pictures that are really there."""
    faults = list(problems)
    said = list(notes)
    if not draft.stem.strip():
        faults.append("题干没有填写")
    if len(draft.stem) > MOST_STEM:
        faults.append(f"题干超过 {MOST_STEM} 字，请缩短")
    if len(draft.explanation) > MOST_EXPLANATION:
        faults.append(f"解析超过 {MOST_EXPLANATION} 字，请缩短")
    is_open = draft.kind is Kind.SHORT_ANSWER and not draft.key.get("rubric")
    if is_open and not draft.key.get("reference", "").strip() and draft.explanation.strip():
        draft = replace(draft, key={**draft.key, "reference": draft.explanation})
        said.append("没有参考答案，用解析代替")
    rules = kinds.of(draft.kind)
    wrong = rules.check(draft.body, draft.key) or rules.check_stem(draft.stem, draft.body, draft.key)
    faults += [words_.rstrip("。") for words_ in wrong.values()]
    if draft.score is None:
        said.append(NO_SCORE)
    texts = [draft.stem, draft.explanation, *_texts(draft.body), *_texts(draft.key)]
    faults += [said_.rstrip("。") for text in texts if "$" in text for said_ in markup.problems(text)]
    names = named_files(*texts)
    if draft.kind == Kind.HOTSPOT and str(draft.body.get("asset", "")).startswith("file:"):
        names.append(draft.body["asset"].removeprefix("file:"))
    media = assets.named(names) if assets else ()
    missing = set(names) - {one.name for one in media}
    if missing:
        faults.append(f"没有找到图片“{'、'.join(sorted(missing))[:100]}”，请把它和题目放在同一个压缩包里")
    if faults:
        told = written if written and (written.answer or written.options or written.parts) else of_draft(draft)
        return refused(where, *faults, written=told, assets=media, notes=said)
    return Item(where, replace(draft, assets=media), (), tuple(dict.fromkeys(said)), written or Written())


def of_draft(draft: Draft) -> Written:
    """As much of a draft as a refused line needs to be found again and mended."""
    from zhenxue.exams.formats.template import PART, write

    try:
        first, *parts = write(draft)
        return replace(first, parts=tuple(replace(one, kind=one.kind.removeprefix(PART)) for one in parts))
    except (KeyError, IndexError, TypeError, ValueError, AttributeError):  # a draft that breaks its kind's rules
        return Written(draft.kind.label, draft.stem)


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for one in inner for text in _texts(one)]


def _kind(work: Work, kind: Kind | None) -> Kind:
    word = work.written.kind.strip()
    if word:
        found = words.kind_of(word) or (Kind(word) if word in {one.value for one in Kind} else None)
        if found is None:
            names = "、".join(one.label for one in Kind)
            raise Trouble(f"题型“{word[:20]}”不认识，请填：{names}")
        return _between_choices(work, found, word)
    if kind is not None:
        return _between_choices(work, kind, kind.label)
    answer = work.written.answer
    find_options(work)
    has_options = any(work.options)
    if words.truth(answer) is not None and (
        not has_options or all(words.truth(one) is not None for one in work.options if one)
    ):
        return Kind.TRUE_FALSE
    if has_options:
        return Kind.MULTIPLE if len(right_letters(work, answer, several=True)) > 1 else Kind.SINGLE
    if words.letters(answer) and not words.count_blanks(words.mark_blanks(work.stem)[0]) - 1:
        return Kind.MULTIPLE if len(words.letters(answer)) > 1 else Kind.SINGLE
    if words.mark_blanks(work.stem)[1]:
        return Kind.FILL_IN
    work.notes.append("没有写题型，按简答题")
    return Kind.SHORT_ANSWER


def _between_choices(work: Work, kind: Kind, word: str) -> Kind:
    """“选择题” and “不定项” say no more than that there are options; one or several answers decide."""
    plain = re.sub(r"\s", "", word)
    several = len(words.letters(work.written.answer)) > 1
    if plain in {"选择题", "选择"} and several:
        return Kind.MULTIPLE
    if "不定项" in plain and len(words.letters(work.written.answer)) == 1:
        return Kind.SINGLE
    return kind


def case_of(where: str, written: Written, parts: Sequence[Item], *, assets: Assets | None = None) -> Item:
    """A case from its own line and the answers to its parts."""
    problems = [f"{part.where}：{problem}" for part in parts for problem in part.problems]
    drafts = [part.draft for part in parts if part.draft is not None]
    notes = [f"{part.where}：{note}" for part in parts for note in part.notes]
    written = replace(written, parts=tuple(of_draft(one.draft) if one.draft else one.written for one in parts))
    if not parts:
        problems.append(NO_PARTS)
    if problems:
        media = assets.named(files_of(written)) if assets else ()
        return refused(where, *problems, written=written, assets=media, notes=notes)
    total = sum((draft.score or PLAIN_SCORE for draft in drafts), Decimal(0))
    body = {
        "parts": [
            {"kind": str(one.kind), "stem": one.stem, "body": one.body, "score": plain_number(one.score or PLAIN_SCORE)}
            for one in drafts
        ]
    }
    stated, wrong = words.score_of(written.score)
    if stated is not None and stated != total:
        notes.append(f"各小题共 {plain_number(total)} 分，与写的 {plain_number(stated)} 分不同，按小题合计")
    explanation = "\n".join(filter(None, [written.explanation.strip(), *(one.explanation for one in drafts)]))
    draft = Draft(
        Kind.CASE,
        written.stem.strip(),
        body,
        {"parts": [one.key for one in drafts]},
        explanation,
        total,
        words.level(written.difficulty),
        written.point.strip()[:120],
        written.source.strip()[:120],
    )
    faults = [wrong] if wrong else []
    return finish(where, draft, notes=notes, problems=faults, assets=assets, written=written)
