"""Production does not start with the demo's secrets, with debugging, or on SQLite without a word."""

import base64
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.fakes.key_service import make_program
from zhenxue.config import env
from zhenxue.kernel.keys import open_service

GOOD = {
    "ZHENXUE_PRODUCTION": "1",
    "ZHENXUE_SECRET_KEY": "3f9a1c7e5b2d8046" * 4,
    "ZHENXUE_FIELD_KEYS": "k1:" + "90ab12cd34ef5678" * 4,
    "ZHENXUE_BLIND_INDEX_KEY": "7c6b5a4938271605" * 4,
    "ZHENXUE_LOG_KEY": "e1d2c3b4a5968778" * 4,
    "ZHENXUE_LOG_ORIGIN": "log.training.city/first",
    "ZHENXUE_ALLOWED_HOSTS": "training.city",
    "ZHENXUE_PUBLIC_URL": "https://training.city",
    "ZHENXUE_DATABASE_URL": "postgres://zhenxue:secret@127.0.0.1:1/zhenxue",
}


#: The whole start, and the settings alone (the apps take a while to load).
START = "import django; django.setup(); print('started')"
SETTINGS = "from zhenxue.config import production as p; found = p.problems(); print(*found or ['started'], sep='\\n')"

SECRETS = "from django.conf import settings; assert settings.LOG_KEY; print('started')"


