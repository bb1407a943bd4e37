"""``zhenxue migrate``: Django's, in less time (``config.migrating``)."""

from typing import Any

from django.core.management.commands.migrate import Command as DjangoCommand

from zhenxue.config.migrating import Autodetector, new_models_alone, rare_collection


class Command(DjangoCommand):
    autodetector = Autodetector

    def handle(self, *args: Any, **options: Any) -> None:
        with rare_collection(), new_models_alone():
            super().handle(*args, **options)
