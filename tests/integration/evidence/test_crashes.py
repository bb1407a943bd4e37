"""Kill -9 anywhere between an act and its cosignature: nothing is lost, doubled or unverifiable afterwards.

Twenty kills here; ``CRASH_KILLS`` sets their number, ``python -m scripts.crash_harness`` does a thousand on
each database.
"""

import os
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connection

ROOT = Path(__file__).resolve().parents[3]
KILLS = os.environ.get("CRASH_KILLS", "20")


@pytest.fixture
def own_database(tmp_path: Path) -> Iterator[str]:
    """The address of an empty database beside the test's own."""
    if connection.vendor == "sqlite":
        yield f"sqlite:///{tmp_path / 'crashes.sqlite3'}"
        return
    given = connection.settings_dict
    name = f"crashes_{os.getpid()}"
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name}")
    yield f"postgres://{given['USER']}@{given['HOST']}:{given['PORT']}/{name}"
    with connection.cursor() as cursor:
        cursor.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.mark.django_db(transaction=True)
def test_whenever_it_is_killed_nothing_is_lost_doubled_or_unverifiable(own_database: str, tmp_path: Path) -> None:
    seed = str(random.randrange(10**6))
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "zhenxue.config.settings",
        "ZHENXUE_DATABASE_URL": own_database,
        "ZHENXUE_DATA_FOLDER": str(tmp_path),
        "PYTHONPATH": str(ROOT),
    }
    words = [sys.executable, "-W", "ignore", "-m", "tests.support.crashes", KILLS, seed]
    done = subprocess.run(words, env=environment, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, f"seed {seed}: {done.stdout}{done.stderr}"
    assert f"{KILLS}  = lives killed" in done.stdout
