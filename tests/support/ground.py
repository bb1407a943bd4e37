"""The test database with everything that every test finds in it: made once a run, copied for each further worker."""

import fcntl
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connections

#: The database on the run's PostgreSQL that others are copied from; nobody connects to it.
KEPT = "ground"


def make_once(folder: Path) -> None:
    """From now on this process gets its test database from the run's folder, or is the first and leaves it there."""
    connection = connections["default"]
    creation = connection.creation
    make, on_file, kept = creation.create_test_db, connection.vendor == "sqlite", folder / f"{KEPT}.sqlite3"
    made = folder / f"{KEPT}.made"

    def create_test_db(**options: Any) -> str:
        with alone(folder / f"{KEPT}.lock"):
            if not made.exists():
                name = make(**options)
                lay()
                if on_file:
                    with closing(sqlite3.connect(kept)) as copy:
                        connection.connection.backup(copy)
                else:
                    copy_on_server(name, KEPT)
                made.touch()
                return name
        name = creation._get_test_db_name()
        if on_file:
            shutil.copyfile(kept, name)
        else:
            copy_on_server(KEPT, name)
        settings.DATABASES[connection.alias]["NAME"] = connection.settings_dict["NAME"] = name
        connection.ensure_connection()
        return name

    def copy_on_server(source: str, target: str) -> None:
        connection.close()
        with creation._nodb_cursor() as cursor:
            cursor.execute(f"CREATE DATABASE {target} TEMPLATE {source}")

    creation.create_test_db = create_test_db  # type: ignore[method-assign,assignment]  # what Django calls for a test run


def lay() -> None:
    # Not above: models are loaded after the settings.
    from tests.factories.ground import lay_ground

    lay_ground()


@contextmanager
def alone(file: Path) -> Iterator[None]:
    """While nobody else of the run is here."""
    with file.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
