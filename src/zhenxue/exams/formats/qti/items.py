"""One QTI item to one draft, or to the reason why not. Pure."""

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from xml.etree.ElementTree import Element

from zhenxue.exams.data import Kind
from zhenxue.exams.formats import words
from zhenxue.exams.formats.build import case_of, finish
from zhenxue.exams.formats.draft import BLANK, Draft, Item, Written, plain_number, refused
from zhenxue.exams.formats.html import Resolve
from zhenxue.exams.formats.qti import interactions
from zhenxue.exams.formats.qti.interactions import Made
from zhenxue.exams.formats.qti.tree import (
    PLACEHOLDER,
    Declaration,
    attribute,
    child,
    children,
    decimal,
    every,
    markup,
    name,
    placeholder,
    text_of,
    value,
)
from zhenxue.exams.formats.safety import Assets
from zhenxue.exams.formats.shapes import Trouble

_INLINE = {"textEntryInteraction", "inlineChoiceInteraction"}


@dataclass(frozen=True, slots=True)
class Facts:
    """What the package says about an item."""

    point: str = ""
    source: str = ""
    difficulty: int | None = None
    stimulus: str = ""  # markup that several items share


def read_item(where: str, root: Element, resolve: Resolve, assets: Assets, facts: Facts) -> Item:
    """The answer to one ``assessmentItem``."""
    title = attribute(root, "title") or attribute(root, "identifier")
    where = f"{where}（{title[:40]}）" if title else where
    raw = Written(stem=title)
    body = child(root, "itemBody")
    if body is None:
        return refused(where, "题目没有内容（itemBody）", written=raw)
    problems: list[str] = []
    notes: list[str] = []
    found: list[Element] = []
    content = markup(body, resolve, found)
    stem = content.done()
    problems += content.problems
    notes += content.notes
    raw = Written(stem=PLACEHOLDER.sub("", stem)[:1000] or title)
    if facts.stimulus:
        stem = f"{facts.stimulus}\n\n{stem}"
    found = [one for one in found if name(one) != "endAttemptInteraction"]
    if not found:
        return refused(where, "题目里没有作答的地方，只是说明文字", written=raw)
    if any(True for _ in every(root, "templateDeclaration")):
        return refused(where, "题目带随机参数（templateDeclaration），不能换算；请改为带参数的计算题", written=raw)
    declared = {attribute(one, "identifier"): Declaration(one) for one in children(root, "responseDeclaration")}
    reader = interactions.Reader(declared, resolve, problems, notes, assets)
    try:
        draft = _draft(where, reader, found, stem)
    except Trouble as error:
        return refused(where, str(error), *problems, written=raw)
    if isinstance(draft, Item):
        return draft if draft.draft is None else _finished(where, draft.draft, root, reader, facts, raw, draft.notes)
    return _finished(where, draft, root, reader, facts, raw, ())


def _finished(
    where: str,
    draft: Draft,
    root: Element,
    reader: interactions.Reader,
    facts: Facts,
    raw: Written,
    more: tuple[str, ...],
) -> Item:
    explanation = "\n".join(
        dict.fromkeys(
            text
            for one in every(root, "modalFeedback")
            if (text := text_of(one, reader.resolve, reader.problems, reader.notes))
        )
    )
    score = draft.score if draft.kind == Kind.CASE else _score(root, reader.notes)
    draft = Draft(
        draft.kind,
        draft.stem,
        draft.body,
        draft.key,
        explanation,
        score,
        facts.difficulty,
        facts.point[:120],
        facts.source[:120],
    )
    notes = [*(note for note in more if note != "没有分值，按 1 分"), *reader.notes]
    return finish(where, draft, notes=notes, problems=reader.problems, assets=reader.assets, written=raw)


