"""Moodle XML. Pure. Source: Moodle documentation, "Moodle XML format", and what real exports hold."""

import base64
import binascii
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any
from urllib.parse import unquote
from xml.etree.ElementTree import Element

from zhenxue.exams.data import Kind
from zhenxue.exams.formats import cloze, words
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
from zhenxue.exams.formats.safety import MAX_ASSET_BYTES, MIB, Assets, Unusable, invalid, parse_xml
from zhenxue.exams.formats.shapes import Trouble, match_shape, order_shape
from zhenxue.exams.kinds.formulas import FormulaError, names_in

#: Kinds of Moodle questions that have no counterpart here, in the words of a teacher.
UNKNOWN = {
    "description": "这是说明文字，不是题目",
    "random": "这是“随机抽题”的占位，不是题目；请导出它所在的题目分类",
    "randomsamatch": "“随机填空匹配题”没有自己的题目；请导出它用到的填空题",
    "ddimageortext": "“拖放到图上”这种题型不支持；请改为连线题或识图题",
    "ddmarker": "“拖放标记”这种题型不支持；请改为识图题",
    "coderunner": "编程题不支持",
    "stack": "STACK 公式题不支持；请改为带参数的计算题",
    "calculatedmulti": "带参数的选择题不支持；请改为带参数的计算题",
    "gapfill": "",
}


class Moodle:
    """One question element with what is read of it."""

    def __init__(self, element: Element, assets: Assets) -> None:
        self.element = element
        self.assets = assets
        self.notes: list[str] = []
        self.problems: list[str] = []

    def text(self, path: str, within: Element | None = None) -> str:
        """Plain text of ``<path><text>``."""
        found = (within if within is not None else self.element).find(path)
        if found is None:
            return ""
        inner = found.find("text")
        return "".join((inner if inner is not None else found).itertext()).strip()

    def markup(self, path: str, within: Element | None = None) -> str:
        """Markup of ``<path format="html"><text>`` with its files."""
        holder = (within if within is not None else self.element).find(path) if path else within
        if holder is None:
            return ""
        inner = holder.find("text")
        raw = (
            "".join((inner if inner is not None else holder).itertext())
            if inner is not None or not path
            else (holder.text or "")
        )
        form = holder.get("format", "html")
        if form in {"plain_text", "markdown"}:
            return raw.strip()
        if form == "moodle_auto_format":
            raw = raw.strip().replace("\n", "<br>")
        found = from_html(raw, lambda address: self._file(address, holder))
        text = found.done()
        self.notes += found.notes
        self.problems += found.problems
        return text

    def _file(self, address: str, holder: Element) -> str:
        if address.startswith("data:"):
            head, _, body = address.partition(",")
            if ";base64" not in head:
                raise Unusable("题目里嵌入的图片不是 base64，读不出来；请换成 PNG 图片")
            return f"file:{self.assets.add(f'inline-{hash(body) & 0xFFFFFFFF:08x}', _decoded(body)).name}"
        name = unquote(address.rsplit("/", 1)[-1])
        if not address.startswith("@@PLUGINFILE@@"):
            raise Unusable(f"题目用到了网上的图片 {address[:80]}，没有下载；请把图片放进题目再导出")
        for one in [*holder.findall("file"), *self.element.iter("file")]:
            if one.get("name") == name:
                return f"file:{self.assets.add(f'{id(one)}/{name}', _decoded(one.text or '')).name}"
        raise Unusable(f"文件里没有题目用到的图片“{name[:60]}”；请连同图片一起重新导出")


def _decoded(text: str) -> bytes:
    if len(text) > MAX_ASSET_BYTES * 3 // 2:
        raise Unusable(f"题目里的图片超过 {MAX_ASSET_BYTES // MIB} MB，请压缩后再导入")
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise Unusable("题目里嵌入的图片编码不对，读不出来；请重新导出") from error


def read(data: bytes, assets: Assets | None = None) -> Reading:
    """Every question answered. Raises ``Invalid`` for a file that is no Moodle XML."""
    try:
        root = parse_xml(data)
    except Unusable as error:
        raise invalid("xml", f"{error}。") from error
    return read_tree(root, assets)


def read_tree(root: Element, assets: Assets | None = None) -> Reading:
    assets = assets or Assets()
    items: list[Item] = []
    category = ""
    for element in root.iter("question"):
        if element.get("type") == "category":
            named = element.find("category")
            category = re.sub(r"^\$\w+\$/(top/)?", "", _said(named)) if named is not None else ""
            continue
        items.append(_item(f"第 {len(items) + 1} 题", element, category, assets))
    if not items:
        raise invalid("no_questions", "文件里没有题目，请在 Moodle 里选“导出题库”，格式选 Moodle XML。")
    return Reading("moodle", items)


