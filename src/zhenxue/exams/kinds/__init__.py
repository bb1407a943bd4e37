"""Kinds of questions: what each keeps, shows, accepts and earns. Pure: JSON in, JSON out.

A question has a ``body`` (what a learner may see) and a ``key`` (what only the server knows); an answer is ``given``.
All are JSON; numbers stand in them as texts. Whoever has key, answer and sheet can mark again and must get the same.
"""

from zhenxue.exams.data import Kind
from zhenxue.exams.kinds.arranged import ARRANGED_RULES
from zhenxue.exams.kinds.base import OnSheet, Rules
from zhenxue.exams.kinds.choices import CHOICE_RULES
from zhenxue.exams.kinds.composed import COMPOSED_RULES
from zhenxue.exams.kinds.written import WRITTEN_RULES, fill_places

_RULES: dict[Kind, Rules] = {**CHOICE_RULES, **WRITTEN_RULES, **ARRANGED_RULES, **COMPOSED_RULES}


def of(kind: str) -> Rules:
    """The rules of a kind. Raises ``KeyError`` for one that does not exist."""
    return _RULES[Kind(kind)]


#: Kinds that are judged at once, with nobody reading along: what practice asks.
JUDGED = tuple(kind for kind in Kind if not _RULES[kind].by_hand and kind not in {Kind.CASE, Kind.PRACTICAL})

__all__ = ["JUDGED", "OnSheet", "Rules", "fill_places", "of"]
