"""Tables of ``integrity``, a file a concern."""

from zhenxue.integrity.models.checks import Check, Command
from zhenxue.integrity.models.faces import Capture, EngineState, FaceJob, FaceTemplate, PendingFace
from zhenxue.integrity.models.incidents import Incident, Ruling, ScanMark, Signal, Statement

__all__ = [
    "Capture",
    "Check",
    "Command",
    "EngineState",
    "FaceJob",
    "FaceTemplate",
    "Incident",
    "PendingFace",
    "Ruling",
    "ScanMark",
    "Signal",
    "Statement",
]
