"""``zhenxue demo``: make the demo city in an empty data folder, once."""

import secrets
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from zhenxue.config.demo.build import build
from zhenxue.config.demo.city import City
from zhenxue.identity import api as identity
from zhenxue.identity.data import OrganisationKind
from zhenxue.kernel import clock


class Command(BaseCommand):
    help = (
        "Make the demo city: organisations, a course with videos, a cohort in every state. Only in an empty database."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.PRODUCTION:
            raise CommandError("The demo is not for production.")
        done = settings.DATA_FOLDER / "demo-accounts.txt"
        begun = settings.DATA_FOLDER / "demo-begun"
        if done.exists():
            self.stdout.write(done.read_text())
            return
        if begun.exists():
            self.stdout.write("The demo was interrupted before; starting it over.")
            call_command("flush", interactive=False, verbosity=0)
            for command in ("load_regions", "load_occupations", "load_rules"):
                call_command(command)
        elif identity.list_organisations(kind=OrganisationKind.OPERATOR):
            raise CommandError("This database already holds data; the demo is only made in an empty one.")
        begun.touch()
        password = f"Zhenxue-{secrets.token_hex(3)}"
        city = build(password=password, now=clock.now(), say=lambda words: self.stdout.write(f"  {words}"))
        done.write_text(describe(city))
        done.chmod(0o600)
        begun.unlink()


def describe(city: City) -> str:
    """The accounts as the terminal shows them."""
    width = max(len(one.username) for one in city.shown) + 2
    lines = [f"  {one.username:<{width}}{one.role} · {one.where}" for one in city.shown]
    return f"演示账号（密码都是 {city.password}）：\n" + "\n".join(lines) + "\n"
