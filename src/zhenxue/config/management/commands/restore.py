"""``zhenxue restore FOLDER``: put a backup back."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from zhenxue.config import backups


class Command(BaseCommand):
    help = "Put back the backup in FOLDER. Stop the platform first; run `zhenxue verify` afterwards."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path)
        parser.add_argument("--overwrite", action="store_true", help="replace what this installation holds now")

    def handle(self, *args: Any, folder: Path, overwrite: bool, **options: Any) -> None:
        try:
            backups.restore(folder=folder.resolve(), overwrite=overwrite)
        except backups.BackupError as error:
            raise CommandError(str(error)) from error
        self.stdout.write("Restored. Check the log now: zhenxue verify")
