"""Every state machine is one table, complete, and drawn."""

import importlib
import inspect
from collections.abc import Iterator
from enum import Enum
from pathlib import Path

from django.apps import apps

from scripts.state_diagrams import PAGE, page, tables

#: Words that end in "State" and are no machines: a verdict is given once, and corrections are new entries.
VERDICTS = {"ProofState", "SpanState", "AttendanceState"}


def state_enums() -> Iterator[type[Enum]]:
    for source in sorted(Path("src/zhenxue").glob("*/data*")):
        if source.name in {"data.py", "data"}:
            module = importlib.import_module(f"zhenxue.{source.parent.name}.data")
            for _, kind in inspect.getmembers(module, inspect.isclass):
                if (
                    issubclass(kind, Enum)
                    and kind.__name__.endswith("State")
                    and kind.__module__.startswith(module.__name__)
                ):
                    yield kind


def test_the_diagrams_are_fresh() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run `make diagrams`"


def test_every_table_speaks_of_every_state() -> None:
    faults = []
    for app, name, table in tables():
        kind = type(next(iter(table)))
        faults += [f"{app}.{name}: {member.name}" for member in kind if member not in table]
        faults += [f"{app}.{name}: {start.name} leads to itself" for start, ends in table.items() if start in ends]
    assert not faults, "\n".join(faults)


def test_every_state_but_the_first_can_be_reached() -> None:
    faults = []
    for app, name, table in tables():
        first = next(iter(table))
        reached = {first}
        while found := {end for start in reached for end in table.get(start, ())} - reached:
            reached |= found
        faults += [f"{app}.{name}: {member.name}" for member in type(first) if member not in reached]
    assert not faults, "\n".join(faults)


def test_every_kind_of_state_has_its_table() -> None:
    drawn = {type(next(iter(table))) for _, _, table in tables()}
    faults = [
        f"{kind.__module__}.{kind.__name__}"
        for kind in state_enums()
        if kind not in drawn and kind.__name__ not in VERDICTS
    ]
    assert not faults, "\n".join(faults)


def test_a_column_called_state_holds_one_of_those_kinds() -> None:
    known = [[(member.value, getattr(member, "label", "")) for member in kind] for kind in state_enums()]
    faults = [
        model._meta.label
        for model in apps.get_models()
        if model.__module__.startswith("zhenxue.")
        for field in model._meta.local_fields
        if field.name == "state" and [tuple(choice) for choice in field.choices or []] not in known
    ]
    assert not faults, faults
