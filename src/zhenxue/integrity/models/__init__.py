"""Tables of ``integrity``, a file a concern."""

from zhenxue.integrity.models.checks import Check, Command
from zhenxue.integrity.models.faces import Capture, FaceJob, FaceTemplate
from zhenxue.integrity.models.incidents import Incident, Ruling, ScanMark, Signal, Statement

__all__ = [
    "Capture",
    "Check",
    "Command",
    "FaceJob",
    "FaceTemplate",
    "Incident",
    "Ruling",
    "ScanMark",
    "Signal",
    "Statement",
]