def _item(where: str, element: Element, category: str, assets: Assets) -> Item:
    one = Moodle(element, assets)
    name = one.text("name")
    where = f"{where}（{name[:30]}）" if name else where
    form = element.get("type", "")
    text = element.find("questiontext")
    raw = Written(stem=_said(text)[:500] if text is not None else name)
    maker = _MAKERS.get(form)
    if maker is None:
        words_ = (
            UNKNOWN.get(form)
            or f"Moodle 题型“{form[:30]}”不支持，请换成单选、多选、判断、填空、简答、计算、连线或排序题"
        )
        return refused(where, words_, written=raw)
    try:
        kind, stem, body, key = maker(one)
    except Trouble as error:
        return refused(where, str(error), *one.problems, written=raw)
    feedback = one.markup("generalfeedback")
    value = number(one.text("defaultgrade"))
    score, wrong = words.score_of(plain_number(value)) if value is not None and value > 0 else (None, "")
    if wrong:
        one.notes.append(f"{wrong}，按 1 分")
    hidden = one.text("hidden") == "1"
    if hidden:
        one.notes.append("这道题在 Moodle 里是隐藏的")
    draft = Draft(kind, stem, body, key, feedback, score, point=category[-120:])
    return finish(where, draft, notes=one.notes, problems=one.problems, assets=assets, written=raw)


def _said(element: Element) -> str:
    """The plain text of an element or of its ``<text>``."""
    inner = element.find("text")
    return "".join((element if inner is None else inner).itertext()).strip()


type _Made = tuple[Kind, str, dict[str, Any], dict[str, Any]]


def _fraction(answer: Element) -> Decimal:
    return number(answer.get("fraction", "0")) or Decimal(0)


def _multichoice(one: Moodle) -> _Made:
    answers = one.element.findall("answer")
    options = [one.markup("", answer) for answer in answers]
    shares = [_fraction(answer) for answer in answers]
    if len(options) > len(LETTERS):
        raise Trouble(f"选项最多 {len(LETTERS)} 个，现在有 {len(options)} 个")
    single = one.text("single").lower() not in {"false", "0"}
    right = [index for index, share in enumerate(shares) if (share >= 100 if single else share > 0)]
    if not right:
        raise Trouble("没有正确选项（得 100% 的选项）")
    if single and len(right) > 1:
        one.notes.append("有几个选项都得满分，改为多选题")
    if single and any(0 < share < 100 for share in shares):
        one.notes.append("给部分分的选项按错误选项")
    kind = Kind.MULTIPLE if len(right) > 1 else Kind.SINGLE
    if not single and len(right) == 1:
        one.notes.append("多选题只有一个正确答案，改为单选题")
    if not single and len({shares[index] for index in right}) > 1:
        one.notes.append("各选项的得分比例没有保留，按多选题计分")
    return kind, one.markup("questiontext"), {"options": options}, {"right": [LETTERS[index] for index in right]}


def _truefalse(one: Moodle) -> _Made:
    for answer in one.element.findall("answer"):
        if _fraction(answer) >= 100:
            truth = words.truth(_said(answer))
            if truth is not None:
                right = words.RIGHT if truth else words.WRONG
                return Kind.TRUE_FALSE, one.markup("questiontext"), {}, {"right": [right]}
    raise Trouble("判断题没有正确答案（true 或 false 得 100%）")


def _gap(stem: str) -> str:
    drawn, count = words.mark_blanks(stem)
    return drawn if count == 1 else f"{stem} {BLANK}"


def _shortanswer(one: Moodle) -> _Made:
    accepted: list[str] = []
    for answer in one.element.findall("answer"):
        if _fraction(answer) >= 100:
            accepted.append(_said(answer))
        elif _fraction(answer) > 0:
            one.notes.append("只给部分分的答案没有保留")
    full = [text for text in dict.fromkeys(accepted) if text and text != "*"]
    if any("*" in text for text in full):
        one.notes.append("答案里的通配符 * 没有这种含义，请核对")
    if not full:
        raise Trouble("没有得满分的答案")
    blank = {"accepted": full, "tolerance": ""}
    return Kind.FILL_IN, _gap(one.markup("questiontext")), {"blanks": 1}, {"blanks": [blank], "ordered": True}


def _numerical(one: Moodle) -> _Made:
    good = [answer for answer in one.element.findall("answer") if _fraction(answer) >= 100]
    if not good:
        raise Trouble("没有得满分的数值")
    if len(good) > 1:
        one.notes.append("只保留第一个得满分的数值")
    text = _said(good[0])
    value = number(text)
    if value is None:
        raise Trouble(f"数值答案“{text[:30]}”不是一个数")
    width = number(one.text("tolerance", good[0])) or Decimal(0)
    unit = one.text("units/unit/unit_name")
    key = {"value": plain_number(value), "tolerance": plain_width(width), "reference": ""}
    return Kind.CALCULATION, one.markup("questiontext"), {"unit": unit, "steps": False}, key


