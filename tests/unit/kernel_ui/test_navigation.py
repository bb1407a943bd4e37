"""The registry of navigation entries and home blocks."""

from collections.abc import Iterator

import pytest

from zhenxue.kernel import navigation
from zhenxue.kernel.navigation import HomeBlock, Item


@pytest.fixture(autouse=True)
def empty_registry(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(navigation, "_items", {})
    monkeypatch.setattr(navigation, "_blocks", {})
    return


def test_a_role_sees_its_own_entries_in_order() -> None:
    navigation.register(Item("考试", "exams:list", "clipboard-check", {"learner"}, order=30))
    navigation.register(Item("学习", "study:home", "book", {"learner", "teacher"}, order=10))
    navigation.register(Item("账号", "identity:accounts", "users", {"operator_admin"}))
    assert [item.label for item in navigation.items_for("learner")] == ["学习", "考试"]
    assert [item.label for item in navigation.items_for("teacher")] == ["学习"]
    assert navigation.items_for(None) == []


def test_registering_twice_replaces() -> None:
    navigation.register(Item("学习", "study:home", "book", {"learner"}, order=10))
    navigation.register(Item("学习", "study:home", "book", {"teacher"}, order=10))
    assert navigation.items_for("learner") == []
    assert len(navigation.all_items()) == 1


def test_home_blocks_come_in_order_and_by_role() -> None:
    navigation.register_home(HomeBlock("b:second", {"teacher"}, order=20))
    navigation.register_home(HomeBlock("a:first", {"teacher"}, order=10))
    assert [block.url_name for block in navigation.blocks_for("teacher")] == ["a:first", "b:second"]
    assert navigation.blocks_for("learner") == []
