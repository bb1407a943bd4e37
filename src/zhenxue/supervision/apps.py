"""Registration only."""

from django.apps import AppConfig


class SupervisionConfig(AppConfig):
    name = "zhenxue.supervision"
    label = "supervision"
