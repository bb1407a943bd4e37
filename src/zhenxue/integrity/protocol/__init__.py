"""Helpers of presence checks without tables: chance, puzzles, what is asked."""

from zhenxue.integrity.protocol.answers import answer_text
from zhenxue.integrity.protocol.asking import TaskError, judge_puzzle, make_puzzle, make_question
from zhenxue.integrity.protocol.cameras import camera_claims, camera_words, is_another, looks_virtual
from zhenxue.integrity.protocol.chance import Chance, commitment, new_nonce, new_seed
from zhenxue.integrity.protocol.puzzles import picture
from zhenxue.integrity.protocol.verdicts import for_log, found_words

__all__ = [
    "Chance",
    "TaskError",
    "answer_text",
    "camera_claims",
    "camera_words",
    "commitment",
    "for_log",
    "found_words",
    "is_another",
    "judge_puzzle",
    "looks_virtual",
    "make_puzzle",
    "make_question",
    "new_nonce",
    "new_seed",
    "picture",
]
