"""Answers that are written: blanks, free text, a number with its steps.

By kind ``body``, ``key`` and ``given``:

- fill in: ``{"blanks": n}``, ``{"blanks": [{"accepted": [...], "tolerance": ""}], "ordered": true}``, one text a blank
- short answer: ``{"lines": 5}``, ``{"reference", "rubric": [{"text", "points"}]}``, ``["text"]``; marked by hand
- calculation: ``{"unit", "steps"}``, ``{"value"}`` or ``{"formula", "parameters"}``, with ``tolerance`` and
  ``reference``, ``["12.5", "steps"]``
"""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from random import Random
from typing import Any

from zhenxue.exams.data import Kind, Marked
from zhenxue.exams.kinds.base import AS_KEPT, Given, Json, Marking, OnSheet, Rules, earned, texts
from zhenxue.exams.kinds.formulas import FormulaError, evaluate, names_in
from zhenxue.exams.kinds.numbers import fold, fold_with_unit, is_near, normal, read_number, tolerance_problem

MOST_BLANKS = 20
LONGEST_BLANK = 200
LONGEST_TEXT = 10_000
LONGEST_REFERENCE = 6_000
MOST_PARAMETERS = 8
MOST_STEPS = 100_000
BLANK = re.compile(r"_{3,}")
PLACE = re.compile(r"\{([A-Za-z]\w{0,15})\}", re.ASCII)
NAME = re.compile(r"[A-Za-z]\w{0,15}", re.ASCII)


def clean_text(value: Any, longest: int) -> str:
    """A text without control marks and blanks at its ends, no longer than allowed."""
    kept = "".join(mark for mark in str(value).replace("\r\n", "\n") if mark.isprintable() or mark in "\n\t")
    return kept.strip()[:longest].rstrip()


def number_of(text: Any) -> Decimal | None:
    """A plain decimal of a body or key."""
    try:
        value = Decimal(str(text))
    except InvalidOperation:
        return None
    return value if value.is_finite() and abs(value) < 10**15 else None


class FillIn(Rules):
    kind = Kind.FILL_IN

    def check(self, body: Json, key: Json) -> dict[str, str]:
        blanks = key.get("blanks") or []
        if not 1 <= len(blanks) <= MOST_BLANKS:
            return {"blanks": f"请填写 1 到 {MOST_BLANKS} 个空的答案。"}
        if body.get("blanks") != len(blanks):
            return {"blanks": f"题干有 {body.get('blanks')} 个空，答案有 {len(blanks)} 个，请改成一样多。"}
        wrong = {}
        for index, blank in enumerate(blanks):
            accepted = texts(blank.get("accepted"))
            if not accepted or any(not one.strip() or len(one) > LONGEST_BLANK for one in accepted):
                wrong[f"accepted-{index}"] = f"请写第 {index + 1} 空的答案，每个答案不超过 {LONGEST_BLANK} 个字。"
            elif problem := tolerance_problem(blank.get("tolerance", "")):
                wrong[f"tolerance-{index}"] = f"第 {index + 1} 空：{problem}"
            elif blank.get("tolerance") and not any(read_number(one) is not None for one in accepted):
                wrong[f"accepted-{index}"] = f"第 {index + 1} 空写了允许误差，答案就要是数字。"
        return wrong

    def check_stem(self, stem: str, body: Json, key: Json) -> dict[str, str]:
        places = len(BLANK.findall(stem))
        if places == body.get("blanks"):
            return {}
        return {"stem": f"题干里有 {places} 个空（每个空写成 ____），答案有 {body.get('blanks')} 个，请改成一样多。"}

    def clean_given(self, body: Json, given: Sequence[Any]) -> Given | None:
        if len(given) > body["blanks"] or any(isinstance(one, list | dict) for one in given):
            return None
        filled = [clean_text(one, LONGEST_BLANK) for one in given] + [""] * (body["blanks"] - len(given))
        return filled if any(filled) else []

    def mark(self, body: Json, key: Json, given: Sequence[Any], marking: Marking) -> Marked | None:
        blanks = key["blanks"]
        fits = [[self.fits(blank, str(text)) for blank in blanks] for text in given]
        good = sum(row[at] for at, row in enumerate(fits)) if key.get("ordered", True) else _most_pairs(fits)
        return earned(good, len(blanks), marking)

    def fits(self, blank: Json, text: str) -> bool:
        """Whether a text is one of the accepted ones, as a text or as a number."""
        if not text:
            return False
        value, tolerance = read_number(text), blank.get("tolerance", "")
        for accepted in blank["accepted"]:
            if fold_with_unit(accepted) == fold_with_unit(text):
                return True
            wanted = read_number(accepted)
            if value is not None and wanted is not None and is_near(value, wanted, tolerance):
                return True
        return False

    def view(self, body: Json, on: OnSheet = AS_KEPT) -> dict[str, Any]:
        """``blanks``: number and what was written."""
        return {"blanks": [(at + 1, on.given[at] if at < len(on.given) else "") for at in range(body["blanks"])]}

    def solution(self, body: Json, key: Json, values: Mapping[str, str] | None = None) -> list[str]:
        lines = [
            " 或 ".join(blank["accepted"]) + (f"（允许误差 {blank['tolerance']}）" if blank.get("tolerance") else "")
            for blank in key["blanks"]
        ]
        return [f"第 {at} 空：{line}" for at, line in enumerate(lines, start=1)] if len(lines) > 1 else lines

    def said(self, body: Json, given: Sequence[Any]) -> list[str]:
        if body["blanks"] == 1:
            return [str(one) for one in given]
        return [f"第 {at} 空：{text or '（没有填）'}" for at, text in enumerate(given, start=1)]