def _score(root: Element, notes: list[str]) -> Decimal | None:
    stated: dict[str, Decimal] = {}
    for one in children(root, "outcomeDeclaration"):
        most = decimal(attribute(one, "normalMaximum"))
        default = child(one, "defaultValue")
        first = child(default, "value") if default is not None else None
        if attribute(one, "identifier") == "MAXSCORE" and first is not None:
            most = decimal(value(first))
        if most is not None and attribute(one, "identifier") in {"SCORE", "MAXSCORE"}:
            stated[attribute(one, "identifier")] = most
    found = stated.get("MAXSCORE") or stated.get("SCORE")
    if found is None or found <= 0:
        return None
    score, wrong = words.score_of(plain_number(found))
    if wrong:
        notes.append(f"{wrong}，按 1 分")
    return score


def _draft(where: str, reader: interactions.Reader, found: list[Element], stem: str) -> Draft | Item:
    kinds = {name(one) for one in found}
    if kinds <= _INLINE:
        return _fill_in(reader, found, stem)
    if len(found) == 1:
        made = reader.read(found[0])
        text = PLACEHOLDER.sub("", stem).strip()
        joined = "\n".join(filter(None, [text, made.prompt])) or made.prompt
        return Draft(made.kind, re.sub(r"\n{3,}", "\n\n", joined), made.body, made.key)
    return _case(where, reader, found, stem)


def _fill_in(reader: interactions.Reader, found: list[Element], stem: str) -> Draft:
    if len(found) == 1 and name(found[0]) == "textEntryInteraction" and not _flows(stem):
        made = reader.read(found[0])
        if made.kind is Kind.CALCULATION:
            return Draft(made.kind, PLACEHOLDER.sub("", stem).strip(), made.body, made.key)
    blanks = []
    for index, one in enumerate(found):
        blank, after = reader.blank(one)
        blanks.append(blank)
        stem = stem.replace(placeholder(index), BLANK + after, 1)
    stem = PLACEHOLDER.sub("", stem).strip()
    if stem == BLANK:
        raise Trouble("题目只有一个空，没有题干")
    ordered = "unordered" not in reader.flags
    return Draft(Kind.FILL_IN, stem, {"blanks": len(blanks)}, {"blanks": blanks, "ordered": ordered})


def _flows(stem: str) -> bool:
    """Whether the gap stands inside a sentence."""
    before, _, after = stem.partition("\ue030")
    last = before.rstrip(" ")
    rest = after.partition("\ue031")[2].strip()
    return not (last.endswith("\n") or not last) or bool(rest)


def _case(where: str, reader: interactions.Reader, found: list[Element], stem: str) -> Item:
    """Several interactions in one item: a case whose material is what stands before the first of them."""
    pieces = PLACEHOLDER.split(stem)  # text, index, text, index, …, text
    material, parts = pieces[0].strip(), []
    material, _, before = material.rpartition("\n") if "\n" in material else (material, "", "")
    for count, (index, after) in enumerate(zip(pieces[1::2], pieces[2::2], strict=True), start=1):
        place = f"第 {count} 小题"
        if int(index) >= len(found):
            continue
        one = found[int(index)]
        try:
            part = _part(reader, one, before.strip(), count)
        except Trouble as error:
            parts.append(refused(place, str(error)))
        else:
            parts.append(finish(place, part))
        before = after
    tail = before.strip()
    written = Written("案例题", "\n".join(filter(None, [material, tail])) or f"请回答下面 {len(parts)} 个小题。")
    return case_of(where, written, parts, assets=reader.assets)


def _part(reader: interactions.Reader, one: Element, before: str, count: int) -> Draft:
    if name(one) in _INLINE:
        blank, after = reader.blank(one)
        stem = f"{before} {BLANK}{after}".strip()
        key: dict[str, Any] = {"blanks": [blank], "ordered": True}
        return Draft(Kind.FILL_IN, stem, {"blanks": 1}, key, score=Decimal(1))
    made: Made = reader.read(one)
    stem = "\n".join(filter(None, [before, made.prompt])) or f"第 {count} 小题"
    return Draft(made.kind, stem, made.body, made.key, score=Decimal(1))
