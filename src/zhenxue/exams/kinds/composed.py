"""Questions made of parts: a case with sub-questions, and a practical task scored step by step.

By kind ``body``, ``key`` and ``given``:

- case: ``{"parts": [{"kind", "stem", "body", "score"}]}``, ``{"parts": [key, …]}``, ``[[…], […]]``
- practical: ``{"steps": [{"title", "points"}], "minutes", "evidence"}``, ``{"steps": [[{"text", "points"}], …]}``
  (deductions per step), ``[]``: what it earns stands on the examiners' sheets
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import ROUND_DOWN, Decimal
from random import Random
from typing import Any

from zhenxue.exams.data import Kind, Marked
from zhenxue.exams.kinds.arranged import ARRANGED_RULES
from zhenxue.exams.kinds.base import AS_KEPT, TENTH, Given, Json, Marking, OnSheet, Rules
from zhenxue.exams.kinds.choices import CHOICE_RULES
from zhenxue.exams.kinds.written import WRITTEN_RULES, fill_places, number_of

MOST_PARTS = 20
MOST_STEPS = 60
MOST_DEDUCTIONS = 20
LONGEST_LINE = 300
EVIDENCE = {"": "不需要", "photo": "照片", "video": "视频"}
PART_RULES: dict[Kind, Rules] = {**CHOICE_RULES, **WRITTEN_RULES, **ARRANGED_RULES}


def is_points(value: Any) -> bool:
    """Whether a text is a score: above 0 up to 100, at most one decimal."""
    points = number_of(value)
    return points is not None and 0 < points <= 100 and points == points.quantize(TENTH)


def part_values(values: Mapping[str, str] | None, at: int) -> dict[str, str] | None:
    """What was drawn for one part of a case: ``{"2:a": "5"}`` holds ``a`` of the third."""
    found = {name.partition(":")[2]: value for name, value in (values or {}).items() if name.startswith(f"{at}:")}
    return found or None


class Case(Rules):
    kind = Kind.CASE

    def rules(self, body: Json) -> list[Rules]:
        """The rules of each part."""
        return [PART_RULES[Kind(part["kind"])] for part in body["parts"]]

    def needs_hand(self, body: Json) -> bool:
        return any(rules.needs_hand(part["body"]) for rules, part in zip(self.rules(body), body["parts"], strict=True))

    def check(self, body: Json, key: Json) -> dict[str, str]:
        parts, keys = body.get("parts") or [], key.get("parts") or []
        if not 1 <= len(parts) <= MOST_PARTS:
            return {"parts": f"请写 1 到 {MOST_PARTS} 道小题。"}
        if len(keys) != len(parts):
            return {"parts": "每道小题都要有答案。"}
        wrong: dict[str, str] = {}
        for index, (part, part_key) in enumerate(zip(parts, keys, strict=True)):
            wrong |= {f"{name}-{index}": words for name, words in self._check_part(index, part, part_key).items()}
        return wrong

    def _check_part(self, index: int, part: Json, key: Json) -> dict[str, str]:
        named = f"第 {index + 1} 小题："
        if part.get("kind") not in {kind.value for kind in PART_RULES}:
            return {"kind": f"{named}请选择题型。"}
        stem = str(part.get("stem", "")).strip()
        found = {} if stem else {"stem": f"{named}请填写题干。"}
        if not is_points(part.get("score")):
            found["score"] = f"{named}分值应大于 0、不超过 100，最多一位小数。"
        rules = PART_RULES[Kind(part["kind"])]
        inner = rules.check(part.get("body") or {}, key)
        if stem and not inner:
            inner = rules.check_stem(stem, part["body"], key)
        if inner:
            place = next((name for name in ("stem", "options") if name in inner), "answer")
            found.setdefault(place, named + "".join(inner.values()))
        return found

    def part_scores(self, body: Json, score: Decimal) -> list[Decimal]:
        """The points at stake in each part when the whole is worth ``score``; they always come to it."""
        own = [Decimal(part["score"]) for part in body["parts"]]
        total = sum(own)
        stakes = [(score * one / total).quantize(TENTH, rounding=ROUND_DOWN) for one in own]
        stakes[-1] += score - sum(stakes)
        return stakes

    def draw(self, key: Json, random: Random) -> dict[str, str] | None:
        drawn: dict[str, str] = {}
        for at, part in enumerate(key["parts"]):
            if "formula" in part:
                values = PART_RULES[Kind.CALCULATION].draw(part, random) or {}
                drawn |= {f"{at}:{name}": value for name, value in values.items()}
        return drawn or None

    def clean_given(self, body: Json, given: Sequence[Any]) -> Given | None:
        if len(given) > len(body["parts"]):
            return None
        parts: Given = []
        padded = [*given, *[[]] * (len(body["parts"]) - len(given))]
        for rules, part, one in zip(self.rules(body), body["parts"], padded, strict=True):
            cleaned = rules.clean_given(part["body"], one) if isinstance(one, list) else None
            if cleaned is None:
                return None
            parts.append(cleaned)
        return parts if any(parts) else []

    def mark_parts(self, body: Json, key: Json, given: Sequence[Any], marking: Marking) -> list[Marked | None]:
        """What each part earns; ``None`` for those that a person marks. A blank part earns nothing."""
        stakes = self.part_scores(body, marking.score)
        padded = [*given, *[[]] * (len(body["parts"]) - len(given))]
        marks: list[Marked | None] = []
        for at, (rules, part) in enumerate(zip(self.rules(body), body["parts"], strict=True)):
            if rules.is_blank(padded[at]):
                marks.append(Marked(False, Decimal(0)))
                continue
            stake = replace(marking, score=stakes[at], values=part_values(marking.values, at))
            marks.append(rules.mark(part["body"], key["parts"][at], padded[at], stake))
        return marks

    def mark(self, body: Json, key: Json, given: Sequence[Any], marking: Marking) -> Marked | None:
        marks = self.mark_parts(body, key, given, marking)
        sure = [one for one in marks if one is not None]
        if len(sure) < len(marks):
            return None
        return Marked(all(one.correct for one in sure), sum((one.awarded for one in sure), Decimal(0)))

    def view(self, body: Json, on: OnSheet = AS_KEPT) -> dict[str, Any]:
        """``parts``: each with number, kind, label, stem, score and its own ``view``."""
        shown = []
        for at, (rules, part) in enumerate(zip(self.rules(body), body["parts"], strict=True)):
            own = on.given[at] if at < len(on.given) else []
            drawn = part_values(on.values, at)
            shown.append(
                {
                    "number": at + 1,
                    "kind": part["kind"],
                    "label": Kind(part["kind"]).label,
                    "stem": fill_places(part["stem"], drawn),
                    "score": part["score"],
                    "view": rules.view(part["body"], OnSheet(own, None, drawn)),
                }
            )
        return {"parts": shown}

    def solution(self, body: Json, key: Json, values: Mapping[str, str] | None = None) -> list[str]:
        lines = []
        for at, (rules, part) in enumerate(zip(self.rules(body), body["parts"], strict=True)):
            words = rules.solution(part["body"], key["parts"][at], part_values(values, at))
            lines.append(f"（{at + 1}）{'；'.join(words)}")
        return lines

    def said(self, body: Json, given: Sequence[Any]) -> list[str]:
        lines = []
        for at, (rules, part) in enumerate(zip(self.rules(body), body["parts"], strict=True)):
            words = rules.said(part["body"], given[at]) if at < len(given) and given[at] else ["（没有作答）"]
            lines.append(f"（{at + 1}）{'；'.join(words)}")
        return lines


class Practical(Rules):
    kind = Kind.PRACTICAL
    by_hand = True

    def check(self, body: Json, key: Json) -> dict[str, str]:
        steps, deductions = body.get("steps") or [], key.get("steps") or []
        if not 1 <= len(steps) <= MOST_STEPS:
            return {"steps": f"请写 1 到 {MOST_STEPS} 个操作步骤。"}
        wrong = {}
        minutes = body.get("minutes")
        if not isinstance(minutes, int) or not 1 <= minutes <= 600:
            wrong["minutes"] = "操作时间请填 1 到 600 分钟。"
        if body.get("evidence", "") not in EVIDENCE:
            wrong["evidence"] = "请选择是否要留照片或视频。"
        for index, step in enumerate(steps):
            if not str(step.get("title", "")).strip() or len(str(step["title"])) > LONGEST_LINE:
                wrong[f"title-{index}"] = f"第 {index + 1} 步：请写操作内容，不超过 {LONGEST_LINE} 个字。"
            if not is_points(step.get("points")):
                wrong[f"points-{index}"] = f"第 {index + 1} 步：分值应大于 0、不超过 100，最多一位小数。"
        if len(deductions) > len(steps):
            wrong["steps"] = "扣分项比操作步骤多，请核对。"
        for index, lines in enumerate(deductions):
            fits = len(lines) <= MOST_DEDUCTIONS and all(
                str(one.get("text", "")).strip()
                and len(str(one["text"])) <= LONGEST_LINE
                and is_points(one.get("points"))
                for one in lines
            )
            if not fits:
                wrong[f"deductions-{index}"] = f"第 {index + 1} 步：扣分项每行写内容和扣几分，如“未断电 扣 2 分”。"
        return wrong

    def clean_given(self, body: Json, given: Sequence[Any]) -> Given | None:
        return None if given else []

    def mark(self, body: Json, key: Json, given: Sequence[Any], marking: Marking) -> Marked | None:
        return None

    def view(self, body: Json, on: OnSheet = AS_KEPT) -> dict[str, Any]:
        """``steps`` (title, points), ``minutes``, and in words what ``evidence`` is kept."""
        steps = [(step["title"], step["points"]) for step in body["steps"]]
        return {"steps": steps, "minutes": body["minutes"], "evidence": EVIDENCE[body.get("evidence", "")]}

    def solution(self, body: Json, key: Json, values: Mapping[str, str] | None = None) -> list[str]:
        return [
            f"{step['title']}：{'；'.join(f'{one["text"]} 扣 {one["points"]} 分' for one in lines)}"
            for step, lines in zip(body["steps"], key.get("steps") or [], strict=False)
            if lines
        ]


COMPOSED_RULES: dict[Kind, Rules] = {Kind.CASE: Case(), Kind.PRACTICAL: Practical()}
