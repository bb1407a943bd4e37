"""A new key for the blind index: every index is made again from its sealed value, while look-ups go on.

In between rows lie under two keys, so ``settings.BLIND_INDEX_KEY`` names both and look-ups ask for both
(``crypto.blind_indexes``). Nobody writes under the old key any more once it stands behind the new one.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db import models, transaction

from zhenxue.kernel import crypto
from zhenxue.kernel.fields import BlindIndexField, columns_of

BATCH = 500


@dataclass(frozen=True, slots=True)
class Step:
    """How far one place is: ``done`` indexes were made again after looking at ``seen`` of ``total`` rows."""

    place: str
    done: int
    seen: int
    total: int


def index_columns() -> list[tuple[type[models.Model], BlindIndexField]]:
    """Every blind index of every table."""
    return columns_of(BlindIndexField)


def reindex_all(batch: int = BATCH) -> Iterator[Step]:
    """Bring every index under the newest key, a small transaction at a time; a step after each.

    May run beside the platform, be stopped anywhere and run again. Raises ``crypto.SealBroken`` at a value that does
    not open.
    """
    for model, field in index_columns():
        rows = model._base_manager.order_by("pk")
        total, seen, done = rows.count(), 0, 0
        for keys in _pages(rows, batch):
            with transaction.atomic():
                held = rows.select_for_update().filter(pk__in=keys)
                for key, index, value in list(held.values_list("pk", field.name, field.of)):
                    plain = str(value or "")
                    right = field.index_of(plain)
                    if index != right and plain != crypto.LOST:
                        rows.filter(pk=key).update(**{field.name: right})
                        done += 1
            seen += len(keys)
            yield Step(place(field), done, seen, total)


def count_stale() -> dict[str, int]:
    """How many indexes are not what the newest key gives, by place; raises ``crypto.SealBroken`` like a reading."""
    found: dict[str, int] = {}
    for model, field in index_columns():
        rows = model._base_manager.order_by("pk")
        found[place(field)] = sum(
            index != field.index_of(str(value or "")) and str(value or "") != crypto.LOST
            for keys in _pages(rows, 10 * BATCH)
            for index, value in list(rows.filter(pk__in=keys).values_list(field.name, field.of))
        )
    return found


def place(field: BlindIndexField) -> str:
    """Table and column."""
    return f"{field.model._meta.db_table}.{field.column}"


def _pages(rows: "models.QuerySet[models.Model]", batch: int) -> Iterator[list[Any]]:
    """Primary keys in order, so many at a time; each page is asked for when the one before is done."""
    keys: list[Any] = list(rows.values_list("pk", flat=True)[:batch])
    while keys:
        yield keys
        keys = list(rows.filter(pk__gt=keys[-1]).values_list("pk", flat=True)[:batch])
