"""What the player says about a reason: the page knows every reason of the ledger and every end of a session."""

import re
from pathlib import Path

import pytest

from zhenxue.ledger.data import Reason
from zhenxue.study.data import EndReason

WORDS = (Path(__file__).resolve().parents[3] / "frontend/islands/player/words.ts").read_text()


def keys(table: str) -> set[str]:
    """The keys of one table of ``words.ts`` whose value has a title."""
    body = re.search(rf"const {table}: Record<string, Words> = {{\n(.*?)\n}};", WORDS, re.DOTALL)
    assert body is not None
    return {name.strip('"') for name in re.findall(r'^  ([\w".]+): said\("[^"]+"', body[1], re.MULTILINE)}


@pytest.mark.parametrize(("table", "wanted"), [("REASONS", Reason), ("ENDED", EndReason)])
def test_every_reason_has_a_title_and_what_to_do(table: str, wanted: type[Reason] | type[EndReason]) -> None:
    assert {one.value for one in wanted if one.value} <= keys(table)


def test_every_refusal_to_open_has_a_way_out() -> None:
    of_server = {"no_device_key", "wrong_device", "device_full", "bad_key", "elsewhere", "open_pace"}
    of_browser = {"device_insecure", "device_old", "device_storage", "device_refused"}
    assert {f"study.{one}" for one in of_server} | of_browser <= keys("REFUSALS")
