"""``zhenxue reseal``: the same as ``zhenxue keys reseal``."""

from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand


class Command(BaseCommand):
    help = "The same as `zhenxue keys reseal`: seal personal data again under the newest key of ZHENXUE_FIELD_KEYS."

    def handle(self, *args: Any, **options: Any) -> None:
        call_command("keys", "reseal", stdout=self.stdout)
