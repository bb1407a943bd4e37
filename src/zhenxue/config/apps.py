"""Registration only: the commands of the house, and the refusal to start an unsafe production."""

from django.apps import AppConfig
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from zhenxue.config import production


class ConfigConfig(AppConfig):
    name = "zhenxue.config"
    label = "config"

    def ready(self) -> None:
        if settings.PRODUCTION and (problems := production.problems()):
            raise ImproperlyConfigured("Production does not start:\n" + "\n".join(f"- {line}" for line in problems))
