"""Dossiers: asked for, built by the worker, sealed in the log, taken, removed. Format: docs/reference/dossier.md."""

from zhenxue.evidence.operations.dossiers.building import build_dossier
from zhenxue.evidence.operations.dossiers.finishing import finish_dossier
from zhenxue.evidence.operations.dossiers.requesting import remove_old_dossiers, request_dossier, take_dossier

__all__ = ["build_dossier", "finish_dossier", "remove_old_dossiers", "request_dossier", "take_dossier"]
