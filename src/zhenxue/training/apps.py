"""Registration only."""

from django.apps import AppConfig


class TrainingConfig(AppConfig):
    name = "zhenxue.training"
    label = "training"
