"""``zhenxue makemigrations``: Django's, with tables made at once (``config.migrating``)."""

from django.core.management.commands.makemigrations import Command as DjangoCommand

from zhenxue.config.migrating import Autodetector


class Command(DjangoCommand):
    autodetector = Autodetector
