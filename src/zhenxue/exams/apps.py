"""Registration only."""

from django.apps import AppConfig


class ExamsConfig(AppConfig):
    name = "zhenxue.exams"
    label = "exams"
