"""Registration only."""

from django.apps import AppConfig


class EvidenceConfig(AppConfig):
    name = "zhenxue.evidence"
    label = "evidence"
