"""Single choice, multiple choice, true or false.

``body``: ``{"options": ["…", …]}`` (true or false: ``{}``); ``key``: ``{"right": ["A", "C"]}``, ``{"right": ["对"]}``;
``given``: ``["A"]``. Letters always name the options as the bank keeps them, however they were shown.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from zhenxue.exams.data import Kind, Marked, MultipleRule
from zhenxue.exams.kinds.base import AS_KEPT, Given, Json, Marking, OnSheet, Rules, shared, standing

RIGHT, WRONG = "对", "错"
MOST_OPTIONS = 10
LONGEST_OPTION = 500


def letters(count: int) -> list[str]:
    """The letters of so many options."""
    return [chr(ord("A") + index) for index in range(count)]


class TrueFalse(Rules):
    kind = Kind.TRUE_FALSE

    def allowed(self, body: Json) -> list[str]:
        """What may be chosen, in order."""
        return [RIGHT, WRONG]

    def check(self, body: Json, key: Json) -> dict[str, str]:
        return {} if key.get("right") in ([RIGHT], [WRONG]) else {"key": "判断题的答案请选“对”或“错”。"}

    def clean_given(self, body: Json, given: Sequence[Any]) -> Given | None:
        allowed, chosen = self.allowed(body), set(map(str, given))
        if chosen - set(allowed) or (len(chosen) > 1 and self.kind is not Kind.MULTIPLE):
            return None
        return [one for one in allowed if one in chosen]

    def mark(self, body: Json, key: Json, given: Sequence[Any], marking: Marking) -> Marked | None:
        if given and set(given) == set(key["right"]):
            return Marked(True, marking.score)
        return Marked(False, self.partly(key, given, marking))

    def partly(self, key: Json, given: Sequence[Any], marking: Marking) -> Decimal:
        """What an answer that is not right earns all the same."""
        return Decimal(0)

    def view(self, body: Json, on: OnSheet = AS_KEPT) -> dict[str, Any]:
        """``choices``: the bank's letter or the word, text, whether it was chosen, and its letter on this sheet."""
        allowed, options = self.allowed(body), body.get("options", (RIGHT, WRONG))
        places = standing(on.order, len(allowed))
        return {
            "choices": [
                (allowed[at], options[at], allowed[at] in on.given, allowed[place]) for place, at in enumerate(places)
            ]
        }

    def solution(self, body: Json, key: Json, values: Mapping[str, str] | None = None) -> list[str]:
        return ["、".join(key.get("right", []))]

    def said(self, body: Json, given: Sequence[Any]) -> list[str]:
        return ["、".join(map(str, given))] if given else []


class Single(TrueFalse):
    kind = Kind.SINGLE
    shuffles = True

    def allowed(self, body: Json) -> list[str]:
        return letters(len(body["options"]))

    def shown(self, body: Json) -> int:
        return len(body["options"])

    def lettered(self, names: Sequence[str], order: Sequence[int] | None) -> list[str]:
        if not order:
            return list(names)
        on_sheet = {chr(ord("A") + at): chr(ord("A") + place) for place, at in enumerate(order)}
        return sorted(on_sheet.get(name, name) for name in names)

    def check(self, body: Json, key: Json) -> dict[str, str]:
        options = body.get("options", [])
        if not 2 <= len(options) <= MOST_OPTIONS:
            return {"options": f"请填写 2 到 {MOST_OPTIONS} 个选项，每行一个。"}
        if any(not option.strip() or len(option) > LONGEST_OPTION for option in options):
            return {"options": f"选项不能为空，也不能超过 {LONGEST_OPTION} 个字。"}
        if len({option.casefold() for option in options}) < len(options):
            return {"options": "有两个选项完全相同，请修改。"}
        return self.check_right(key.get("right", []), letters(len(options)))

    def check_right(self, right: Sequence[str], allowed: Sequence[str]) -> dict[str, str]:
        """What is wrong with the letters of the right options."""
        if len(right) != 1 or right[0] not in allowed:
            return {"key": "单选题的答案要从选项中选一个。"}
        return {}


class Multiple(Single):
    kind = Kind.MULTIPLE

    def check_right(self, right: Sequence[str], allowed: Sequence[str]) -> dict[str, str]:
        if not right or set(right) - set(allowed) or len(set(right)) < len(right):
            return {"key": "多选题的答案要从选项中选。"}
        if len(right) < 2:
            return {"key": "多选题至少要有两个答案；只有一个答案请把题型改为单选。"}
        return {}

    def partly(self, key: Json, given: Sequence[Any], marking: Marking) -> Decimal:
        is_part = bool(given) and set(given) < set(key["right"])
        return shared(marking.score, 1, 2) if is_part and marking.rule == MultipleRule.HALF else Decimal(0)


CHOICE_RULES: dict[Kind, Rules] = {Kind.SINGLE: Single(), Kind.MULTIPLE: Multiple(), Kind.TRUE_FALSE: TrueFalse()}
