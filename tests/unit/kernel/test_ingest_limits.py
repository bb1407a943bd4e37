"""One client is bounded and others are not touched; a full disk says no before a beat is accepted."""

from pathlib import Path

from zhenxue.kernel.ingest import limits
from zhenxue.kernel.ingest.limits import Bucket, Limits


class Watch:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def test_a_burst_passes_then_the_steady_rate_and_nobody_else_is_touched() -> None:
    watch = Watch()
    gate = Limits(per_sign_in=5, clock=watch)
    assert sum(gate.allow("a" * 64, "1") for _ in range(100_000)) == 40
    assert gate.allow("b" * 64, "1")
    watch.now += 1.0
    assert sum(gate.allow("a" * 64, "1") for _ in range(100)) == 5
    watch.now += 60.0
    assert sum(gate.allow("a" * 64, "1") for _ in range(100)) == 40


def test_many_sign_ins_of_one_address_share_its_bound() -> None:
    watch = Watch()
    gate = Limits(per_sign_in=5, per_address=10, clock=watch)
    passed = sum(gate.allow(f"{number:064d}"[::-1], "9.9.9.9") for number in range(1_000))
    assert passed == 50
    assert gate.allow("x" * 64, "8.8.8.8")


def test_one_that_floods_does_not_use_up_what_its_address_has() -> None:
    gate = Limits(per_sign_in=5, per_address=10, clock=Watch())
    assert sum(gate.allow("a" * 64, "9.9.9.9") for _ in range(100_000)) == 40
    assert gate.allow("b" * 64, "9.9.9.9")


def test_no_bound_where_the_setting_is_zero() -> None:
    gate = Limits(per_sign_in=0, per_address=0)
    assert all(gate.allow("a", "1") for _ in range(1_000))


def test_memory_is_bounded_however_many_clients_come() -> None:
    bucket = Bucket(5, 40)
    for number in range(limits.REMEMBERED + 10):
        assert bucket.allow(str(number), 1_000.0)
    assert len(bucket) <= limits.REMEMBERED


def test_a_disk_without_room_is_seen_within_seconds_and_its_relief_too() -> None:
    watch, free = Watch(), [500]
    gate = Limits(folder=Path("/"), min_free=200, clock=watch, free_bytes=lambda folder: free[0])
    assert not gate.disk_is_full()
    free[0] = 100
    assert not gate.disk_is_full()
    watch.now += 2.0
    assert gate.disk_is_full()
    free[0] = 500
    watch.now += 2.0
    assert not gate.disk_is_full()
    assert not Limits().disk_is_full()


def test_a_disk_that_cannot_be_read_counts_as_full() -> None:
    def fails(folder: Path) -> int:
        raise OSError("no such device")

    assert Limits(folder=Path("/"), min_free=1, free_bytes=fails).disk_is_full()
