"""Where apps announce their places: entries of the shell's navigation and blocks of the home page.

Apps call :func:`register` and :func:`register_home` from ``apps.ready()``; ``portal`` reads. The kernel knows no roles:
they are plain strings here (``Role`` of identity is a string enum, so its members fit).
"""

from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Item:
    """One entry of the navigation.

    ``roles`` sees it, ``order`` sorts it (low first), ``group`` is the heading it stands under in the left rail.
    ``also`` names further URL names that count as this place (a detail page under another path). A learner's bottom bar
    shows the first four of the learner's entries.
    """

    label: str
    url_name: str
    icon: str
    roles: frozenset[str] | set[str]
    order: int = 100
    group: str = ""
    also: tuple[str, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class HomeBlock:
    """One block of the home page, fetched by ``hx-get`` from its owner.

    ``wide`` lets it span the whole row; ``lines`` is how tall its skeleton stands while it loads.
    """

    url_name: str
    roles: frozenset[str] | set[str]
    order: int = 100
    wide: bool = False
    lines: int = 4


_items: dict[tuple[str, str], Item] = {}
_blocks: dict[str, HomeBlock] = {}


def register(item: Item) -> None:
    """Adds an entry; the same label and address a second time replaces the first."""
    _items[item.url_name, item.label] = item


def register_home(block: HomeBlock) -> None:
    """Adds a block of the home page; the same address a second time replaces the first."""
    _blocks[block.url_name] = block


def items_for(role: str | None) -> list[Item]:
    """The entries that a role sees, in order."""
    return _in_order(item for item in _items.values() if role is not None and role in item.roles)


def blocks_for(role: str | None) -> list[HomeBlock]:
    """The home blocks that a role sees, in order."""
    found = [block for block in _blocks.values() if role is not None and role in block.roles]
    return sorted(found, key=lambda block: (block.order, block.url_name))


def all_items() -> list[Item]:
    """Everything registered, for tests that walk the addresses."""
    return _in_order(_items.values())


def all_blocks() -> list[HomeBlock]:
    """Every home block, for tests that walk the addresses."""
    return sorted(_blocks.values(), key=lambda block: (block.order, block.url_name))


def _in_order(items: Iterable[Item]) -> list[Item]:
    return sorted(items, key=lambda item: (item.order, item.label))