def _calculated(one: Moodle) -> _Made:
    good = [answer for answer in one.element.findall("answer") if _fraction(answer) >= 100]
    if not good:
        raise Trouble("没有得满分的公式")
    raw = _said(good[0])
    formula = re.sub(r"\{\s*([A-Za-z]\w*)\s*\}", r"\1", raw.lstrip("=").strip())
    parameters = {}
    for definition in one.element.iter("dataset_definition"):
        low, high = number(one.text("minimum", definition)), number(one.text("maximum", definition))
        places = number(one.text("decimals", definition)) or Decimal(0)
        if low is None or high is None or low > high or not 0 <= places <= 6:
            raise Trouble("参数的范围看不懂，请改为带参数的计算题")
        step = Decimal(1).scaleb(-int(places))
        parameters[one.text("name", definition)] = {
            "low": plain_number(low), "high": plain_number(high), "step": plain_number(step)
        }  # fmt: skip
    formula = re.sub(r"\bpi\(\)", "pi", formula)
    try:
        names = names_in(formula)
    except FormulaError as error:
        raise Trouble(f"公式“{raw[:60]}”不能换算：{error}") from error
    if re.search(r"\b(sin|cos|tan|log|exp)\b", formula):
        raise Trouble(f"公式“{raw[:60]}”不能换算：Moodle 的角度用弧度、log 是自然对数，这里不同，请改写后再导入")
    if names - set(parameters):
        raise Trouble(f"公式里的参数“{'、'.join(sorted(names - set(parameters)))}”没有写取值范围")
    width = number(one.text("tolerance", good[0])) or Decimal(0)
    relative = one.text("tolerancetype", good[0]) in {"1", "relative"}
    tolerance = plain_width(width * 100) if relative else plain_width(width)
    tolerance += "%" if relative and tolerance else ""
    kept = {name: parameters[name] for name in parameters if name in names}
    unit = one.text("units/unit/unit_name")
    key = {"formula": formula.replace("^", "**"), "parameters": kept, "tolerance": tolerance, "reference": ""}
    return Kind.CALCULATION, one.markup("questiontext"), {"unit": unit, "steps": False}, key


def _matching(one: Moodle) -> _Made:
    pairs, spare = [], []
    for sub in one.element.findall("subquestion"):
        left, right = one.markup("", sub), one.text("answer", sub)
        if left and right:
            pairs.append((left, right))
        elif right:
            spare.append(right)
    body, key = match_shape(pairs, spare)
    return Kind.MATCHING, one.markup("questiontext"), body, key


def _essay(one: Moodle) -> _Made:
    lines = number(one.text("responsefieldlines")) or Decimal(5)
    reference = one.markup("graderinfo")
    body = {"lines": min(max(int(lines), 1), 40)}
    return Kind.SHORT_ANSWER, one.markup("questiontext"), body, {"reference": reference, "rubric": []}


def _ordering(one: Moodle) -> _Made:
    answers = sorted(one.element.findall("answer"), key=_fraction)
    body, key = order_shape([one.markup("", answer) for answer in answers])
    return Kind.ORDERING, one.markup("questiontext"), body, key


def _cloze(one: Moodle) -> _Made:
    stem, body, key, notes = cloze.read(one.markup("questiontext"))
    one.notes += notes
    return Kind.FILL_IN, stem, body, key


def _gapselect(one: Moodle) -> _Made:
    choices = []
    for choice in [*one.element.findall("selectoption"), *one.element.findall("dragbox")]:
        choices.append(_said(choice))
    stem = one.markup("questiontext")
    places = [int(place) for place in re.findall(r"\[\[(\d{1,3})\]\]", stem)]
    if not places or any(not 1 <= place <= len(choices) for place in places):
        raise Trouble("选词填空的空和词对不上，请核对")
    one.notes.append("选词填空改为填空题，可选的词写在题干后面")
    stem = re.sub(r"\[\[\d{1,3}\]\]", BLANK, stem)
    stem += f"\n（可选：{'、'.join(dict.fromkeys(choices))}）"
    blanks = [{"accepted": [choices[place - 1]], "tolerance": ""} for place in places]
    return Kind.FILL_IN, stem, {"blanks": len(blanks)}, {"blanks": blanks, "ordered": True}


_MAKERS: dict[str, Callable[[Moodle], _Made]] = {
    "multichoice": _multichoice,
    "truefalse": _truefalse,
    "shortanswer": _shortanswer,
    "numerical": _numerical,
    "calculated": _calculated,
    "calculatedsimple": _calculated,
    "matching": _matching,
    "ddmatch": _matching,
    "essay": _essay,
    "ordering": _ordering,
    "cloze": _cloze,
    "multianswer": _cloze,
    "gapselect": _gapselect,
    "ddwtos": _gapselect,
}
