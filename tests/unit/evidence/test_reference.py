"""The worked example in docs/reference/evidence.md is recomputed from the format it describes."""

import hashlib
import json
from pathlib import Path

import pytest

from zhenxue.tlog import canonical, checkpoints
from zhenxue.tlog.checkpoints import Checkpoint
from zhenxue.tlog.hashing import leaf_hash
from zhenxue.tlog.notes import Signer

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "evidence.md"


@pytest.fixture
def example() -> list[str]:
    """The indented lines of the section, in order, blocks joined."""
    section = PAGE.read_text().split("### Example\n")[1].split("\n## ")[0]
    return [line[4:] for line in section.splitlines() if line.startswith("    ")]


def test_the_example_can_be_recomputed_from_its_own_words(example: list[str]) -> None:
    private_salt, commitment, envelope, salt, entry, leaf, *head = example
    value = canonical.dumps({"actor": "王小明（学员）"})
    assert hashlib.sha256(bytes.fromhex(private_salt) + value).hexdigest() == commitment
    assert json.loads(envelope)["private"] == {"actor": commitment}
    assert canonical.dumps(json.loads(envelope)).decode() == envelope
    digest = hashlib.sha256(bytes.fromhex(salt) + envelope.encode()).digest()
    assert digest.hex() == entry
    assert leaf_hash(digest).hex() == leaf
    signer = Signer("log.zhenxue.example/liaocheng", b"\x33" * 32)
    note = checkpoints.sign(Checkpoint(signer.verifier.name, 1, leaf_hash(digest)), signer)
    assert note.splitlines() == [*head[:3], "", head[3]]
