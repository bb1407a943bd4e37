"""Key holders: where a key comes from, and everything that is refused when one cannot be sure."""

import base64
import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.key_service import TOKEN, Sandbox, make_program, serve
from zhenxue.kernel import keys
from zhenxue.kernel.keys import KeyRefused

SEED = bytes(range(32))
SECRET = "0123456789abcdef" * 4


@pytest.fixture
def secret_file(tmp_path: Path) -> Path:
    tmp_path.chmod(0o700)
    keys.write_secret(tmp_path / "one.key", SECRET)
    return tmp_path / "one.key"


@pytest.fixture(params=["http", "command"])
def service(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[keys.KeyService]:
    """The contract holds for both doors."""
    if request.param == "http":
        with serve(Sandbox(SEED)) as address:
            yield keys.open_service(address, token=TOKEN)
    else:
        yield keys.open_service(make_program(tmp_path, SEED))


def test_a_key_file_is_read_only_where_nobody_else_may_read_or_replace_it(secret_file: Path) -> None:
    assert keys.read_one(f"file:{secret_file}") == SECRET
    assert keys.read_list(f"new:file:{secret_file},old:abc") == f"new:{SECRET},old:abc"
    for mode in (0o440, 0o404, 0o620):
        secret_file.chmod(mode)
        with pytest.raises(KeyRefused, match="others may read or write"):
            keys.read_secret(secret_file)
    secret_file.chmod(0o400)
    secret_file.parent.chmod(0o777)
    with pytest.raises(KeyRefused, match="others may replace files"):
        keys.read_secret(secret_file)
    secret_file.parent.chmod(0o700)
    with pytest.raises(KeyRefused, match="exists already"):
        keys.write_secret(secret_file, "another")
    if os.geteuid() == 0:
        os.chown(secret_file, 12345, 12345)
        with pytest.raises(KeyRefused, match="belongs to another user"):
            keys.read_secret(secret_file)


@pytest.mark.parametrize("content", [b"", b"\n", b"one\ntwo\n", b"\xff\xfe", b"x" * 70_000])
def test_a_file_that_holds_no_key_is_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "bad.key"
    file.write_bytes(content)
    file.chmod(0o400)
    with pytest.raises(KeyRefused):
        keys.read_secret(file)
    for path in (tmp_path, tmp_path / "nothing", Path("relative.key")):
        with pytest.raises(KeyRefused):
            keys.read_secret(path)


@pytest.mark.parametrize(
    "text",
    ["command:/bin/true", "https://kms.example/x", "wrapped:AAAA", "file:", "bad id!:file:/x", "a:file:/nothing"],
)
def test_a_reference_that_gives_no_secret_is_refused(text: str) -> None:
    with pytest.raises(KeyRefused):
        keys.read_list(text)


def test_a_key_service_signs_wraps_and_unwraps(service: keys.KeyService) -> None:
    key = keys.ServiceKey(service)
    assert key.public == keys.SeedKey(SEED).public
    assert key.sign(b"message") == keys.SeedKey(SEED).sign(b"message")
    wrapped = service.wrap(SECRET.encode())
    assert SECRET.encode() not in wrapped
    assert keys.read_one(f"wrapped:{base64.b64encode(wrapped).decode()}", service) == SECRET
    with pytest.raises(KeyRefused):
        service.unwrap(wrapped[:-1])


def test_an_answer_that_is_not_certainly_right_is_refused() -> None:
    other = base64.b64encode(keys.SeedKey(bytes(32)).sign(b"message")).decode()
    sandbox = Sandbox(SEED)
    with serve(sandbox) as address:
        key = keys.ServiceKey(keys.open_service(address, token=TOKEN))
        for answer in (
            json.dumps({"signature": other}).encode(),
            json.dumps({"signature": "AAAA"}).encode(),
            json.dumps({"signature": "%"}).encode(),
            json.dumps({"signature": 5}).encode(),
            b"{}",
            b"[]",
            b"no json",
            b" " * 70_000,
            b"redirect",
        ):
            sandbox.broken["sign"] = answer
            with pytest.raises(KeyRefused):
                key.sign(b"message")
        del sandbox.broken["sign"]
        assert key.sign(b"message")
        with pytest.raises(KeyRefused, match="answered 401"):
            keys.ServiceKey(keys.open_service(address, token="wrong"))
        sandbox.broken["public"] = b'{"algorithm": "RSA", "public": "AAAA"}'
        with pytest.raises(KeyRefused, match="no Ed25519 key"):
            keys.ServiceKey(keys.open_service(address, token=TOKEN))
    with pytest.raises(KeyRefused, match="does not answer"):
        key.sign(b"message")


def test_a_program_that_fails_lingers_or_could_be_replaced_is_refused(tmp_path: Path) -> None:
    reference = make_program(tmp_path, SEED, before="echo 'slot locked' >&2; exit 3")
    with pytest.raises(KeyRefused, match=r"ended with 3 \(slot locked\)"):
        keys.open_service(reference).public()
    lingering = keys.CommandService(
        make_program(tmp_path, SEED, before="exec tail -f /dev/null").removeprefix("command:"), seconds=0.2
    )
    with pytest.raises(KeyRefused):
        lingering.public()
    (tmp_path / "sandbox-hsm").chmod(0o777)
    with pytest.raises(KeyRefused, match="others may change this program"):
        keys.open_service(reference).public()
    for wrong in ("command:relative", "command:", "command:'", "ftp://x", "http://kms.example/", "https://u:p@host/"):
        with pytest.raises(KeyRefused):
            keys.open_service(wrong)


def test_a_fingerprint_is_the_same_for_the_same_key_only() -> None:
    told = keys.fingerprint("field", SECRET)
    assert told == keys.fingerprint("field", SECRET)
    assert told not in {keys.fingerprint("index", SECRET), keys.fingerprint("field", SECRET[::-1])}
    assert [len(group) for group in told.split()] == [4] * 6
