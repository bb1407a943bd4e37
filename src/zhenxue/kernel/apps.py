"""Registration only."""

from django.apps import AppConfig


class KernelConfig(AppConfig):
    name = "zhenxue.kernel"
    label = "kernel"
