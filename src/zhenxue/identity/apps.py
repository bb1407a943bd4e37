"""Registration only."""

from django.apps import AppConfig


class IdentityConfig(AppConfig):
    name = "zhenxue.identity"
    label = "identity"
