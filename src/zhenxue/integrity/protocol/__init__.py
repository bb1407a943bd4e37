"""Helpers of presence checks without tables: chance, puzzles, what is asked."""

from zhenxue.integrity.protocol.asking import TaskError, judge_puzzle, make_puzzle, make_question
from zhenxue.integrity.protocol.chance import Chance, commitment, new_nonce, new_seed
from zhenxue.integrity.protocol.puzzles import picture

__all__ = [
    "Chance",
    "TaskError",
    "commitment",
    "judge_puzzle",
    "make_puzzle",
    "make_question",
    "new_nonce",
    "new_seed",
    "picture",
]
