"""Registration only."""

from django.apps import AppConfig


class SubsidyConfig(AppConfig):
    name = "zhenxue.subsidy"
    label = "subsidy"
