"""Registration only."""

from django.apps import AppConfig


class PortalConfig(AppConfig):
    name = "zhenxue.portal"
    label = "portal"
