"""``zhenxue restore FOLDER``: put a backup back (docs/how-to/backup.md)."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from zhenxue.config import backups


class Command(BaseCommand):
    help = "Put back the backup in FOLDER. Stop the platform first; run `zhenxue verify` afterwards."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path)
        parser.add_argument("--overwrite", action="store_true", help="replace what this installation holds now")
        parser.add_argument("--plain", action="store_true", help="accept a backup that was made without a key")
        parser.add_argument(
            "--checkpoint",
            action="append",
            default=[],
            type=Path,
            help="a checkpoint that a witness or somebody else kept; a backup with fewer entries is refused",
        )
        parser.add_argument("--accept-loss", action="store_true", help="restore it although entries are lost")

    def handle(
        self, *args: Any, folder: Path, overwrite: bool, plain: bool, checkpoint: list[Path], **options: Any
    ) -> None:
        try:
            kept = [path.read_text() for path in checkpoint]
            told = backups.restore(
                folder=folder.resolve(),
                overwrite=overwrite,
                plain=plain,
                kept=kept,
                accept_loss=options["accept_loss"],
            )
        except (backups.BackupError, OSError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"Restored: {told.facts.size} entries in the log, {told.files} files, of {told.made_at}.")
        try:
            self.stdout.write(backups.check_restored())
        except backups.BackupError as error:
            raise CommandError(f"It is in its place, but does not fit. {error}") from error
        self.stdout.write("Check the log now: zhenxue verify")
