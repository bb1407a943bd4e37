"""``zhenxue prepare``: everything between an empty folder and a platform that can be served; harmless to run again."""

from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from zhenxue.kernel import resealing

REFERENCE_COMMANDS = ("load_regions", "load_occupations", "load_rules")


class Command(BaseCommand):
    help = "Bring tables and reference data up to date; with --demo also make the demo city where there is none."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--demo", action="store_true", help="make the demo city (once a data folder)")

    def handle(self, *args: Any, demo: bool, **options: Any) -> None:
        call_command("migrate", verbosity=0, interactive=False)
        if missing := resealing.needed_but_missing():
            raise CommandError("请先把旧密钥放回 ZHENXUE_FIELD_KEYS：" + "；".join(missing))
        for command in REFERENCE_COMMANDS:
            call_command(command, stdout=self.stdout)
        if demo and not (settings.DATA_FOLDER / "demo-accounts.txt").exists():
            self.stdout.write("Making the demo city (once; a minute or two) ...")
            call_command("demo", stdout=self.stdout)
