"""Every setting that the code reads from the environment is explained in .env.example, and nothing else is."""

import re
from pathlib import Path


def test_the_example_explains_exactly_what_is_read() -> None:
    read = set()
    for file in Path("src/zhenxue").rglob("*.py"):
        read |= set(re.findall(r"\benv\.(?:text|flag|number|words|secret)\(\s*\"([A-Z_]+)\"", file.read_text()))
    lines = Path(".env.example").read_text().splitlines()
    explained = {line.split("=")[0].removeprefix("ZHENXUE_") for line in lines if line.startswith("ZHENXUE_")}
    assert read == explained
    for number, line in enumerate(lines):
        if line.startswith("ZHENXUE_"):
            assert lines[number - 1].startswith("#"), f"{line} has no explanation"


def test_no_secret_is_committed() -> None:
    assert all(
        line.endswith("=") for line in Path(".env.example").read_text().splitlines() if line.startswith("ZHENXUE_")
    )
