"""What a question or a puzzle asks, as it is kept with the check: with the answer, which no page ever gets."""

from collections.abc import Sequence
from typing import Any

from zhenxue.integrity.protocol import puzzles
from zhenxue.integrity.protocol.chance import Chance

LETTERS = "ABCDEFGH"
MOST_TILT = 8


class TaskError(ValueError):
    """A question that cannot be asked: an answer without its option."""


def make_question(
    chance: Chance,
    label: str,
    *,
    source: str,
    number: int,
    kind: str,
    stem: str,
    options: Sequence[str],
    answer: Sequence[str],
) -> dict[str, Any]:
    """A question with its options in an order of chance; ``source`` and ``number`` say where it comes from.

    Questions without options (true or false) stay as they are. Raises ``TaskError`` where the answer names no option.
    """
    shown, right = list(options), list(answer)
    if options:
        try:
            places = [LETTERS.index(letter) for letter in answer]
            order = chance.order(range(len(options)), f"{label}|options")
            shown = [options[place] for place in order]
            right = sorted(LETTERS[order.index(place)] for place in places)
        except ValueError as error:
            raise TaskError(f"{source} {number}") from error
    return {"source": source, "id": number, "kind": kind, "stem": stem, "options": shown, "answer": right}


def make_puzzle(chance: Chance, label: str) -> dict[str, Any]:
    """A puzzle in both variants."""
    cells, place = puzzles.draw_digits(chance, label)
    words, odd = puzzles.draw_words(chance, label)
    tilts = [chance.below(2 * MOST_TILT + 1, f"{label}|tilt|{at}") - MOST_TILT for at in range(len(cells))]
    return {"cells": cells, "tilts": tilts, "wanted": cells[place - 1], "place": place, "words": words, "odd": odd}


def judge_puzzle(puzzle: dict[str, Any], variant: str, given: Sequence[str]) -> bool:
    """Whether the one place that was given is right: ``picture`` (the default) or ``words``."""
    right = puzzle["odd"] if variant == "words" else puzzle["place"]
    return list(given) == [str(right)]
