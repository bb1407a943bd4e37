"""Answers that are arranged: pairs, an order, places on a picture.

By kind ``body``, ``key`` and ``given``; indexes always mean the lists as the bank keeps them, however they were shown.

- matching: ``{"left": [...], "right": [... ≥ left]}``, ``{"pairs": [2, 0, 1]}`` (index into right per left),
  ``["2", "", "1"]``
- ordering: ``{"items": [...]}``, ``{"order": [1, 0, 2]}`` (items in their right order), ``["1", "0", "2"]``
- hotspot: ``{"asset", "width", "height"}``, ``{"areas": [{"shape", "coords"}]}``, ``["x,y", …]`` in its pixels
"""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from zhenxue.exams.data import Kind, Marked
from zhenxue.exams.kinds.base import AS_KEPT, Given, Json, Marking, OnSheet, Rules, earned, standing, texts
from zhenxue.exams.kinds.choices import letters

MOST_THINGS = 20
LONGEST_THING = 500
MOST_AREAS = 10
MOST_PLACES = 10
MOST_CORNERS = 30
SHAPES = {"rect": "矩形", "circle": "圆", "poly": "多边形"}
_PLACE = re.compile(r"(\d{1,5})(?:\.\d{1,6})?[,，](\d{1,5})(?:\.\d{1,6})?", re.ASCII)


def _check_things(things: Sequence[str], field: str, word: str, least: int) -> dict[str, str]:
    if not least <= len(things) <= MOST_THINGS:
        return {f"{field}s" if field == "item" else field: f"{word}请写 {least} 到 {MOST_THINGS} 个。"}
    wrong = {}
    for index, thing in enumerate(things):
        if not thing.strip() or len(thing) > LONGEST_THING:
            wrong[f"{field}-{index}"] = f"第 {index + 1} 个{word}不能为空，也不能超过 {LONGEST_THING} 个字。"
        elif thing in things[:index]:
            wrong[f"{field}-{index}"] = f"第 {index + 1} 个{word}与前面的重复，请修改。"
    return wrong


def _is_indexes(value: Any, count: int, below: int) -> bool:
    return (
        isinstance(value, list)
        and len(value) == count
        and all(isinstance(one, int) and not isinstance(one, bool) and 0 <= one < below for one in value)
        and len(set(value)) == count
    )


class Matching(Rules):
    kind = Kind.MATCHING
    shuffles = True

    def shown(self, body: Json) -> int:
        return len(body["right"])

    def check(self, body: Json, key: Json) -> dict[str, str]:
        left, right = texts(body.get("left")), texts(body.get("right"))
        wrong = _check_things(left, "left", "左边的项", 2) | _check_things(right, "right", "右边的项", 2)
        if not wrong and len(right) < len(left):
            wrong["right"] = "右边的项不能比左边少。"
        if not wrong and not _is_indexes(key.get("pairs"), len(left), len(right)):
            wrong["pairs"] = "请给左边每一项配上右边不同的一项。"
        return wrong

    def clean_given(self, body: Json, given: Sequence[Any]) -> Given | None:
        left, allowed = len(body["left"]), {str(at) for at in range(len(body["right"]))} | {""}
        if len(given) > left or any(str(one) not in allowed for one in given):
            return None
        chosen = [str(one) for one in given] + [""] * (left - len(given))
        return chosen if any(chosen) else []

    def mark(self, body: Json, key: Json, given: Sequence[Any], marking: Marking) -> Marked | None:
        good = sum(str(one) == str(pair) for one, pair in zip(given, key["pairs"], strict=False))
        return earned(good, len(key["pairs"]), marking)

    def view(self, body: Json, on: OnSheet = AS_KEPT) -> dict[str, Any]:
        """``right``: value, letter, text in the order shown; ``left``: number, text and the value chosen for it."""
        right = body["right"]
        places = standing(on.order, len(right))
        return {
            "right": [(str(at), letter, right[at]) for letter, at in zip(letters(len(right)), places, strict=True)],
            "left": [
                (number, text, on.given[number - 1] if number <= len(on.given) else "")
                for number, text in enumerate(body["left"], start=1)
            ],
        }

    def solution(self, body: Json, key: Json, values: Mapping[str, str] | None = None) -> list[str]:
        return [f"{left} → {body['right'][pair]}" for left, pair in zip(body["left"], key["pairs"], strict=True)]

    def said(self, body: Json, given: Sequence[Any]) -> list[str]:
        return [
            f"{left} → {body['right'][int(one)] if one else '（没有连）'}"
            for left, one in zip(body["left"], given, strict=False)
        ]


class Ordering(Rules):
    kind = Kind.ORDERING
    shuffles = True

    def shown(self, body: Json) -> int:
        return len(body["items"])

    def check(self, body: Json, key: Json) -> dict[str, str]:
        items = texts(body.get("items"))
        wrong = _check_things(items, "item", "要排序的项", 2)
        order = key.get("order") or []
        if not wrong and not _is_indexes(order, len(items), len(items)):
            wrong["order"] = "请写出每一项在正确顺序里的位置，不能重复。"
        elif not wrong and order == sorted(order):
            wrong["order"] = "题面里的顺序就是正确顺序，请打乱后再保存。"
        return wrong

    def clean_given(self, body: Json, given: Sequence[Any]) -> Given | None:
        if not given:
            return []
        chosen = [str(one) for one in given]
        return chosen if sorted(chosen) == sorted(str(at) for at in range(len(body["items"]))) else None

    def mark(self, body: Json, key: Json, given: Sequence[Any], marking: Marking) -> Marked | None:
        good = sum(str(one) == str(at) for one, at in zip(given, key["order"], strict=False))
        return earned(good, len(key["order"]), marking)

    def view(self, body: Json, on: OnSheet = AS_KEPT) -> dict[str, Any]:
        """``items``: value, text, in the order answered or else shown; ``touched``: whether it was answered."""
        items = body["items"]
        places = [int(one) for one in on.given] if on.given else standing(on.order, len(items))
        return {"items": [(str(at), items[at]) for at in places], "touched": bool(on.given)}

    def solution(self, body: Json, key: Json, values: Mapping[str, str] | None = None) -> list[str]:
        return [f"{number}. {body['items'][at]}" for number, at in enumerate(key["order"], start=1)]

    def said(self, body: Json, given: Sequence[Any]) -> list[str]:
        return [f"{number}. {body['items'][int(one)]}" for number, one in enumerate(given, start=1)]


