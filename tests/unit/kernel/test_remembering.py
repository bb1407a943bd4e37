"""What is asked once: within a request, and of things that never change."""

from django.test import RequestFactory

from zhenxue.kernel.remembering import Remembered, forget_all, once


def test_a_request_asks_once_and_the_next_request_asks_again(rf: RequestFactory) -> None:
    asked: list[str] = []

    def make() -> list[str]:
        asked.append("asked")
        return asked

    first, second = rf.get("/"), rf.get("/")
    assert once(first, "a", make) is once(first, "a", make)
    assert len(asked) == 1
    once(first, "b", make)
    once(second, "a", make)
    assert len(asked) == 3


def test_what_never_changes_is_read_once_together_and_the_oldest_gives_way() -> None:
    read: list[list[int]] = []

    def squares(keys: list[int]) -> dict[int, int]:
        read.append(keys)
        return {key: key * key for key in keys}

    kept: Remembered[int, int] = Remembered(3)
    assert kept.many([1, 2, 2], squares) == {1: 1, 2: 4}
    assert kept.many([2, 3, 1], squares) == {1: 1, 2: 4, 3: 9}
    assert kept.many([4, 3, 1], squares) == {1: 1, 3: 9, 4: 16}
    assert read == [[1, 2], [3], [4]]
    kept.many([2], squares)
    assert read[-1] == [2]  # it was asked for least lately
    forget_all()
    assert kept.many([], squares) == {}
    kept.many([4], squares)
    assert read[-1] == [4]
