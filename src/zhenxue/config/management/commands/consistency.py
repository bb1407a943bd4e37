"""``zhenxue consistency``: do database, tiles, keys and files of this installation belong together."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from zhenxue.config import backups


class Command(BaseCommand):
    help = "Compare database, tiles of the log, keys and files with each other; reads only."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--digests", action="store_true", help="also read every byte of every file")

    def handle(self, *args: Any, digests: bool, **options: Any) -> None:
        if faults := list(backups.consistency_faults(digests=digests)):
            raise CommandError("\n".join(faults))
        self.stdout.write("Database, tiles, keys and files fit.")
