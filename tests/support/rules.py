"""Rules of tests: from 2026-11-22 on a set of their own, which asks for no presence and no strength of real names.

Tests about presence give their cohorts the numbers they are about (``factories.identity.ask_presence``,
``town.city.lay_class``).
"""

import re
from pathlib import Path

from zhenxue.identity.management.commands import load_rules

KEYS = r"(?:presence_(?:per|at|strength|return)|verify_strength)_\w+"
ASKING = re.compile(rf"^({KEYS} = \{{ value = )\d", flags=re.MULTILINE)


def newest() -> str:
    """The newest rule set of the carried file alone."""
    return "[[rule_set]]" + load_rules.OWN_FILE.read_text().rpartition("[[rule_set]]")[2]


def quiet() -> str:
    """The same numbers from the next day on, asking for nothing."""
    text = ASKING.sub(r"\g<1>0", newest()).replace("valid_from = 2026-11-21", "valid_from = 2026-11-22")
    return text.replace('version = "2026-1"', 'version = "测试"')


def write_quiet(folder: Path) -> Path:
    """``quiet`` as a file for ``zhenxue load_rules``."""
    path = folder / "quiet-rules.toml"
    path.write_text(quiet())
    return path