def _most_pairs(fits: list[list[bool]]) -> int:
    """How many texts can each have a blank of their own (augmenting paths; a few blanks only)."""
    owner: dict[int, int] = {}

    def place(text: int, seen: set[int]) -> bool:
        for blank, fit in enumerate(fits[text]):
            if fit and blank not in seen:
                seen.add(blank)
                if blank not in owner or place(owner[blank], seen):
                    owner[blank] = text
                    return True
        return False

    return sum(place(text, set()) for text in range(len(fits)))


class ShortAnswer(Rules):
    kind = Kind.SHORT_ANSWER
    by_hand = True

    def check(self, body: Json, key: Json) -> dict[str, str]:
        wrong = {}
        lines = body.get("lines", 5)
        if not isinstance(lines, int) or not 1 <= lines <= 40:
            wrong["lines"] = "答题框行数请填 1 到 40。"
        if len(str(key.get("reference", ""))) > LONGEST_REFERENCE:
            wrong["reference"] = f"参考答案不能超过 {LONGEST_REFERENCE} 个字。"
        for index, point in enumerate(key.get("rubric") or []):
            points = number_of(point.get("points"))
            if not str(point.get("text", "")).strip():
                wrong[f"point-{index}"] = f"请写第 {index + 1} 个得分点的内容。"
            elif points is None or not 0 < points <= 100 or points != points.quantize(Decimal("0.1")):
                wrong[f"points-{index}"] = f"第 {index + 1} 个得分点的分值应大于 0、不超过 100，最多一位小数。"
        if not wrong and not str(key.get("reference", "")).strip() and not key.get("rubric"):
            wrong["reference"] = "请写参考答案或得分点，阅卷时要用。"
        return wrong

    def clean_given(self, body: Json, given: Sequence[Any]) -> Given | None:
        if len(given) > 1 or any(isinstance(one, list | dict) for one in given):
            return None
        text = clean_text(given[0], LONGEST_TEXT) if given else ""
        return [text] if text else []

    def mark(self, body: Json, key: Json, given: Sequence[Any], marking: Marking) -> Marked | None:
        return None

    def view(self, body: Json, on: OnSheet = AS_KEPT) -> dict[str, Any]:
        """``text``, the ``lines`` of its box, and how much fits (``most``)."""
        return {"text": on.given[0] if on.given else "", "lines": body.get("lines", 5), "most": LONGEST_TEXT}

    def solution(self, body: Json, key: Json, values: Mapping[str, str] | None = None) -> list[str]:
        points = [f"{one['text']}（{one['points']} 分）" for one in key.get("rubric") or []]
        return [line for line in [str(key.get("reference", "")), *points] if line.strip()]