class Hotspot(Rules):
    kind = Kind.HOTSPOT

    def check(self, body: Json, key: Json) -> dict[str, str]:
        width, height = body.get("width"), body.get("height")
        if not body.get("asset"):
            return {"asset": "请选择或上传一张图片。"}
        if not isinstance(width, int) or not isinstance(height, int) or not (0 < width <= 20_000 > height > 0):
            return {"asset": "图片的大小不清楚，请重新上传图片。"}
        areas = key.get("areas") or []
        if not 1 <= len(areas) <= MOST_AREAS:
            return {"areas": f"请画出 1 到 {MOST_AREAS} 个正确区域。"}
        wrong = {}
        for index, area in enumerate(areas):
            if problem := area_problem(area, width, height):
                wrong[f"coords-{index}"] = f"第 {index + 1} 个区域：{problem}"
        return wrong

    def clean_given(self, body: Json, given: Sequence[Any]) -> Given | None:
        places = []
        for one in given:
            found = _PLACE.fullmatch(str(one).strip())
            if found is None or int(found[1]) > body["width"] or int(found[2]) > body["height"]:
                return None
            places.append(f"{int(found[1])},{int(found[2])}")
        unique = list(dict.fromkeys(places))
        return unique if len(unique) <= MOST_PLACES else None

    def mark(self, body: Json, key: Json, given: Sequence[Any], marking: Marking) -> Marked | None:
        places = [tuple(map(int, str(one).split(","))) for one in given]
        inside = [{at for at, area in enumerate(key["areas"]) if is_inside(area, x, y)} for x, y in places]
        hit = set().union(*inside) if inside else set()
        stray = sum(not found for found in inside)
        return earned(len(hit) - stray, len(key["areas"]), marking)

    def view(self, body: Json, on: OnSheet = AS_KEPT) -> dict[str, Any]:
        """The picture (``asset``, ``width``, ``height``) and the ``places`` marked so far: text, x and y in pixels."""
        marked = [(str(one), *str(one).split(",")) for one in on.given]
        return {
            "asset": body["asset"],
            "width": body["width"],
            "height": body["height"],
            "places": marked,
            "most": MOST_PLACES,
        }

    def solution(self, body: Json, key: Json, values: Mapping[str, str] | None = None) -> list[str]:
        return [f"{SHAPES[area['shape']]}（{'，'.join(map(str, area['coords']))}）" for area in key["areas"]]

    def said(self, body: Json, given: Sequence[Any]) -> list[str]:
        return [f"标记 {number}：({one})" for number, one in enumerate(given, start=1)]


def area_problem(area: Json, width: int, height: int) -> str:
    """What is wrong with an area, in words."""
    shape, coords = area.get("shape"), area.get("coords")
    if shape not in SHAPES or not isinstance(coords, list) or not all(isinstance(one, int) for one in coords):
        return "请选择形状，坐标写整数，用逗号隔开。"
    counts = {"rect": len(coords) == 4, "circle": len(coords) == 3}
    if not counts.get(shape, 6 <= len(coords) <= MOST_CORNERS * 2 and len(coords) % 2 == 0):
        return {"rect": "矩形要 4 个数：左,上,右,下。", "circle": "圆要 3 个数：圆心x,圆心y,半径。"}.get(
            shape, f"多边形要 3 到 {MOST_CORNERS} 个点，每个点两个数。"
        )
    points = coords[:2] if shape == "circle" else coords
    if any(not 0 <= x <= width for x in points[::2]) or any(not 0 <= y <= height for y in points[1::2]):
        return f"坐标要在图片里（宽 {width}，高 {height}）。"
    if shape == "rect" and (coords[2] <= coords[0] or coords[3] <= coords[1]):
        return "矩形的右要大于左，下要大于上。"
    return "圆的半径要大于 0。" if shape == "circle" and coords[2] <= 0 else ""


def is_inside(area: Json, x: int, y: int) -> bool:
    """Whether a place lies in an area, its border included for rectangles and circles."""
    coords = area["coords"]
    if area["shape"] == "rect":
        left, top, right, bottom = coords
        return bool(left <= x <= right and top <= y <= bottom)
    if area["shape"] == "circle":
        return bool((x - coords[0]) ** 2 + (y - coords[1]) ** 2 <= coords[2] ** 2)
    corners = list(zip(coords[::2], coords[1::2], strict=True))
    inside = False
    for (x1, y1), (x2, y2) in zip(corners, corners[1:] + corners[:1], strict=True):
        if (y1 > y) != (y2 > y) and x < Decimal((x2 - x1) * (y - y1)) / (y2 - y1) + x1:
            inside = not inside
    return inside


ARRANGED_RULES: dict[Kind, Rules] = {
    Kind.MATCHING: Matching(),
    Kind.ORDERING: Ordering(),
    Kind.HOTSPOT: Hotspot(),
}
