"""Registration only: the commands of the house, and the refusal to start an unsafe production."""

from datetime import datetime

from django.apps import AppConfig
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command

from zhenxue.config import production
from zhenxue.kernel import periodic


class ConfigConfig(AppConfig):
    name = "zhenxue.config"
    label = "config"

    def ready(self) -> None:
        if settings.PRODUCTION and (problems := production.problems()):
            raise ImproperlyConfigured("Production does not start:\n" + "\n".join(f"- {line}" for line in problems))
        periodic.register(periodic.Job("config.prune_tasks", 24 * 3600, _prune_tasks))


def _prune_tasks(now: datetime) -> None:
    """Forget finished background tasks after two weeks, failed ones after three months."""
    call_command("prune_db_task_results", queue_name="*", min_age_days=14, failed_min_age_days=90, verbosity=0)