def start(folder: Path, code: str = SETTINGS, **changed: str) -> subprocess.CompletedProcess[str]:
    """Set Django up in production with these variables; an empty value takes the variable away."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ZHENXUE_")}
    given = {**GOOD, "ZHENXUE_DATA_FOLDER": str(folder), **changed}
    return subprocess.run(
        [sys.executable, "-c", code],
        env={**kept, "DJANGO_SETTINGS_MODULE": "zhenxue.config.settings", **{k: v for k, v in given.items() if v}},
        capture_output=True,
        text=True,
        check=False,
    )


def test_production_starts_when_everything_is_given_and_names_all_that_is_wrong_at_once(tmp_path: Path) -> None:
    assert start(tmp_path, START).stdout == "started\n"

    (tmp_path / "demo-accounts.txt").write_text("demo")
    refused = start(
        tmp_path,
        START,
        ZHENXUE_DEBUG="1",
        ZHENXUE_SECRET_KEY="short",
        ZHENXUE_BLIND_INDEX_KEY="0" * 64,
        ZHENXUE_LOG_ORIGIN="",
        ZHENXUE_ALLOWED_HOSTS="*",
        ZHENXUE_PUBLIC_URL="http://training.city",
        ZHENXUE_DATABASE_URL="",
    )
    assert refused.returncode != 0
    for word in (
        "ZHENXUE_DEBUG",
        "ZHENXUE_SECRET_KEY",
        "ZHENXUE_BLIND_INDEX_KEY",
        "ZHENXUE_LOG_ORIGIN",
        "ZHENXUE_ALLOWED_HOSTS",
        "ZHENXUE_PUBLIC_URL",
        "SQLite",
        "ZHENXUE_DATA_FOLDER",
    ):
        assert word in refused.stderr


@pytest.mark.parametrize("name", ["SECRET_KEY", "FIELD_KEYS", "BLIND_INDEX_KEY", "LOG_KEY"])
def test_production_never_makes_a_secret_and_refuses_the_demos(tmp_path: Path, name: str) -> None:
    missing = start(tmp_path, **{f"ZHENXUE_{name}": ""})
    assert missing.returncode != 0
    assert f"ZHENXUE_{name} must be set in production" in missing.stderr

    kept = tmp_path / "secrets"
    kept.mkdir()
    (kept / name.lower()).write_text(GOOD[f"ZHENXUE_{name}"])
    assert f"ZHENXUE_{name} is the demo's own secret" in start(tmp_path).stdout


def test_one_small_machine_may_say_that_it_wants_sqlite(tmp_path: Path) -> None:
    assert start(tmp_path, ZHENXUE_DATABASE_URL="", ZHENXUE_ALLOW_SQLITE="1").stdout == "started\n"


def test_the_demo_makes_its_secrets_once_and_keeps_them_to_itself(tmp_path: Path) -> None:
    demo = {**dict.fromkeys(GOOD, ""), "ZHENXUE_DATA_FOLDER": str(tmp_path)}
    assert start(tmp_path, SECRETS, **demo).stdout == "started\n"
    kept = {file.name: file.read_text() for file in (tmp_path / "secrets").iterdir()}
    assert len(set(kept.values())) == 4
    assert {oct(file.stat().st_mode & 0o777) for file in (tmp_path / "secrets").iterdir()} == {"0o400"}
    assert start(tmp_path, SECRETS, **demo).stdout == "started\n"
    assert kept == {file.name: file.read_text() for file in (tmp_path / "secrets").iterdir()}


def test_processes_that_start_at_once_agree_on_a_secret_and_never_see_half_of_it(tmp_path: Path) -> None:
    def read(_: int) -> str:
        return env.secret("OF_NOBODY", tmp_path, production=False)

    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(read, range(64)))
    assert [len(one) for one in found] == [64]
    assert [file.name for file in (tmp_path / "secrets").iterdir()] == ["of_nobody"]


def test_secrets_are_read_from_files_that_nobody_else_may_read(tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    folder.mkdir(mode=0o700)
    given = {}
    for name in ("SECRET_KEY", "BLIND_INDEX_KEY", "LOG_KEY", "FIELD_KEYS"):
        file = folder / name.lower()
        file.write_text(GOOD[f"ZHENXUE_{name}"])
        file.chmod(0o400)
        given[f"ZHENXUE_{name}"] = f"file:{file}"
    told = "from django.conf import settings as s; print(s.SECRET_KEY, s.FIELD_KEYS, s.BLIND_INDEX_KEY, s.LOG_KEY)"
    right = " ".join(GOOD[f"ZHENXUE_{name}"] for name in ("SECRET_KEY", "FIELD_KEYS", "BLIND_INDEX_KEY", "LOG_KEY"))
    assert start(tmp_path, told, **given).stdout == f"{right}\n"
    assert start(tmp_path, **given).stdout == "started\n"
    (folder / "log_key").chmod(0o444)
    refused = start(tmp_path, **given)
    assert "ZHENXUE_LOG_KEY" in refused.stderr
    assert "others may read or write it" in refused.stderr
    assert GOOD["ZHENXUE_LOG_KEY"] not in refused.stderr


def test_a_wrapped_secret_is_opened_by_the_key_service_and_without_it_nothing_starts(tmp_path: Path) -> None:
    seed = bytes(range(32))
    tmp_path.chmod(0o700)
    reference = make_program(tmp_path, seed)
    wrapped = open_service(reference).wrap(GOOD["ZHENXUE_SECRET_KEY"].encode())
    given = {"ZHENXUE_SECRET_KEY": f"wrapped:{base64.b64encode(wrapped).decode()}", "ZHENXUE_KEY_SERVICE": reference}
    told = "from django.conf import settings as s; print(s.SECRET_KEY)"
    assert start(tmp_path, told, **given).stdout == GOOD["ZHENXUE_SECRET_KEY"] + "\n"
    refused = start(tmp_path, told, **{**given, "ZHENXUE_KEY_SERVICE": ""})
    assert "ZHENXUE_SECRET_KEY: a wrapped: key needs ZHENXUE_KEY_SERVICE" in refused.stderr
    stays = start(tmp_path, ZHENXUE_LOG_KEY=reference)
    assert stays.stdout == "started\n", "a log key that stays in its service is no weak secret"
    assert "must be readable here" in start(tmp_path, told, ZHENXUE_SECRET_KEY=reference).stderr
