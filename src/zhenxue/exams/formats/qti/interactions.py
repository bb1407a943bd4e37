"""The interactions of QTI and the kinds they become. Pure."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from xml.etree.ElementTree import Element

from zhenxue.exams.data import Kind
from zhenxue.exams.formats import words
from zhenxue.exams.formats.draft import BLANK, LETTERS, number, plain_number
from zhenxue.exams.formats.html import Resolve
from zhenxue.exams.formats.qti.tree import Declaration, attribute, child, children, every, name, text_of, value
from zhenxue.exams.formats.safety import Assets, Unusable
from zhenxue.exams.formats.shapes import Trouble, match_shape, order_shape

UNKNOWN = {
    "graphicOrderInteraction": "在图上排序",
    "graphicAssociateInteraction": "在图上连线",
    "graphicGapMatchInteraction": "把图片拖到图上",
    "positionObjectInteraction": "在图上摆放物件",
    "drawingInteraction": "画图作答",
    "uploadInteraction": "上传文件作答",
    "mediaInteraction": "只播放音视频",
    "customInteraction": "自定义交互",
    "portableCustomInteraction": "自定义交互（PCI）",
    "endAttemptInteraction": "结束按钮",
}
_TOLERANCE = re.compile(r"tolerance-\d{1,9}(?:\.\d{1,9})?%?")
NO_KEY = "文件里没有正确答案（correctResponse），请补上后再导入"


@dataclass(frozen=True, slots=True)
class Made:
    """What one interaction asks."""

    kind: Kind
    prompt: str
    body: dict[str, Any]
    key: dict[str, Any]


class Reader:
    """Reads interactions with the declarations of their item."""

    def __init__(
        self,
        declared: dict[str, Declaration],
        resolve: Resolve,
        problems: list[str],
        notes: list[str],
        assets: Assets,
    ) -> None:
        self._declared = declared
        self.resolve = resolve
        self.problems = problems
        self.notes = notes
        self.assets = assets
        self.flags: set[str] = set()

    def read(self, element: Element) -> Made:
        """What an interaction becomes. Raises ``Trouble``."""
        maker = self._makers().get(name(element))
        if maker is None:
            words_ = UNKNOWN.get(name(element), name(element).removesuffix("Interaction"))
            raise Trouble(
                f"“{words_}”（{name(element)}）这种作答方式不支持，请改成单选、多选、判断、填空、简答、连线、排序或识图题"
            )
        return maker(element)

    def _makers(self) -> dict[str, Callable[[Element], Made]]:
        return {
            "choiceInteraction": self._choice,
            "hottextInteraction": self._hottext,
            "textEntryInteraction": self._number,
            "inlineChoiceInteraction": self._inline,
            "extendedTextInteraction": self._extended,
            "matchInteraction": self._match,
            "associateInteraction": self._associate,
            "gapMatchInteraction": self._gap_match,
            "orderInteraction": self._order,
            "hotspotInteraction": self._hotspot,
            "selectPointInteraction": self._point,
            "sliderInteraction": self._slider,
        }

    def _declaration(self, element: Element) -> Declaration:
        return self._declared.get(attribute(element, "responseIdentifier"), Declaration(None))

    def _text(self, element: Element) -> str:
        return text_of(element, self.resolve, self.problems, self.notes)

    def _prompt(self, element: Element) -> str:
        found = child(element, "prompt")
        return self._text(found) if found is not None else ""

    def _choice(self, element: Element) -> Made:
        choices = children(element, "simpleChoice")
        return self._chosen(
            element, self._prompt(element), [(attribute(one, "identifier"), self._text(one)) for one in choices]
        )

    def _hottext(self, element: Element) -> Made:
        choices = [(attribute(one, "identifier"), value(one)) for one in every(element, "hottext")]
        prompt = "\n".join(
            filter(None, [self._prompt(element), *(self._text(one) for one in element if name(one) != "prompt")])
        )
        self.notes.append("在文中选词改为选择题")
        return self._chosen(element, prompt, choices)

    def _chosen(self, element: Element, prompt: str, choices: list[tuple[str, str]]) -> Made:
        declaration = self._declaration(element)
        names = [identifier for identifier, _ in choices]
        right = [one for one in declaration.right if one in names]
        if not right:
            raise Trouble(NO_KEY)
        options = [text for _, text in choices]
        if len(options) > len(LETTERS):
            raise Trouble(f"选项最多 {len(LETTERS)} 个，现在有 {len(options)} 个")
        truths = [words.said_truth(text) for text in options]
        if len(options) == 2 and len(right) == 1 and set(truths) == {True, False}:
            truth = truths[names.index(right[0])]
            return Made(Kind.TRUE_FALSE, prompt, {}, {"right": [words.RIGHT if truth else words.WRONG]})
        several = declaration.cardinality in {"multiple", "ordered"} or attribute(element, "maxChoices") not in {
            "",
            "1",
        }
        if not several and declaration.correct:
            right = right[:1]
        if several and len(right) == 1:
            self.notes.append("多选题只有一个正确答案，改为单选题")
        if declaration.mapping and len({worth for worth in declaration.mapping.values() if worth > 0}) > 1:
            self.notes.append("各选项的得分比例没有保留")
        kind = Kind.MULTIPLE if len(right) > 1 else Kind.SINGLE
        return Made(
            kind, prompt, {"options": options}, {"right": sorted(LETTERS[names.index(one)] for one in set(right))}
        )

    def blank(self, element: Element) -> tuple[dict[str, Any], str]:
        """One gap of a text: what it accepts, and what is written after it."""
        declaration = self._declaration(element)
        if name(element) == "inlineChoiceInteraction":
            choices = {
                attribute(one, "identifier"): self._text(one) for one in children(element, "inlineChoice", "label")
            }
            right = [choices[one] for one in declaration.right if one in choices]
            if not right:
                raise Trouble(NO_KEY)
            self.notes.append("下拉选择改为填空，可选的词写在空后面")
            return {"accepted": right[:1], "tolerance": ""}, f"（可选：{'、'.join(choices.values())}）"
        accepted = [one for one in declaration.accepted if one]
        if not accepted:
            raise Trouble(NO_KEY)
        own = attribute(element, "class").split()  # ours: what QTI has no word for
        self.flags.update(own)
        width = next((one.removeprefix("tolerance-") for one in own if _TOLERANCE.fullmatch(one)), "")
        return {"accepted": accepted, "tolerance": width}, ""

    def _number(self, element: Element) -> Made:
        """A field that stands alone: a number is a calculation, words fill a gap."""
        blank, _ = self.blank(element)
        figure = number(blank["accepted"][0])
        if figure is None or self._declaration(element).base not in {"float", "integer"}:
            body, key = {"blanks": 1}, {"blanks": [blank], "ordered": True}
            return Made(Kind.FILL_IN, BLANK, body, key)
        unit = attribute(element, "placeholderText")
        key = {"value": plain_number(figure), "tolerance": blank["tolerance"], "reference": ""}
        return Made(
            Kind.CALCULATION, "", {"unit": unit, "steps": "with-steps" in attribute(element, "class").split()}, key
        )

    def _inline(self, element: Element) -> Made:
        blank, after = self.blank(element)
        return Made(Kind.FILL_IN, BLANK + after, {"blanks": 1}, {"blanks": [blank], "ordered": True})

    def _extended(self, element: Element) -> Made:
        declaration = self._declaration(element)
        lines = number(attribute(element, "expectedLines")) or Decimal(5)
        body = {"lines": min(max(int(lines), 1), 40)}
        return Made(
            Kind.SHORT_ANSWER, self._prompt(element), body, {"reference": "\n".join(declaration.correct), "rubric": []}
        )

    def _pairs(self, element: Element) -> list[tuple[str, str]]:
        found = []
        for one in self._declaration(element).right:
            left, _, right = one.partition(" ")
            found.append((left.strip(), right.strip()))
        if not found:
            raise Trouble(NO_KEY)
        return found

    def _match(self, element: Element) -> Made:
        sets = children(element, "simpleMatchSet")
        if len(sets) != 2:
            raise Trouble("连线题要有两组（simpleMatchSet）")
        sides = [
            {attribute(one, "identifier"): self._text(one) for one in children(side, "simpleAssociableChoice")}
            for side in sets
        ]
        pairs = [(left, right) if left in sides[0] else (right, left) for left, right in self._pairs(element)]
        if any(left not in sides[0] or right not in sides[1] for left, right in pairs):
            raise Trouble("连线题的答案里有不存在的选项")
        if len({left for left, _ in pairs}) < len(pairs) or len(pairs) < len(sides[0]):
            raise Trouble("连线题要每个左边恰好连一个右边；这道题不是，请拆成几道选择题")
        ordered = sorted(pairs, key=lambda pair: list(sides[0]).index(pair[0]))
        used = {right for _, right in pairs}
        spare = [text for one, text in sides[1].items() if one not in used]
        body, key = match_shape([(sides[0][left], sides[1][right]) for left, right in ordered], spare)
        return Made(Kind.MATCHING, self._prompt(element), body, key)

    def _associate(self, element: Element) -> Made:
        choices = {attribute(one, "identifier"): self._text(one) for one in children(element, "simpleAssociableChoice")}
        pairs = self._pairs(element)
        every_one = [one for pair in pairs for one in pair]
        if len(set(every_one)) < len(every_one) or any(one not in choices for one in every_one):
            raise Trouble("配对题里同一项配了几次，不能换成连线题；请拆成几道题")
        spare = [text for one, text in choices.items() if one not in every_one]
        self.notes.append("配对题改为连线题")
        body, key = match_shape([(choices[left], choices[right]) for left, right in pairs], spare)
        return Made(Kind.MATCHING, self._prompt(element), body, key)

    def _gap_match(self, element: Element) -> Made:
        choices = {attribute(one, "identifier"): self._text(one) for one in children(element, "gapText", "gapImg")}
        texts = [self._text(one) for one in element if name(one) not in {"gapText", "gapImg", "prompt"}]
        stem = "\n".join(filter(None, [self._prompt(element), *texts]))
        by_gap: dict[str, list[str]] = {}
        for left, right in self._pairs(element):
            choice, gap = (left, right) if left in choices else (right, left)
            by_gap.setdefault(gap, []).append(choices.get(choice, ""))
        gaps = re.findall("\ue040([^\ue041]*)\ue041", stem)
        if not gaps or any(not by_gap.get(gap) or not all(by_gap[gap]) for gap in gaps):
            raise Trouble("选词填空的空和词对不上，请核对")
        stem = re.sub("\ue040[^\ue041]*\ue041", BLANK, stem)
        self.notes.append("选词填空改为填空题，可选的词写在题干后面")
        stem += f"\n（可选：{'、'.join(choices.values())}）"
        blanks = [{"accepted": by_gap[gap][:1], "tolerance": ""} for gap in gaps]
        return Made(Kind.FILL_IN, stem, {"blanks": len(blanks)}, {"blanks": blanks, "ordered": True})

    def _order(self, element: Element) -> Made:
        choices = {attribute(one, "identifier"): self._text(one) for one in children(element, "simpleChoice")}
        right = self._declaration(element).correct
        if not right:
            raise Trouble(NO_KEY)
        if sorted(right) != sorted(choices):
            raise Trouble("排序题的答案没有把每一项各用一次，不能导入")
        body, key = order_shape([choices[one] for one in right])
        return Made(Kind.ORDERING, self._prompt(element), body, key)

    def _picture(self, element: Element) -> dict[str, Any]:
        for one in every(element, "object", "img", "source"):
            address = attribute(one, "data") or attribute(one, "src")
            if not address:
                continue
            try:
                place = self.resolve(address)
            except Unusable as error:
                raise Trouble(str(error)) from error
            found = self.assets.find(place.removeprefix("file:"))
            width, height = number(attribute(one, "width")), number(attribute(one, "height"))
            if found is None or found.width is None or found.height is None:
                raise Trouble("识图题的底图不是图片")
            if width and height and (int(width), int(height)) != (found.width, found.height):
                self.flags.add("scaled")
            return {
                "asset": place,
                "width": int(width) if width and height else found.width,
                "height": int(height) if width and height else found.height,
            }
        raise Trouble("识图题没有底图")

    def _hotspot(self, element: Element) -> Made:
        spots = {attribute(one, "identifier"): one for one in children(element, "hotspotChoice")}
        right = [one for one in self._declaration(element).right if one in spots]
        if not right:
            raise Trouble(NO_KEY)
        areas = [_area(attribute(spots[one], "shape"), attribute(spots[one], "coords")) for one in right]
        return Made(Kind.HOTSPOT, self._prompt(element), self._picture(element), {"areas": areas})

    def _point(self, element: Element) -> Made:
        found = [(shape, coords) for shape, coords, worth in self._declaration(element).areas if worth > 0]
        if not found:
            raise Trouble("识图题没有写正确的区域（areaMapping）")
        return Made(
            Kind.HOTSPOT, self._prompt(element), self._picture(element), {"areas": [_area(*one) for one in found]}
        )

    def _slider(self, element: Element) -> Made:
        right = self._declaration(element).right
        figure = number(right[0]) if right else None
        if figure is None:
            raise Trouble(NO_KEY)
        self.notes.append("滑块改为计算题，直接填数")
        low, high = attribute(element, "lowerBound"), attribute(element, "upperBound")
        prompt = "\n".join(filter(None, [self._prompt(element), f"（范围 {low}～{high}）" if low and high else ""]))
        key = {"value": plain_number(figure), "tolerance": "", "reference": ""}
        return Made(Kind.CALCULATION, prompt, {"unit": "", "steps": False}, key)


def _area(shape: str, coords: str) -> dict[str, Any]:
    figures = [number(one) for one in re.split(r"[,\s]+", coords.strip()) if one]
    numbers = [round(one) for one in figures if one is not None]
    if shape == "ellipse" and len(numbers) == 4 and numbers[2] == numbers[3]:
        shape, numbers = "circle", numbers[:3]
    if shape not in {"rect", "circle", "poly"} or len(numbers) < 3 or None in figures:
        raise Trouble(f"识图题的区域（{shape[:20]}）不支持，请改为矩形、圆或多边形")
    return {"shape": shape, "coords": numbers}
