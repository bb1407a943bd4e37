"""The one command, ``zhenxue``: Django's management commands plus our own (serve, worker, sequencer, demo, verify …)."""

import os
import sys

from django.core.management import execute_from_command_line


def main() -> None:
    """Run a subcommand; ``zhenxue help`` lists them."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "zhenxue.config.settings")
    execute_from_command_line([sys.argv[0], *sys.argv[1:]])
