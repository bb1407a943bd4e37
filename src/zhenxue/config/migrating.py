"""How migrations are written and run: a new table is made at once with its constraints and indexes, and by itself.

Django's optimiser leaves them behind the last table of a migration, and each such step costs a new installation (and
every test run) the rendering of all models that hang together: half the time of ``migrate``.
"""

import gc
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.db.migrations import AddConstraint, AddField, AddIndex, CreateModel
from django.db.migrations.autodetector import MigrationAutodetector
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState


def fold(operations: Sequence[Operation]) -> list[Operation]:
    """Constraints and indexes inside the ``CreateModel`` of their table, unless a later field is in them."""
    later: dict[str, list[str]] = defaultdict(list)
    for one in operations:
        if isinstance(one, AddField):
            later[one.model_name_lower].append(one.name)
    made: dict[str, CreateModel] = {}
    left: list[Operation] = []
    for one in operations:
        if isinstance(one, CreateModel):
            made[one.name_lower] = one
        elif isinstance(one, (AddConstraint, AddIndex)) and one.model_name_lower in made:
            option, part = ("constraints", one.constraint) if isinstance(one, AddConstraint) else ("indexes", one.index)
            words = str(part.deconstruct())
            if not any(re.search(rf"\b{name}", words) for name in later[one.model_name_lower]):
                options = made[one.model_name_lower].options
                options[option] = [*options.get(option, []), part]
                continue
        left.append(one)
    return left


class Autodetector(MigrationAutodetector):
    """Django's, which then folds."""

    migrations: dict[str, list[Any]]

    def _optimize_migrations(self) -> None:
        super()._optimize_migrations()  # type: ignore[misc]  # a method of theirs, not in the stubs
        for migrations in self.migrations.values():
            for migration in migrations:
                migration.operations = fold(migration.operations)


@contextmanager
def rare_collection() -> Iterator[None]:
    """Models rendered a hundred times make many objects and few circles: looking for those took a third of the time."""
    before = gc.get_threshold()
    gc.set_threshold(50_000, 20, 50)
    try:
        yield
    finally:
        gc.set_threshold(*before)


@contextmanager
def new_models_alone() -> Iterator[None]:
    """A new table's model joins the rendered ones as a new class joins a program: nothing that stands changes by it.

    Django renders anew all models that hang together with it, for each of some hundred tables: that was three quarters
    of ``migrate``. Models that change are rendered with all others around them, as Django does.
    """
    before = ProjectState.reload_model

    def reload_model(state: ProjectState, app_label: str, model_name: str, delay: bool = False) -> None:
        if "apps" in state.__dict__ and not delay and model_name not in state.apps.all_models[app_label]:
            state.apps.render_multiple([state.models[app_label, model_name]])
        else:
            before(state, app_label, model_name, delay)

    ProjectState.reload_model = reload_model  # type: ignore[method-assign,assignment]  # for a while
    try:
        yield
    finally:
        ProjectState.reload_model = before  # type: ignore[method-assign]  # as it was
