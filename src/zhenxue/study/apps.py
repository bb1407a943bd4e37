"""Registration only."""

from django.apps import AppConfig


class StudyConfig(AppConfig):
    name = "zhenxue.study"
    label = "study"
