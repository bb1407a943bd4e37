"""Hashing and making of passwords."""

import threading
import time

import pytest

from zhenxue.identity import passwords


def test_the_hash_is_argon2id_with_the_small_set() -> None:
    hasher = passwords.Argon2Hasher()
    encoded = hasher.encode("Lianxi-2026-mima", hasher.salt())
    assert encoded.startswith("argon2$argon2id$v=19$m=19456,t=2,p=1$")
    assert hasher.verify("Lianxi-2026-mima", encoded)
    assert not hasher.verify("lianxi-2026-mima", encoded)
    assert not hasher.must_update(encoded)


def test_a_rush_waits_its_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    running, most = 0, 0
    lock = threading.Lock()

    def slow(self: object, password: str, salt: str) -> str:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.02)
        with lock:
            running -= 1
        return "x"

    monkeypatch.setattr(passwords.Argon2PasswordHasher, "encode", slow)
    threads = [threading.Thread(target=passwords.Argon2Hasher().encode, args=("a", "b")) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 2 <= most <= passwords.HASHES_AT_ONCE


def test_initial_passwords_are_readable_and_never_the_same() -> None:
    made = {passwords.initial_password() for _ in range(200)}
    assert len(made) == 200
    for one in made:
        assert len(one) == 14
        assert one.count("-") == 2
        assert not set("il1o0") & set(one)
