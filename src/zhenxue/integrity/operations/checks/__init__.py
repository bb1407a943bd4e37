"""Presence checks: asked, answered, ended, made up, commanded."""

from zhenxue.integrity.operations.checks.asking import ask, begin_make_up, cancel, take_other
from zhenxue.integrity.operations.checks.commands import command
from zhenxue.integrity.operations.checks.judging import answer_task, apply_verdict, sweep, word

__all__ = [
    "answer_task",
    "apply_verdict",
    "ask",
    "begin_make_up",
    "cancel",
    "command",
    "sweep",
    "take_other",
    "word",
]
