"""Editors of questions, one form per kind: what is arranged, and what is made of parts."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from django import forms

from zhenxue.exams.data import Kind
from zhenxue.exams.kinds.arranged import SHAPES
from zhenxue.exams.kinds.composed import EVIDENCE, PART_RULES
from zhenxue.exams.kinds.written import BLANK
from zhenxue.exams.web.forms.editors import EditorForm, Group, choice, line, lines
from zhenxue.exams.web.forms.questions import read_choice, split
from zhenxue.kernel.web.fields import set_choices

_DEDUCTION = re.compile(r"(.+?)[\s,，:：（(]*扣\s*(\d{1,3}(?:\.\d)?)\s*分?[)）]?\s*")
PART_KINDS = [
    (kind.value, kind.label) for kind in PART_RULES if kind not in {Kind.MATCHING, Kind.ORDERING, Kind.HOTSPOT}
]


def scrambled(things: Sequence[str]) -> list[int]:
    """A fixed order of things that tells nothing about theirs, and is not theirs."""
    order = sorted(range(len(things)), key=lambda at: hashlib.sha256(things[at].encode()).digest())
    return order if order != sorted(order) else [*order[1:], *order[:1]]


class MatchingForm(EditorForm):
    kind_of_form = Kind.MATCHING
    groups: ClassVar[tuple[Group, ...]] = (
        Group(
            "pair",
            "配对",
            "再加一对",
            {"left": line("左边", 500), "right": line("右边", 500)},
            ("left", "right"),
            least=4,
            hint="每行左右是一对；只填右边的一行是干扰项。学员看到的右边会打乱。",
        ),
    )

    @classmethod
    def filled(cls, body: Mapping[str, Any], key: Mapping[str, Any]) -> dict[str, Any]:
        pairs = list(zip(body["left"], key["pairs"], strict=True))
        rows = [{"left": left, "right": body["right"][pair]} for left, pair in pairs]
        spare = [text for at, text in enumerate(body["right"]) if at not in key["pairs"]]
        return {"rows-pair": [*rows, *({"left": "", "right": text} for text in spare)]}

    def parts(self) -> tuple[dict[str, Any], dict[str, Any]]:
        rows = sorted(self.rows("pair"), key=lambda row: not row["left"])
        right = [row["right"] for row in rows]
        order = scrambled(right)
        pairs = [order.index(at) for at, row in enumerate(rows) if row["left"]]
        return {"left": [row["left"] for row in rows if row["left"]], "right": [right[at] for at in order]}, {
            "pairs": pairs
        }

    def clean(self) -> None:
        """A left side needs its right one."""
        for at, row in enumerate(self.rows("pair")):
            if row["left"] and not row["right"]:
                self.add_error(f"right-{at}", f"请写第 {at + 1} 行右边的内容。")


class OrderingForm(EditorForm):
    kind_of_form = Kind.ORDERING
    groups: ClassVar[tuple[Group, ...]] = (
        Group(
            "item",
            "按正确顺序写",
            "再加一项",
            {"item": line("第", 500)},
            ("item",),
            least=4,
            hint="从上到下写正确的顺序；学员看到的会打乱。",
        ),
    )

    @classmethod
    def filled(cls, body: Mapping[str, Any], key: Mapping[str, Any]) -> dict[str, Any]:
        return {"rows-item": [{"item": body["items"][at]} for at in key["order"]]}

    def parts(self) -> tuple[dict[str, Any], dict[str, Any]]:
        right = [row["item"] for row in self.rows("item")]
        order = scrambled(right)
        return {"items": [right[at] for at in order]}, {"order": [order.index(at) for at in range(len(right))]}


class HotspotForm(EditorForm):
    kind_of_form = Kind.HOTSPOT
    groups: ClassVar[tuple[Group, ...]] = (
        Group(
            "area",
            "正确区域",
            "再加一个区域",
            {
                "shape": choice("形状", list(SHAPES.items())),
                "coords": line("坐标", 400, "矩形：左,上,右,下；圆：圆心x,圆心y,半径"),
            },
            ("coords",),
            most=10,
            hint="可以直接在图上画（按住拖动画矩形），也可以填像素坐标。学员要点中每个区域。",
        ),
    )
    asset = forms.ChoiceField(label="图片", required=False, help_text="选题库里的图片，或在上面上传后自动选用。")

    def offer(self, *, pictures: Sequence[tuple[int, str]] = ()) -> None:
        set_choices(self, "asset", [("", "请选择"), *((str(pk), f"{pk} · {name}") for pk, name in pictures)])

    #: Set by the view: width and height of the chosen picture, as its bytes say.
    size: tuple[int, int] | None = None

    @classmethod
    def filled(cls, body: Mapping[str, Any], key: Mapping[str, Any]) -> dict[str, Any]:
        rows = [{"shape": one["shape"], "coords": ",".join(map(str, one["coords"]))} for one in key["areas"]]
        return {"asset": str(body["asset"]), "rows-area": rows}

    def parts(self) -> tuple[dict[str, Any], dict[str, Any]]:
        chosen = self.cleaned_data.get("asset") or ""
        width, height = self.size or (0, 0)
        areas = []
        for row in self.rows("area"):
            numbers = [one for one in re.split(r"[,，\s]+", row["coords"]) if one]
            coords = [int(one) for one in numbers] if all(re.fullmatch(r"\d{1,5}", one) for one in numbers) else []
            areas.append({"shape": row["shape"], "coords": coords})
        body = {"asset": int(chosen) if chosen else None, "width": width, "height": height}
        return body, {"areas": areas}


class PracticalForm(EditorForm):
    kind_of_form = Kind.PRACTICAL
    groups: ClassVar[tuple[Group, ...]] = (
        Group(
            "step",
            "操作步骤",
            "再加一步",
            {
                "title": line("步骤", 300),
                "points": line("分值", 6, inputmode="decimal"),
                "deductions": lines("扣分项", 3000, placeholder="每行一条：未戴手套 扣 2 分"),
            },
            ("title", "points", "deductions"),
            least=2,
            most=60,
        ),
    )
    minutes = forms.IntegerField(label="操作时间（分钟）", min_value=1, max_value=600, initial=30)
    evidence = forms.ChoiceField(label="评分时留存", choices=list(EVIDENCE.items()), required=False)

    @classmethod
    def filled(cls, body: Mapping[str, Any], key: Mapping[str, Any]) -> dict[str, Any]:
        lines = [*(key.get("steps") or []), *[[]] * len(body["steps"])]
        rows = [
            {**step, "deductions": "\n".join(f"{one['text']} 扣 {one['points']} 分" for one in lines[at])}
            for at, step in enumerate(body["steps"])
        ]
        return {"minutes": body["minutes"], "evidence": body.get("evidence", ""), "rows-step": rows}

    def parts(self) -> tuple[dict[str, Any], dict[str, Any]]:
        rows = self.rows("step")
        body = {
            "steps": [{"title": row["title"], "points": row["points"]} for row in rows],
            "minutes": self.cleaned_data["minutes"],
            "evidence": self.cleaned_data["evidence"],
        }
        return body, {"steps": [_deductions(row["deductions"]) for row in rows]}


def _deductions(text: str) -> list[dict[str, str]]:
    found = []
    for one in text.splitlines():
        if one.strip():
            fits = _DEDUCTION.fullmatch(one.strip())
            found.append({"text": fits[1].strip(), "points": fits[2]} if fits else {"text": one.strip(), "points": ""})
    return found


class CaseForm(EditorForm):
    kind_of_form = Kind.CASE
    groups: ClassVar[tuple[Group, ...]] = (
        Group(
            "part",
            "小题",
            "再加一道小题",
            {
                "kind": choice("题型", PART_KINDS),
                "stem": lines("小题题干", 3000),
                "options": lines("选项", 4000, rows=3, placeholder="选择题：每行一个"),
                "answer": lines("答案", 4000, placeholder="填空：每行一空，写法用 | 隔开"),
                "score": line("分值", 6, inputmode="decimal"),
            },
            ("stem", "options", "answer"),
            least=2,
            hint="选择题写字母，判断题写对错，填空题每行一个空，计算题写数字（可加 ±误差），简答题写参考答案。",
        ),
    )

    @classmethod
    def filled(cls, body: Mapping[str, Any], key: Mapping[str, Any]) -> dict[str, Any]:
        rows = []
        for part, own in zip(body["parts"], key["parts"], strict=True):
            kept = {name: part[name] for name in ("kind", "stem", "score")}
            rows.append(
                {
                    **kept,
                    "options": "\n".join(part["body"].get("options", [])),
                    "answer": _part_answer(part["kind"], own),
                }
            )
        return {"rows-part": rows}

    @classmethod
    def can_hold(cls, body: Mapping[str, Any], key: Mapping[str, Any]) -> bool:
        """Whether nothing of a case is lost in this form (an import may hold more)."""
        simple = {kind for kind, _ in PART_KINDS}
        return all(
            part["kind"] in simple and "formula" not in own
            for part, own in zip(body["parts"], key["parts"], strict=True)
        )

    def parts(self) -> tuple[dict[str, Any], dict[str, Any]]:
        parts, keys = [], []
        for row in self.rows("part"):
            body, key = _part(row)
            stem = BLANK.sub("____", row["stem"].replace("＿", "_")) if row["kind"] == Kind.FILL_IN else row["stem"]
            parts.append({"kind": row["kind"], "stem": stem, "body": body, "score": row["score"]})
            keys.append(key)
        return {"parts": parts}, {"parts": keys}


def _part(row: Mapping[str, str]) -> tuple[dict[str, Any], dict[str, Any]]:
    answer = row["answer"].strip()
    if row["kind"] == Kind.TRUE_FALSE:
        return {}, {"right": read_choice(answer)}
    if row["kind"] == Kind.FILL_IN:
        blanks = []
        for text in filter(None, (one.strip() for one in answer.splitlines())):
            accepted, _, tolerance = text.partition("±")
            blanks.append({"accepted": split(accepted), "tolerance": tolerance.strip()})
        return {"blanks": len(blanks)}, {"blanks": blanks, "ordered": True}
    if row["kind"] == Kind.SHORT_ANSWER:
        return {"lines": 5}, {"reference": answer, "rubric": []}
    if row["kind"] == Kind.CALCULATION:
        value, _, tolerance = answer.partition("±")
        return {"unit": "", "steps": False}, {"value": value.strip(), "tolerance": tolerance.strip()}
    return {"options": [one.strip() for one in row["options"].splitlines() if one.strip()]}, {
        "right": read_choice(answer)
    }


def _part_answer(kind: str, key: Mapping[str, Any]) -> str:
    if kind == Kind.FILL_IN:
        return "\n".join(" | ".join(one["accepted"]) + _within(one) for one in key["blanks"])
    if kind == Kind.SHORT_ANSWER:
        return str(key.get("reference", ""))
    if kind == Kind.CALCULATION:
        return f"{key.get('value', '')}{_within(key)}"
    return "".join(key.get("right", []))


def _within(key: Mapping[str, Any]) -> str:
    return f" ±{key['tolerance']}" if key.get("tolerance") else ""
