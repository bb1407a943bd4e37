"""``zhenxue reseal``: after a new key was put first in ``ZHENXUE_FIELD_KEYS``, seal everything under it."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from zhenxue.kernel import crypto, resealing


class Command(BaseCommand):
    help = "Seal personal data again under the newest key of ZHENXUE_FIELD_KEYS; afterwards older keys can be removed."

    def handle(self, *args: Any, **options: Any) -> None:
        total = 0
        try:
            for place, count in resealing.reseal_all():
                total += count
                if count:
                    self.stdout.write(f"{place}: {count}")
        except crypto.SealBroken as error:
            raise CommandError(
                f"A value of {error} does not open with the keys given; put its key back into ZHENXUE_FIELD_KEYS."
            ) from error
        self.stdout.write(f"{total} sealed again")
