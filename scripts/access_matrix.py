"""Writes docs/reference/access-matrix.md: every address of the platform and who may open it, read from ``view.access``.

``--check`` writes nothing and fails when the page is not what the views say. A change of this page is a change of
rights: read it as one.
"""

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import django
from django.urls import URLPattern, URLResolver, get_resolver

from scripts.generated import ROOT, write_or_check

PAGE = ROOT / "docs" / "reference" / "access-matrix.md"
HEAD = """# Who may open what

Written by `scripts/access_matrix.py` from the decorator on every view; do not edit by hand.
`tests/web/test_access_matrix.py` checks that it is fresh and asks every address in every role.
What one sees *inside* a page follows organisation and region (roles.md).

●: may open · blank: 403 · "public": without signing in.
学员 learner, 教师 teacher, 机构 provider manager, 企业 enterprise manager, 人社 bureau officer,
审核 operator reviewer, 平台 operator administrator.
"""
COLUMNS = {
    "learner": "学员",
    "teacher": "教师",
    "provider_manager": "机构",
    "enterprise_manager": "企业",
    "bureau_officer": "人社",
    "operator_reviewer": "审核",
    "operator_admin": "平台",
}


@dataclass(frozen=True, slots=True)
class Address:
    """One address: its full URL name, its route, and who may open it."""

    name: str
    route: str
    access: str | tuple[str, ...] | None

    @property
    def parameters(self) -> bool:
        """Whether the route has parts to fill in."""
        return "<" in self.route

    def allows(self, role: str) -> bool:
        """Whether somebody signed in with this role passes the decorator."""
        return self.access in {"public", "signed_in"} or (isinstance(self.access, tuple) and role in self.access)


def addresses() -> list[Address]:
    """Every address in order of its route."""
    return sorted(_walk(get_resolver().url_patterns, "", ()), key=lambda one: (one.route, one.name))


def _walk(patterns: list[URLPattern | URLResolver], prefix: str, names: tuple[str, ...]) -> Iterator[Address]:
    for pattern in patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _walk(pattern.url_patterns, route, (*names, pattern.namespace) if pattern.namespace else names)
        else:
            name = ":".join((*names, pattern.name or route))
            yield Address(name, "/" + route, getattr(pattern.callback, "access", None))


def page() -> str:
    """The whole page."""
    head = ["address", "name", *COLUMNS.values()]
    lines = [f"| {' | '.join(head)} |", "|---|---|" + ":-:|" * len(COLUMNS)]
    for one in addresses():
        cells = ["public" if one.access == "public" else "●" if one.allows(role) else "" for role in COLUMNS]
        lines.append(f"| `{one.route}` | {one.name} | {' | '.join(cells)} |")
    return HEAD + "\n" + "\n".join(lines) + "\n"


def main(arguments: list[str]) -> int:
    """Write the page, or with ``--check`` compare it; 1 when it is stale."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "zhenxue.config.settings")
    django.setup()
    return write_or_check(PAGE, page(), arguments, command=".venv/bin/python -m scripts.access_matrix")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
