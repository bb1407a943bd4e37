"""Key rotation: everything sealed under an older key or cipher is sealed again under the present one.

Sealed columns are found by themselves; an app that seals something else (files) registers how to do it again.
"""

from collections.abc import Callable, Iterator
from itertools import batched

from django.apps import apps
from django.db import models, transaction

from zhenxue.kernel import crypto
from zhenxue.kernel.fields import Sealed, SealedTextField

BATCH = 200

_others: dict[str, Callable[[], int]] = {}


def register(name: str, reseal: Callable[[], int]) -> None:
    """Announce sealed things outside the tables; ``reseal`` answers how many it sealed again."""
    _others[name] = reseal


def reseal_all() -> Iterator[tuple[str, int]]:
    """Seal again what needs it, small transactions at a time; pairs of place and how many.

    May run beside the platform, be stopped anywhere and run again: what is done already is passed over. Raises
    ``crypto.SealBroken`` at a value that does not open with the configured keys.
    """
    for model in apps.get_models():
        for field in model._meta.concrete_fields:
            if isinstance(field, SealedTextField):
                yield field.context, _reseal_column(model, field.name)
    for name, reseal in sorted(_others.items()):
        yield name, reseal()


def _reseal_column(model: type[models.Model], name: str) -> int:
    rows = model._base_manager.all()
    stale = [key for key, value in rows.values_list("pk", name).iterator(BATCH) if _is_stale(value)]
    for keys in batched(stale, BATCH):
        with transaction.atomic():
            held = rows.select_for_update().filter(pk__in=keys)
            for key, value in list(held.values_list("pk", name)):
                if _is_stale(value):
                    rows.filter(pk=key).update(**{name: str(value)})
    return len(stale)


def _is_stale(value: Sealed | str | None) -> bool:
    return isinstance(value, Sealed) and crypto.needs_resealing(value.text)
