"""GIFT, Moodle's text format: questions parted by blank lines, answers in braces. Pure.

Source: Moodle documentation, "GIFT format". What a comment ``// @zhenxue {…}`` before a question says (kind, score,
level, point, source: what GIFT has no word for) is ours; Moodle passes over it.
"""

import json
import re
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from zhenxue.exams.data import Kind
from zhenxue.exams.formats import words
from zhenxue.exams.formats.build import finish
from zhenxue.exams.formats.draft import (
    BLANK,
    LETTERS,
    Draft,
    Item,
    Reading,
    Written,
    number,
    plain_number,
    plain_width,
    refused,
)
from zhenxue.exams.formats.html import from_html
from zhenxue.exams.formats.safety import Assets, Unusable, invalid
from zhenxue.exams.formats.shapes import Trouble, match_shape

OWN = "// @zhenxue "
_ESCAPED = {"~": "\ue010", "=": "\ue011", "#": "\ue012", "{": "\ue013", "}": "\ue014", ":": "\ue015", "\\": "\ue016"}
_BACK = {mark: plain for plain, mark in _ESCAPED.items()} | {"\ue017": "\n", "\ue018": "-"}
_FORMAT = re.compile(r"^\s*\[(html|markdown|plain|moodle)\]\s*", re.IGNORECASE)
_TITLE = re.compile(r"^\s*::(.*?)::", re.DOTALL)
_WEIGHT = re.compile(r"^\s*%(-?\d{1,3}(?:\.\d{1,5})?)%")
_TRUE = re.compile(r"^\s*(T|TRUE|F|FALSE)\s*(#.*)?$", re.IGNORECASE | re.DOTALL)


def looks_like(text: str) -> bool:
    """Whether a text file is GIFT: some question with braces, or a category line."""
    return bool(
        re.search(r"(?<!\\)\{[^}]*(?<!\\)\}", text) or re.search(r"^\$CATEGORY:", text, re.MULTILINE)
    ) and not re.search(r"^[^\n]*(题干|题目)[^\n]*[,\t][^\n]*答案", text)


def read(text: str, assets: Assets | None = None) -> Reading:
    """Every question answered. Raises ``Invalid`` when there is none."""
    for mark in (*_ESCAPED.values(), "\ue017", "\ue018"):
        text = text.replace(mark, "")
    items: list[Item] = []
    category = ""
    for own, block in _blocks(text):
        if block.startswith("$CATEGORY:"):
            category = block.removeprefix("$CATEGORY:").strip().split("\n", 1)[0]
            block = block.split("\n", 1)[1].strip() if "\n" in block else ""
            if not block:
                continue
        items.append(_item(f"第 {len(items) + 1} 题", block, own, category, assets))
    if not items:
        raise invalid("no_questions", "文件里没有 GIFT 格式的题目，请检查是否选错了文件。")
    return Reading("gift", items)


def _blocks(text: str) -> list[tuple[dict[str, Any], str]]:
    """Questions with the comments of ours that stand before them; blank lines inside braces do not part."""
    found: list[tuple[dict[str, Any], str]] = []
    lines: list[str] = []
    own: dict[str, Any] = {}
    depth = 0

    def flush() -> None:
        nonlocal own, depth
        block = "\n".join(lines).strip()
        if block:
            found.append((own, block))
            own = {}
        lines.clear()
        depth = 0

    every = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    for at, line in enumerate(every):
        if line.lstrip().startswith("//"):
            if line.startswith(OWN):
                own = _own(line.removeprefix(OWN))
            continue
        if not line.strip():
            if depth <= 0 or not _closes(every, at):
                flush()
            else:
                lines.append("")
            continue
        plain = re.sub(r"\\.", "", line)
        depth += plain.count("{") - plain.count("}")
        if line.startswith("$CATEGORY:"):
            flush()
        lines.append(line)
        if line.startswith("$CATEGORY:"):
            flush()
    flush()
    return found


def _closes(lines: list[str], at: int) -> bool:
    """Whether the brace that is open before line ``at`` is closed before another one opens."""
    for line in lines[at : at + 200]:
        plain = re.sub(r"\\.", "", line)
        opening, closing = plain.find("{"), plain.find("}")
        if closing >= 0 and (opening < 0 or closing < opening):
            return True
        if opening >= 0:
            return False
    return False


