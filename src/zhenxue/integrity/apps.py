"""Registration only; a function a concern."""

from django.apps import AppConfig


class IntegrityConfig(AppConfig):
    name = "zhenxue.integrity"
    label = "integrity"

    def ready(self) -> None:
        _faces()
        _checks()
        _incidents()


def _faces() -> None:
    """Evidence kinds, jobs, files and sealed columns of faces."""


def _checks() -> None:
    """Evidence kinds, jobs and places of presence checks."""


def _incidents() -> None:
    """Evidence kinds, jobs and places of signals, incidents and appeals."""
