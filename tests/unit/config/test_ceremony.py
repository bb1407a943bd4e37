"""The key ceremony: keys nobody has seen, a sheet that fits them, nothing overwritten; it needs no settings at all."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from zhenxue.config.keys import ceremony
from zhenxue.kernel.keys import fingerprint, name_of_bytes
from zhenxue.tlog.cosignatures import WitnessKey
from zhenxue.tlog.notes import Signer

ORIGIN = "log.training.city/first"


def run(*words: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    """As on a machine that has only the program."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ZHENXUE_", "DJANGO_"))}
    command = [sys.executable, "-m", "zhenxue.config.cli", "keys", "ceremony", *map(str, words)]
    environment = {**kept, "ZHENXUE_PRODUCTION": "1", "PYTHONPATH": str(Path("src").absolute())}
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)


def test_keys_are_made_without_settings_and_the_sheet_fits_them(tmp_path: Path) -> None:
    plan = run(cwd=tmp_path)
    assert "密钥生成仪式" in plan.stdout
    made = run("--make", "keys", "--origin", ORIGIN, cwd=tmp_path)
    assert (made.returncode, made.stderr) == (0, "")
    folder = tmp_path / "keys"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    secrets = {file.stem: file.read_text().strip() for file in folder.glob("*.key")}
    assert set(secrets) == {"log", "field", "index", "site", "backup"}
    assert len(set(secrets.values())) == 5
    assert all(stat.S_IMODE(file.stat().st_mode) == 0o400 for file in folder.glob("*.key"))
    vkey = str(Signer(ORIGIN, bytes.fromhex(secrets["log"])).verifier)
    for told in (vkey, name_of_bytes(vkey.encode()), fingerprint("index", secrets["index"]), "见证人 ____________"):
        assert told in made.stdout
    assert not any(secret.split(":")[-1] in made.stdout for secret in secrets.values())
    assert run("--check", "keys", cwd=tmp_path).stdout == made.stdout
    assert list(tmp_path.iterdir()) == [folder], "no data folder, no database"

    again = run("--make", "keys", "--origin", ORIGIN, cwd=tmp_path)
    assert (again.returncode, "已经存在" in again.stderr) == (2, True)
    assert secrets["log"] == (folder / "log.key").read_text().strip()


def test_the_bureaus_key_bears_the_form_of_a_witness(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert ceremony.main(["--make", str(tmp_path / "bureau"), "--witness", "witness.city/first"]) == 0
    signer = Signer("witness.city/first", bytes.fromhex((tmp_path / "bureau/witness.key").read_text().strip()))
    assert str(WitnessKey.of(signer)) in capsys.readouterr().out


@pytest.mark.parametrize(
    "words",
    [
        ["--make", "x"],
        ["--make", "x", "--origin", "a", "--witness", "b"],
        ["--make", "x", "--origin", "two words"],
        ["--check", "nowhere"],
    ],
)
def test_what_is_not_clear_makes_no_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert ceremony.main(words) == 2
    assert "未完成" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", ["", "zz", "ab" * 31, "ab" * 33])
def test_a_damaged_copy_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str) -> None:
    assert ceremony.main(["--make", str(tmp_path / "keys"), "--origin", ORIGIN]) == 0
    (tmp_path / "keys/field.key").chmod(0o600)
    (tmp_path / "keys/field.key").write_text(content)
    assert ceremony.main(["--check", str(tmp_path / "keys")]) == 2
    assert "field.key" in capsys.readouterr().err
