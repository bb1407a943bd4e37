"""The one command, ``zhenxue``: Django's management commands and our own (serve, worker, sequencer, demo, verify).

``zhenxue witness`` is the bureau's program, ``zhenxue sandbox`` plays the services outside: both run without Django and
without the platform's settings.
"""

import gc
import os
import sys

from zhenxue.config.keys import ceremony
from zhenxue.config.supervisor import die_with_parent


def main() -> None:
    """Run a subcommand; ``zhenxue help`` lists them."""
    die_with_parent()
    if sys.argv[1:3] == ["keys", "ceremony"]:
        sys.exit(ceremony.main(sys.argv[3:]))  # on a machine that has no settings, no database and no network
    if sys.argv[1:2] == ["witness"]:
        from zhenxue.witness.api import main as witness

        sys.exit(witness(sys.argv[2:]))
    if sys.argv[1:2] == ["sandbox"]:
        from zhenxue.sandbox.api import main as sandbox

        sys.exit(sandbox(sys.argv[2:]))
    load()
    from django.core.management import execute_from_command_line

    if sys.argv[1:2] == ["check-backup"]:
        sys.argv[1] = "check_backup"
    execute_from_command_line(["zhenxue", *sys.argv[1:]])


def load() -> None:
    """Settings and apps, for good: looking for garbage among them, here and at the end, took a third of a short
    command's time."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "zhenxue.config.settings")
    gc.disable()
    import django

    django.setup()
    gc.freeze()
    gc.enable()


if __name__ == "__main__":
    main()
