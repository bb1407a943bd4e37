"""``zhenxue backup FOLDER``: copy database, tiles and files, while the platform runs (docs/how-to/backup.md)."""

import shutil
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from zhenxue.config import backups
from zhenxue.kernel import clock


class Command(BaseCommand):
    help = "Write a backup into a new folder below FOLDER; may run while the platform is up."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path)
        parser.add_argument(
            "--keep", type=int, default=0, help="afterwards remove all but the newest so many; 0 keeps all"
        )

    def handle(self, *args: Any, folder: Path, keep: int, **options: Any) -> None:
        try:
            made = backups.back_up(target=folder.resolve(), now=clock.now())
            told = backups.check(made)
        except backups.BackupError as error:
            raise CommandError(str(error)) from error
        if keep:
            older = sorted(place.parent for place in folder.glob("*/manifest.json"))[:-keep]
            for place in older:
                shutil.rmtree(place)
        self.stdout.write(str(made))
        if told.facts.faults:
            faults = "\n".join(told.facts.faults)
            raise CommandError(f"The backup is whole, but the log contradicts itself; run zhenxue verify:\n{faults}")
