"""``zhenxue check-backup FOLDER``: is it whole; with ``--deep``: restored and verified apart."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from zhenxue.config import backups


class Command(BaseCommand):
    help = "Compare every part of the backup in FOLDER with its manifest; --deep restores it apart and verifies it."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path)
        parser.add_argument("--plain", action="store_true", help="accept a backup that was made without a key")
        parser.add_argument("--deep", action="store_true", help="restore it into a scratch place and verify it there")
        parser.add_argument("--scratch", default="", help="PostgreSQL: address of an empty database for --deep")
        parser.add_argument("--checkpoint", action="append", default=[], type=Path, help="a kept checkpoint (--deep)")

    def handle(
        self, *args: Any, folder: Path, plain: bool, deep: bool, scratch: str, checkpoint: list[Path], **options: Any
    ) -> None:
        try:
            told = backups.check(folder.resolve(), plain=plain)
            self.stdout.write(
                f"{told.name}: {told.database}, {told.facts.size} entries, {told.files} files, "
                f"{'encrypted, key ' + told.key if told.key else 'not encrypted'}. Every part is as it was made."
            )
            if deep:
                kept = [path.resolve() for path in checkpoint]
                for words in backups.check_deeply(folder=folder.resolve(), plain=plain, kept=kept, scratch=scratch):
                    self.stdout.write(words)
        except (backups.BackupError, OSError) as error:
            raise CommandError(str(error)) from error
