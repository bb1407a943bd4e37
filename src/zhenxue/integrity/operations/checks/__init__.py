"""Presence checks: asked, answered, ended, made up, commanded."""

from zhenxue.integrity.operations.checks.asking import ask, begin_make_up, cancel, take_other
from zhenxue.integrity.operations.checks.commands import command
from zhenxue.integrity.operations.checks.judging import answer_task, apply_verdict, sweep, word
from zhenxue.integrity.operations.checks.patterns import on_signal_noted

__all__ = [
    "answer_task",
    "apply_verdict",
    "ask",
    "begin_make_up",
    "cancel",
    "command",
    "on_signal_noted",
    "sweep",
    "take_other",
    "word",
]