def _own(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _escape_away(text: str) -> str:
    def one(found: re.Match[str]) -> str:
        mark = found[1]
        return "\ue017" if mark == "n" else _ESCAPED.get(mark, found[0])

    return re.sub(r"\\(.)", one, text, flags=re.DOTALL)


def _back(text: str) -> str:
    return "".join(_BACK.get(mark, mark) for mark in text)


@dataclass(slots=True)
class _Answer:
    right: bool
    text: str
    weight: Decimal | None = None


@dataclass(slots=True)
class _Parsed:
    form: str
    notes: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    assets: Assets | None = None

    def words(self, text: str, *, form: str = "") -> str:
        """Text of a question or an answer as markup."""
        own = _FORMAT.match(text)
        form = own[1].lower() if own else form or self.form
        plain = _back(text[own.end() :] if own else text)
        if form in {"plain", "markdown"} or not re.search(r"<[a-zA-Z!/]|&[a-zA-Z#]\w*;", plain):
            return re.sub(r"[ \t]*\n[ \t]*", "\n", plain).strip() if form else plain.strip()
        markup = from_html(plain.replace("\n", "<br>") if form == "" else plain, _no_files)
        found = markup.done()
        self.notes += markup.notes
        self.problems += markup.problems
        return found


def _no_files(address: str) -> str:
    if address.startswith("file:"):
        return address
    raise Unusable(f"图片“{address[:60]}”不在文件里；请改用 Moodle XML 或 QTI 导出，图片才会一起带出来")


def _item(where: str, block: str, own: dict[str, Any], category: str, assets: Assets | None) -> Item:
    raw = Written(stem=block[:500])
    text = _escape_away(block)
    title = _TITLE.match(text)
    name = _back(title[1]).strip() if title else ""
    where = f"{where}（{name[:30]}）" if name else where
    rest = text[title.end() :] if title else text
    form = _FORMAT.match(rest)
    parsed = _Parsed(form[1].lower() if form else "", assets=assets)
    rest = rest[form.end() :] if form else rest
    opening = rest.find("{")
    if opening < 0:
        if "}" in rest:
            return refused(where, "大括号不成对，请检查 { 和 }（题目里的大括号要写成 \\{ 和 \\}）", written=raw)
        return refused(where, "这是一段说明文字，没有答案（{…}），不是题目", written=raw)
    closing = rest.find("}", opening)
    if closing < 0 or "{" in rest[opening + 1 : closing]:
        return refused(where, "大括号不成对，请检查 { 和 }（题目里的大括号要写成 \\{ 和 \\}）", written=raw)
    if "{" in rest[closing + 1 :]:
        return refused(where, "一道题里有几个答案括号，GIFT 只允许一个；请拆成几道题或用填空题表格", written=raw)
    before, inside, after = rest[:opening], rest[opening + 1 : closing], rest[closing + 1 :]
    inside, _, feedback = inside.partition("####")
    try:
        draft = _draft(parsed, before, inside, after, own)
    except Trouble as error:
        return refused(where, str(error), *parsed.problems, written=raw)
    draft = _with_own(draft, own, parsed.words(feedback), category)
    return finish(where, draft, notes=parsed.notes, problems=parsed.problems, assets=assets, written=raw)


def _with_own(draft: Draft, own: dict[str, Any], explanation: str, category: str) -> Draft:
    score, _ = words.score_of(str(own.get("score", "")))
    point = str(own["point"]) if "point" in own else category.replace("$course$/", "").replace("top/", "").strip("/ ")
    key, body = dict(draft.key), dict(draft.body)
    if str(own.get("kind", "")) == draft.kind:
        for name in ("reference", "rubric", "ordered"):
            if name in own.get("key", {}):
                key[name] = own["key"][name]
        for name in ("lines", "unit", "steps"):
            if name in own.get("body", {}):
                body[name] = own["body"][name]
        if draft.kind == Kind.MATCHING and sorted(own.get("body", {}).get("right", [])) == sorted(body["right"]):
            names = [draft.body["right"][index] for index in key["pairs"]]
            body["right"] = own["body"]["right"]
            key["pairs"] = [body["right"].index(one) for one in names]
    return Draft(
        draft.kind,
        draft.stem,
        body,
        key,
        explanation,
        score,
        words.level(str(own.get("difficulty", ""))),
        point[:120],
        str(own.get("source", ""))[:120],
    )


def _draft(parsed: _Parsed, before: str, inside: str, after: str, own: dict[str, Any]) -> Draft:
    missing = bool(after.strip())
    # both sides are read as one text, the gap as a mark of its own: markup may not be torn apart
    whole = parsed.words(f"{before}\ue020{after}" if missing else before)
    plain, gap = whole.replace("\ue020", BLANK), whole
    inside = inside.strip()
    if not inside:
        return Draft(Kind.SHORT_ANSWER, plain, {"lines": 5}, {"reference": "", "rubric": []})
    if found := _TRUE.match(inside):
        right = words.RIGHT if found[1].upper().startswith("T") else words.WRONG
        return Draft(Kind.TRUE_FALSE, plain, {}, {"right": [right]})
    if inside.startswith("#"):
        return _numeric(parsed, gap, inside[1:].strip(), fill=missing or own.get("kind") == Kind.FILL_IN)
    answers = _answers(inside)
    if not answers:
        raise Trouble("答案括号里没有以 = 或 ~ 开头的答案")
    if any("->" in one.text for one in answers) and all(one.right for one in answers):
        return _matching(parsed, plain, answers)
    if any(not one.right for one in answers):
        return _choice(parsed, plain, answers)
    accepted = [one for one in answers if one.weight is None or one.weight == 100]
    if len(accepted) < len(answers):
        parsed.notes.append("只给部分分的答案没有保留")
    if not accepted:
        raise Trouble("没有得满分的答案")
    texts = list(dict.fromkeys(parsed.words(one.text) for one in accepted))
    stem = plain if missing else _with_gap(plain)
    return Draft(
        Kind.FILL_IN,
        stem,
        {"blanks": 1},
        {"blanks": [{"accepted": texts, "tolerance": str(own.get("tolerance", ""))}], "ordered": True},
    )


def _with_gap(stem: str) -> str:
    """A question that asks for words without showing where: the gap stands at its end, or where it was drawn."""
    drawn, count = words.mark_blanks(stem)
    return drawn if count == 1 else f"{stem} {BLANK}"


def _answers(inside: str) -> list[_Answer]:
    found: list[_Answer] = []
    for mark, text in re.findall(r"([=~])([^=~]*)", re.sub(r"->", "\ue018>", inside)):
        text = text.replace("\ue018>", "->")
        weight = _WEIGHT.match(text)
        value = Decimal(weight[1]) if weight else None
        text = text[weight.end() :] if weight else text
        text = text.split("#", 1)[0]
        if mark == "~" and value is not None and value == 100:
            mark = "="
        if text.strip():
            found.append(_Answer(mark == "=", text.strip(), value))
    return found


def _matching(parsed: _Parsed, stem: str, answers: list[_Answer]) -> Draft:
    pairs, spare = [], []
    for one in answers:
        left, _, right = one.text.partition("->")
        if left.strip():
            pairs.append((parsed.words(left), parsed.words(right)))
        else:
            spare.append(parsed.words(right))
    body, key = match_shape(pairs, spare)
    return Draft(Kind.MATCHING, stem, body, key)


def _choice(parsed: _Parsed, stem: str, answers: list[_Answer]) -> Draft:
    options = [parsed.words(one.text) for one in answers]
    exact = [index for index, one in enumerate(answers) if one.right and one.weight in (None, Decimal(100))]
    shares = [index for index, one in enumerate(answers) if not one.right and one.weight is not None and one.weight > 0]
    if len(options) > len(LETTERS):
        raise Trouble(f"选项最多 {len(LETTERS)} 个，现在有 {len(options)} 个")
    if exact:
        if shares:
            parsed.notes.append("给部分分的选项按错误选项")
        kind, right = Kind.SINGLE, exact
        if len(exact) > 1:
            parsed.notes.append("有几个选项都算对，改为多选题")
            kind = Kind.MULTIPLE
    elif shares:
        kind, right = Kind.MULTIPLE, shares
        if len({answers[index].weight for index in shares}) > 1:
            parsed.notes.append("各选项的得分比例没有保留，按多选题计分")
        if len(right) == 1:
            raise Trouble("只有一个选项得分，而且不是满分；请把它写成 = 开头")
    else:
        raise Trouble("没有正确选项（以 = 开头，或 ~%50% 这样得分的）")
    return Draft(kind, stem, {"options": options}, {"right": [LETTERS[index] for index in right]})


def _numeric(parsed: _Parsed, gap: str, inside: str, *, fill: bool) -> Draft:
    inside = inside.split("#", 1)[0] if not re.search(r"[=~]", inside) else inside
    choices = (
        [one for one in _answers(inside) if one.right and one.weight in (None, Decimal(100))]
        if re.search("[=~]", inside)
        else []
    )
    text = _back(choices[0].text if choices else inside).strip()
    if len(choices) > 1 or (not choices and "=" in inside):
        parsed.notes.append("只保留第一个得满分的数值")
    value, tolerance = _number_and_width(text)
    if fill:
        stem = gap.replace("\ue020", BLANK) if "\ue020" in gap else _with_gap(gap)
        return Draft(
            Kind.FILL_IN,
            stem,
            {"blanks": 1},
            {"blanks": [{"accepted": [value], "tolerance": tolerance}], "ordered": True},
        )
    key = {"value": value, "tolerance": tolerance, "reference": ""}
    return Draft(Kind.CALCULATION, gap.strip(), {"unit": "", "steps": False}, key)


def _number_and_width(text: str) -> tuple[str, str]:
    if ".." in text:
        low, high = (number(one) for one in text.split("..", 1))
        if low is not None and high is not None and low <= high:
            return plain_number((low + high) / 2), plain_width((high - low) / 2)
    value_text, _, width_text = text.partition(":")
    value, width = number(value_text), number(width_text) if width_text.strip() else Decimal(0)
    if value is None or width is None or width < 0:
        raise Trouble(f"数值答案“{text[:30]}”看不懂，请写成 {{#12.5:0.1}} 或 {{#12..13}}")
    return plain_number(value), plain_width(width)