class Calculation(Rules):
    kind = Kind.CALCULATION

    def check(self, body: Json, key: Json) -> dict[str, str]:
        wrong = self._check_value(key)
        if len(str(body.get("unit", ""))) > 20:
            wrong["unit"] = "单位不能超过 20 个字。"
        if problem := tolerance_problem(str(key.get("tolerance", ""))):
            wrong["tolerance"] = problem
        if len(str(key.get("reference", ""))) > LONGEST_REFERENCE:
            wrong["reference"] = f"解题过程不能超过 {LONGEST_REFERENCE} 个字。"
        return wrong

    def _check_value(self, key: Json) -> dict[str, str]:
        formula, parameters = str(key.get("formula", "")), key.get("parameters") or {}
        if not formula:
            if number_of(key.get("value")) is None:
                return {"value": "请填写答案（一个数），或填写计算公式。"}
            return {"formula": "写了参数，就要写计算公式。"} if parameters else {}
        wrong = self._check_parameters(parameters)
        if wrong:
            return wrong
        try:
            if strange := sorted(names_in(formula) - set(parameters)):
                return {"formula": f"公式里的 {'、'.join(strange)} 没有定义，请在参数里写明取值范围。"}
            for corner in _corners(parameters):
                evaluate(formula, corner)
        except FormulaError as error:
            return {"formula": str(error)}
        return {}

    def _check_parameters(self, parameters: Json) -> dict[str, str]:
        if len(parameters) > MOST_PARAMETERS:
            return {"parameters": f"参数最多 {MOST_PARAMETERS} 个。"}
        wrong = {}
        for index, (name, span) in enumerate(parameters.items()):
            low, high, step = (number_of(span.get(part)) for part in ("low", "high", "step"))
            if not NAME.fullmatch(name):
                wrong[f"name-{index}"] = "参数名用英文字母开头，如 a、b、R1。"
            elif low is None or high is None or high < low:
                wrong[f"low-{index}"] = f"参数 {name} 的最小值和最大值要是数字，并且最小值不大于最大值。"
            elif step is None or step <= 0 or (high - low) / step > MOST_STEPS:
                wrong[f"step-{index}"] = f"参数 {name} 的步长要大于 0，取值不要超过 {MOST_STEPS} 个。"
        return wrong

    def check_stem(self, stem: str, body: Json, key: Json) -> dict[str, str]:
        parameters = set(key.get("parameters") or {})
        missing = sorted(parameters - set(PLACE.findall(stem)))
        if missing:
            return {"stem": f"题干里要写出参数，如 {{{missing[0]}}}，学员才看得到取值。"}
        return {}

    def draw(self, key: Json, random: Random) -> dict[str, str] | None:
        parameters = key.get("parameters")
        if not parameters:
            return None
        drawn = {}
        for name, span in parameters.items():
            low, high, step = (Decimal(span[part]) for part in ("low", "high", "step"))
            drawn[name] = normal(low + step * random.randint(0, int((high - low) / step)))
        return drawn

    def right_value(self, key: Json, values: Mapping[str, str] | None) -> Decimal:
        """The right number for what was drawn; without a drawing every parameter stands at its lowest."""
        if not key.get("formula"):
            return Decimal(key["value"])
        lowest = {name: span["low"] for name, span in (key.get("parameters") or {}).items()}
        return evaluate(key["formula"], {**lowest, **(values or {})})

    def clean_given(self, body: Json, given: Sequence[Any]) -> Given | None:
        most = 2 if body.get("steps") else 1
        if len(given) > most or any(isinstance(one, list | dict) for one in given):
            return None
        value = clean_text(given[0], LONGEST_BLANK) if given else ""
        steps = clean_text(given[1], LONGEST_TEXT) if len(given) > 1 else ""
        if not value and not steps:
            return []
        return [value, steps] if body.get("steps") else [value]

    def mark(self, body: Json, key: Json, given: Sequence[Any], marking: Marking) -> Marked | None:
        value = read_number(str(given[0]), str(body.get("unit", ""))) if given else None
        wanted = self.right_value(key, marking.values)
        good = value is not None and is_near(value, wanted, str(key.get("tolerance", "")))
        return Marked(good, marking.score if good else Decimal(0))

    def view(self, body: Json, on: OnSheet = AS_KEPT) -> dict[str, Any]:
        """``value`` and ``steps`` as written, the ``unit``, whether steps are asked for (``asks_steps``)."""
        return {
            "value": on.given[0] if on.given else "",
            "steps": on.given[1] if len(on.given) > 1 else "",
            "unit": body.get("unit", ""),
            "asks_steps": bool(body.get("steps")),
            "most": LONGEST_TEXT,
        }

    def solution(self, body: Json, key: Json, values: Mapping[str, str] | None = None) -> list[str]:
        number = normal(round(self.right_value(key, values), 6))
        tolerance = f"（允许误差 {key['tolerance']}）" if key.get("tolerance") else ""
        return [f"{number} {body.get('unit', '')}".strip() + tolerance, *filter(None, [str(key.get("reference", ""))])]

    def said(self, body: Json, given: Sequence[Any]) -> list[str]:
        value = f"{given[0]} {body.get('unit', '')}".strip() if given and given[0] else ""
        return [line for line in [value, given[1] if len(given) > 1 else ""] if line]


def _corners(parameters: Json) -> list[dict[str, str]]:
    """The lowest and the highest values, where formulas break first."""
    return [{name: str(span[end]) for name, span in parameters.items()} for end in ("low", "high")]


def fill_places(stem: str, values: Mapping[str, str] | None) -> str:
    """A stem with ``{a}`` replaced by what was drawn; inside ``$…$`` the braces stay, as LaTeX needs them."""
    if not values:
        return stem
    pieces = stem.split("$")
    for at, piece in enumerate(pieces):
        in_formula = at % 2 == 1 and at < len(pieces) - 1

        def put(found: re.Match[str], in_formula: bool = in_formula) -> str:
            value = values.get(found[1])
            if value is None:
                return found[0]
            return f"{{{value}}}" if in_formula else value

        pieces[at] = PLACE.sub(put, piece)
    return "$".join(pieces)


WRITTEN_RULES: dict[Kind, Rules] = {
    Kind.FILL_IN: FillIn(),
    Kind.SHORT_ANSWER: ShortAnswer(),
    Kind.CALCULATION: Calculation(),
}

__all__ = ["BLANK", "WRITTEN_RULES", "Calculation", "FillIn", "ShortAnswer", "fill_places", "fold"]
