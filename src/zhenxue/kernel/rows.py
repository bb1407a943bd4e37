"""Rows of long tables, filled into one pattern: a template node for each cell costs more than all that it shows.

``{% table_rows lines %}`` of ``templatetags/ui.py`` gives the pattern; the lines are tuples with names.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from django.utils.html import escape
from django.utils.safestring import SafeString

#: U+001F, the unit separator: in no text that people type, and untouched by escaping.
SEPARATOR = "\x1f"
_FIELD = re.compile(r"\{(\w+)\}")


def fill(pattern: str, lines: Sequence[Any]) -> SafeString:
    """The pattern once per line (a named tuple), ``{name}`` replaced by the line's field of that name.

    Fields are escaped as ``{{ }}`` escapes them: markup stays where it is a ``SafeString``. The pattern itself is
    markup and holds no other braces. Raises ``ValueError`` for a name that the lines do not have.
    """
    if not lines:
        return SafeString()
    row = _numbered(pattern, lines[0]._fields)
    width = len(lines[0])
    cells = [cell for line in lines for cell in line]
    plain = [place for place, cell in enumerate(cells) if type(cell) is not SafeString]
    for place, text in zip(plain, escaped([str(cells[place]) for place in plain]), strict=True):
        cells[place] = text
    return SafeString("".join([row.format(*cells[at : at + width]) for at in range(0, len(cells), width)]))


def escaped(texts: Sequence[str]) -> list[str]:
    """Each text as ``django.utils.html.escape`` gives it, in one go."""
    whole = SEPARATOR.join(texts)
    if texts and whole.count(SEPARATOR) == len(texts) - 1:
        return escape(whole).split(SEPARATOR)
    return [escape(text) for text in texts]


@lru_cache(maxsize=64)
def _numbered(pattern: str, fields: tuple[str, ...]) -> str:
    """The pattern with the places of its fields instead of their names."""
    unknown = {name for name in _FIELD.findall(pattern) if name not in fields}
    if unknown:
        raise ValueError(f"the lines have no {', '.join(sorted(unknown))}")
    return _FIELD.sub(lambda found: f"{{{fields.index(found[1])}}}", pattern)
