"""The ground under every test: own data folder, known secrets, SQLite or PostgreSQL, a real server, a real browser.

``ZHENXUE_TEST_DATABASE=postgres`` runs the same tests on a private PostgreSQL. This file runs before Django is set up.
"""

import atexit
import gc
import itertools
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

WORKER = os.environ.get("PYTEST_XDIST_WORKER", "")
if not WORKER:
    os.environ["ZHENXUE_TEST_FOLDER"] = tempfile.mkdtemp(prefix="zhenxue-tests-")
RUN_FOLDER = Path(os.environ["ZHENXUE_TEST_FOLDER"])
DATA_FOLDER = RUN_FOLDER / (WORKER or "main")
NUMBERS = itertools.count()

KEPT = {f"ZHENXUE_TEST_{name}" for name in ("BROWSER", "DATABASE", "DATABASE_URL", "FOLDER", "SCREENSHOTS")}
for name in [name for name in os.environ if name.startswith("ZHENXUE_") and name not in KEPT]:
    del os.environ[name]
os.environ.update(
    {
        "DJANGO_SETTINGS_MODULE": "zhenxue.config.settings",
        "ZHENXUE_DATA_FOLDER": str(DATA_FOLDER),
        "ZHENXUE_SECRET_KEY": "test-only-" + "s" * 54,
        "ZHENXUE_FIELD_KEYS": "t1:" + "11" * 32,
        "ZHENXUE_BLIND_INDEX_KEY": "22" * 32,
        "ZHENXUE_LOG_KEY": "33" * 32,
        "ZHENXUE_LOG_LEVEL": "WARNING",
        "ZHENXUE_DATABASE_URL": f"sqlite:///{DATA_FOLDER / 'zhenxue.sqlite3'}",
    }
)
ON_POSTGRES = os.environ.get("ZHENXUE_TEST_DATABASE") == "postgres"
if ON_POSTGRES:
    from tests.support.postgres import Cluster

    if not WORKER:
        cluster = Cluster()
        cluster.start()
        atexit.register(cluster.stop)
        os.environ["ZHENXUE_TEST_DATABASE_URL"] = cluster.url
    os.environ["ZHENXUE_DATABASE_URL"] = os.environ["ZHENXUE_TEST_DATABASE_URL"]
if not WORKER:
    atexit.register(shutil.rmtree, RUN_FOLDER, ignore_errors=True)

import django  # noqa: E402 - the environment above comes first

django.setup()
# xdist's workers inherit this environment, and would load the settings before this file had made theirs.
del os.environ["DJANGO_SETTINGS_MODULE"]

import pytest  # noqa: E402 - after Django, so that every conftest below may import models
from django.conf import settings as django_settings  # noqa: E402 - see above
from django.core.cache import cache  # noqa: E402 - see above
from django.db import connections  # noqa: E402 - see above

from tests.support import ground, laid  # noqa: E402 - see above
from zhenxue.kernel.remembering import forget_all  # noqa: E402 - see above

pytest_plugins = ["tests.support.site", "tests.support.browser", "tests.support.guards"]
# Static files are found when they are asked for; WhiteNoise would list them all for each test client.
django_settings.WHITENOISE_AUTOREFRESH = True
django_settings.PASSWORD_HASHERS = ["tests.support.passwords.QuickHasher"]


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "browser: opens pages in a real browser (given to every test that does)")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks are there before ``-m`` looks for them."""
    for item in items:
        if "chromium" in getattr(item, "fixturenames", ()):
            item.add_marker("browser")


def pytest_sessionstart() -> None:
    """What the settings brought stays: nobody looks for circles in it, nor at the end."""
    gc.freeze()


def pytest_collection_finish() -> None:
    """A test leaves little: looking for circles less often costs nothing."""
    gc.set_threshold(50_000, 20, 50)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    laid.start()


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix: None) -> None:
    """One database a run, copied for each worker.

    On SQLite: a real file (threads and processes may share it), journal as in production, but no fsync.
    """
    if not ON_POSTGRES:
        database = connections["default"].settings_dict
        database["TEST"]["NAME"] = str(DATA_FOLDER / "test.sqlite3")
        database["OPTIONS"]["init_command"] = database["OPTIONS"]["init_command"].replace(
            "synchronous=FULL", "synchronous=OFF"
        )
    ground.make_once(RUN_FOLDER)


@pytest.fixture(autouse=True)
def own_files_folder() -> Iterator[Path]:
    """Every test has an empty files folder of its own, whatever the test itself patches and takes back."""
    folder = RUN_FOLDER / f"files-{WORKER}-{next(NUMBERS)}"
    folder.mkdir()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(django_settings, "FILES_FOLDER", folder)
        yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(autouse=True)
def clean_cache() -> Iterator[None]:
    """What one test put into the cache, or a process remembers by numbers of rows, the next does not find."""
    yield
    cache.clear()
    forget_all()
