"""Drafts as GIFT. Pure. What GIFT has no form for is left out by name."""

import json
import re
from collections.abc import Iterable
from typing import Any

from zhenxue.exams.data import Kind
from zhenxue.exams.formats.draft import BLANK, LETTERS, Draft, number, plain_number
from zhenxue.exams.formats.gift import OWN

_SPECIAL = re.compile(r"[~=#{}:\\]")


def write(drafts: Iterable[Draft]) -> tuple[str, list[str]]:
    """The file, and a sentence for every question that cannot stand in it."""
    blocks: list[str] = []
    left_out: list[str] = []
    for count, draft in enumerate(drafts, start=1):
        answers = _answers(draft)
        if answers is None:
            left_out.append(f"第 {count} 题（{draft.kind.label}）：GIFT 没有这种题的写法")
            continue
        blocks.append(f"{OWN}{json.dumps(_own(draft), ensure_ascii=False)}\n{_question(draft, answers)}")
    head = ["// 真学题库导出", *(f"// 没有导出：{one}" for one in left_out)]
    return "\n\n".join(["\n".join(head), *blocks]) + "\n", left_out


def _own(draft: Draft) -> dict[str, Any]:
    found: dict[str, Any] = {"kind": str(draft.kind), "point": draft.point}
    if draft.score is not None:
        found["score"] = plain_number(draft.score)
    if draft.difficulty:
        found["difficulty"] = draft.difficulty
    if draft.source:
        found["source"] = draft.source
    if draft.kind == Kind.FILL_IN and draft.key["blanks"][0].get("tolerance") and not _is_numeric(draft):
        found["tolerance"] = draft.key["blanks"][0]["tolerance"]
    if key := {name: draft.key[name] for name in ("reference", "rubric", "ordered") if name in draft.key}:
        found["key"] = key
    if body := {name: draft.body[name] for name in ("lines", "unit", "steps", "right") if name in draft.body}:
        found["body"] = body
    return found


def _question(draft: Draft, answers: str) -> str:
    feedback = f"####{escape(draft.explanation)}" if draft.explanation else ""
    braces = "{" + answers + feedback + "}"
    if draft.kind == Kind.FILL_IN:
        before, _, after = draft.stem.partition(BLANK)
        if after.strip():
            return f"[markdown]{escape(before)}{braces}{escape(after)}"
        # the gap stands at the end: Moodle draws its field there by itself
    return f"[markdown]{escape(draft.stem)}{braces}"


def _answers(draft: Draft) -> str | None:
    key, body = draft.key, draft.body
    if draft.kind == Kind.TRUE_FALSE:
        return "T" if key["right"] == ["对"] else "F"
    if draft.kind == Kind.SINGLE:
        return (
            "".join(_option(option, LETTERS[index] in key["right"]) for index, option in enumerate(body["options"]))
            + "\n"
        )
    if draft.kind == Kind.MULTIPLE:
        share = f"{100 / len(key['right']):.5f}".rstrip("0").rstrip(".")
        return (
            "".join(
                f"\n\t~%{share if LETTERS[index] in key['right'] else '-100'}%{escape(option)}"
                for index, option in enumerate(body["options"])
            )
            + "\n"
        )
    if draft.kind in {Kind.FILL_IN, Kind.MATCHING} and "->" in json.dumps([body, key]):
        return None  # the arrow parts the sides of a pair and cannot be escaped
    if draft.kind == Kind.FILL_IN and body["blanks"] == 1 and draft.stem.count(BLANK) == 1:
        if _is_numeric(draft):
            blank = key["blanks"][0]
            return f"#{blank['accepted'][0]}:{blank['tolerance']}"
        return "".join(f" ={escape(one)}" for one in key["blanks"][0]["accepted"]) + " "
    if draft.kind == Kind.SHORT_ANSWER:
        return ""
    if draft.kind == Kind.CALCULATION and "value" in key and not str(key.get("tolerance", "")).endswith("%"):
        return f"#{key['value']}" + (f":{key['tolerance']}" if key.get("tolerance") else "")
    if draft.kind == Kind.MATCHING and len(body["left"]) >= 2:
        lines = [
            f"\n\t={escape(left)} -> {escape(body['right'][index])}"
            for left, index in zip(body["left"], key["pairs"], strict=True)
        ]
        lines += [f"\n\t= -> {escape(one)}" for index, one in enumerate(body["right"]) if index not in key["pairs"]]
        return "".join(lines) + "\n"
    return None


def _is_numeric(draft: Draft) -> bool:
    blank = draft.key["blanks"][0]
    return (
        len(blank["accepted"]) == 1
        and number(blank["accepted"][0]) is not None
        and bool(blank.get("tolerance"))
        and not blank["tolerance"].endswith("%")
    )


def escape(text: str) -> str:
    """Text that is nothing but text in GIFT; lines of their own as ``\\n``."""
    return _SPECIAL.sub(r"\\\g<0>", text).replace("\n", "\\n")


def _option(option: str, right: bool) -> str:
    """An option; one that begins with ``%`` would read as one with a weight, so it gets one."""
    weight = f"%{100 if right else 0}%" if option.startswith("%") else ""
    return f"\n\t{'=' if right else '~'}{weight}{escape(option)}"
