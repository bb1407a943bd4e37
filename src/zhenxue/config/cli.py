"""The one command, ``zhenxue``: Django's management commands and our own (serve, worker, sequencer, demo, verify)."""

import os
import sys

from django.core.management import execute_from_command_line

from zhenxue.config.supervisor import die_with_parent


def main() -> None:
    """Run a subcommand; ``zhenxue help`` lists them."""
    die_with_parent()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "zhenxue.config.settings")
    execute_from_command_line(["zhenxue", *sys.argv[1:]])


if __name__ == "__main__":
    main()
