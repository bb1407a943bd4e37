"""Key rotation: everything sealed under an older key or cipher is sealed again under the present one.

Sealed columns are found by themselves; an app that seals something else (files) registers how to do it again, and how
to count what lies under which key.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import batched

from django.db import models, transaction
from django.db.models.functions import Cast, Substr

from zhenxue.kernel import crypto
from zhenxue.kernel.fields import BlindIndexField, Sealed, SealedTextField, columns_of

BATCH = 200
#: Length of the longest ``v1.<cipher>.<key id>.`` that is looked at.
HEAD = 80

_others: dict[str, "Elsewhere"] = {}


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Sealed things outside the tables; how many: ``reseal`` sealed again, ``give_up`` threw away under a lost key."""

    reseal: Callable[[], int]
    heads: Callable[[], Iterator[str]]
    give_up: Callable[[str], int]


@dataclass(frozen=True, slots=True)
class Step:
    """How far one place is: ``done`` values of ``total`` are sealed again, in this run."""

    place: str
    done: int
    total: int


def register(
    name: str, reseal: Callable[[], int], heads: Callable[[], Iterator[str]], give_up: Callable[[str], int]
) -> None:
    """Announce sealed things outside the tables; ``heads`` gives at least the first ``HEAD`` characters of each."""
    _others[name] = Elsewhere(reseal, heads, give_up)


def sealed_columns() -> list[tuple[type[models.Model], SealedTextField]]:
    """Every sealed column of every table, in the order of the models."""
    return columns_of(SealedTextField)


def reseal_all(batch: int = BATCH) -> Iterator[Step]:
    """Seal again what needs it, a small transaction at a time; a step after each.

    May run beside the platform, be stopped anywhere and run again: what is done already is not even read. Raises
    ``crypto.SealBroken`` at a value that does not open with the configured keys; what came before stays done.
    """
    for model, field in sealed_columns():
        yield from _reseal_column(model, field, batch)
    for name, other in sorted(_others.items()):
        count = other.reseal()
        if count:
            yield Step(name, count, count)


def count_keys() -> dict[str, Counter[str]]:
    """How many values lie under each key id, by place; empty values do not count."""
    found: dict[str, Counter[str]] = {}
    for model, field in sealed_columns():
        counts: Counter[str] = Counter()
        for head in _heads(model, field).iterator(10_000):
            counts[crypto.key_id_of(head)] += 1
        found[field.context] = counts
    for name, other in sorted(_others.items()):
        found[name] = Counter(crypto.key_id_of(head) for head in other.heads())
    return found


def needed_but_missing() -> list[str]:
    """A sentence for each place that holds a value whose key is not configured; the tables only, quick."""
    found = []
    for model, field in sealed_columns():
        known = models.Q()
        for cipher in crypto.CIPHERS:
            for key_id in crypto.field_key_ids():
                prefix = f"v1.{cipher}.{key_id}."
                known |= models.Q(**{f"head{len(prefix)}": prefix})
        rows = _filled(model, field)
        lengths = {len(f"v1.{cipher}.{key_id}.") for cipher in crypto.CIPHERS for key_id in crypto.field_key_ids()}
        heads = {f"head{length}": Substr(Cast(field.name, models.TextField()), 1, length) for length in lengths}
        heads["first"] = Substr(Cast(field.name, models.TextField()), 1, HEAD)
        lost = rows.annotate(**heads).exclude(known)
        first = lost.values_list("first", flat=True).first()
        if first is not None:
            found.append(f"{field.context}: {lost.count()} values need the key {crypto.key_id_of(str(first))!r}")
    return found


def give_up(key_id: str, batch: int = BATCH) -> Iterator[Step]:
    """Take out every value whose key is lost for good: empty where that may be, else ``crypto.LOST``.

    The last resort, for a key of which no copy is left. The blind index of what may not be empty stays, so people are
    still found by their citizen number.
    Raises ``ValueError`` for a key that is configured: what can be opened is not thrown away.
    """
    if key_id in crypto.field_key_ids():
        raise ValueError(key_id)
    for model, field in sealed_columns():
        heads = _heads(model, field).order_by("pk").values_list("pk", "head")
        keys = [key for key, head in heads if crypto.key_id_of(head) == key_id]
        fresh = {field.name: "" if field.blank else crypto.LOST}
        if field.blank:
            fresh |= {own.name: "" for own in _indexes_of(model, field)}
        done = 0
        for some in batched(keys, batch, strict=False):
            done += model._base_manager.filter(pk__in=some).update(**fresh)
            yield Step(field.context, done, len(keys))
    for name, other in sorted(_others.items()):
        if count := other.give_up(key_id):
            yield Step(name, count, count)


def _indexes_of(model: type[models.Model], field: SealedTextField) -> list[BlindIndexField]:
    return [own for own in model._meta.concrete_fields if isinstance(own, BlindIndexField) and own.of == field.name]


def _reseal_column(model: type[models.Model], field: SealedTextField, batch: int) -> Iterator[Step]:
    rows = model._base_manager.order_by("pk")
    total = _stale(model, field).count()
    done, last = 0, None
    while total:
        waiting = _stale(model, field)
        if last is not None:
            waiting = waiting.filter(pk__gt=last)
        keys = list(waiting.order_by("pk").values_list("pk", flat=True)[:batch])
        if not keys:
            return
        with transaction.atomic():
            held = rows.select_for_update().filter(pk__in=keys)
            for key, value in list(held.values_list("pk", field.name)):
                if isinstance(value, Sealed) and crypto.needs_resealing(value.text):
                    rows.filter(pk=key).update(**{field.name: str(value)})
                    done += 1
        last = keys[-1]
        yield Step(field.context, done, total)


def _stale(model: type[models.Model], field: SealedTextField) -> "models.QuerySet[models.Model]":
    """Rows whose value does not begin as one of today does; the database looks at the beginning only."""
    prefix = crypto.present_prefix()
    head = Substr(Cast(field.name, models.TextField()), 1, len(prefix))
    stale: models.QuerySet[models.Model] = _filled(model, field).annotate(head=head).exclude(head=prefix)
    return stale


def _heads(model: type[models.Model], field: SealedTextField) -> "models.QuerySet[models.Model, str]":
    head = Substr(Cast(field.name, models.TextField()), 1, HEAD)
    heads: models.QuerySet[models.Model, str] = _filled(model, field).annotate(head=head).values_list("head", flat=True)
    return heads


def _filled(model: type[models.Model], field: SealedTextField) -> "models.QuerySet[models.Model]":
    return (
        model._base_manager.annotate(raw=Cast(field.name, models.TextField()))
        .filter(raw__isnull=False)
        .exclude(raw="")
        .order_by()
    )
