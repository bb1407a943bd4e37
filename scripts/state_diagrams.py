"""Writes docs/reference/states.md: one diagram for every state machine, read from the tables in each app's ``data``.

``--check`` writes nothing and fails when the page is not what the tables say.
"""

import importlib
import sys
from collections.abc import Iterator, Mapping
from enum import Enum

from scripts.generated import ROOT, write_or_check

PAGE = ROOT / "docs" / "reference" / "states.md"
HEAD = """# States

Written by `make diagrams` from the `…TRANSITIONS` tables in `src/zhenxue/*/data.py`; do not edit by hand.
A state without an arrow out of it is final.
"""


def tables() -> Iterator[tuple[str, str, Mapping[Enum, frozenset[Enum]]]]:
    """App, name of the table and the table itself, in order."""
    for source in sorted((ROOT / "src" / "zhenxue").glob("*/data*")):
        if source.name not in {"data.py", "data"}:
            continue
        app = source.parent.name
        module = importlib.import_module(f"zhenxue.{app}.data")
        for name, value in vars(module).items():
            if name.endswith("TRANSITIONS") and isinstance(value, Mapping):
                yield app, name, value


def diagram(table: Mapping[Enum, frozenset[Enum]]) -> str:
    """One table in Mermaid's state notation; the first key is where things begin."""
    members = list(type(next(iter(table))))
    lines = ["stateDiagram-v2"]
    lines += [f'    state "{getattr(member, "label", member.name)}" as {member.name.lower()}' for member in members]
    lines.append(f"    [*] --> {next(iter(table)).name.lower()}")
    for start in members:
        ends = table.get(start, frozenset())
        lines += [f"    {start.name.lower()} --> {end.name.lower()}" for end in members if end in ends]
    return "\n".join(lines)


def page() -> str:
    """The whole page."""
    parts = [HEAD]
    for app, _, table in tables():
        parts.append(f"## {app}: {type(next(iter(table))).__name__}\n\n```mermaid\n{diagram(table)}\n```\n")
    return "\n".join(parts)


def main(arguments: list[str]) -> int:
    """Write the page, or with ``--check`` compare it; 1 when it is stale."""
    return write_or_check(PAGE, page(), arguments, command="make diagrams")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
