"""``zhenxue prepare``: everything between an empty folder and a platform that can be served; harmless to run again."""

import hashlib
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandParser

import zhenxue

REFERENCE_COMMANDS = ("load_regions", "load_occupations", "load_rules")


class Command(BaseCommand):
    help = "Bring tables and reference data up to date; with --demo also make the demo city where there is none."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--demo", action="store_true", help="make the demo city (once a data folder)")

    def handle(self, *args: Any, demo: bool, **options: Any) -> None:
        call_command("migrate", verbosity=0, interactive=False)
        self.load_reference_data()
        if demo and not (settings.DATA_FOLDER / "demo-accounts.txt").exists():
            self.stdout.write("Making the demo city (once; a minute or two) ...")
            call_command("demo")

    def load_reference_data(self) -> None:
        """Load regions, occupations and rules when the files that ship with the program changed since last time."""
        shipped = reference_digest()
        loaded = settings.DATA_FOLDER / "reference-data.sha256"
        database = str(settings.DATABASES["default"]["NAME"])
        if loaded.exists() and loaded.read_text() == f"{shipped} {database}":
            return
        self.stdout.write("Loading reference data ...")
        for command in REFERENCE_COMMANDS:
            call_command(command)
        loaded.write_text(f"{shipped} {database}")


def reference_digest() -> str:
    """SHA-256 over the data files that ship with the apps."""
    digest = hashlib.sha256()
    for file in sorted(Path(zhenxue.__file__).parent.glob("*/data_files/*")):
        digest.update(file.name.encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()
