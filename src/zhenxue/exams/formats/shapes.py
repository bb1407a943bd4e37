"""Bodies and keys that keep their answer from showing: both sides of a pair, things in order. Pure."""

import hashlib
from collections.abc import Sequence
from typing import Any


class Trouble(Exception):
    """What is wrong with an item, in words."""


def arranged(items: Sequence[str], *, avoid: Sequence[str] | None = None) -> list[str]:
    """The same things in an order that tells nothing, always the same one; never the order ``avoid``."""
    order = sorted(items, key=lambda one: hashlib.sha256(one.encode()).digest())
    avoid = list(items) if avoid is None else list(avoid)
    return [*order[1:], order[0]] if order == avoid and len(order) > 1 else order


def match_shape(pairs: Sequence[tuple[str, str]], spare: Sequence[str] = ()) -> tuple[dict[str, Any], dict[str, Any]]:
    """Body and key of a matching question from its right pairs and the right sides that match nothing."""
    rights = [right for _, right in pairs]
    if len(set(rights)) < len(rights):
        raise Trouble("连线题有两个左边对着同一个右边，现在只能一对一；请改成几道题")
    right = arranged([*rights, *(one for one in dict.fromkeys(spare) if one not in rights)])
    return {"left": [left for left, _ in pairs], "right": right}, {"pairs": [right.index(one) for one in rights]}


def order_shape(right: Sequence[str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Body and key of an ordering question from its things in the right order."""
    if len(set(right)) < len(right):
        raise Trouble("排序题有两项内容相同，请改得能区分")
    items = arranged(right)
    return {"items": items}, {"order": [items.index(one) for one in right]}
