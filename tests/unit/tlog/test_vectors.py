"""The 196 proof vectors of transparency-dev/merkle (tests/data/merkle)."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from zhenxue.tlog.errors import ProofBroken
from zhenxue.tlog.proofs import check_consistency, check_inclusion

FOLDER = Path(__file__).parents[2] / "data" / "merkle"
INCLUSION = sorted((FOLDER / "inclusion").rglob("*.json"))
CONSISTENCY = sorted((FOLDER / "consistency").rglob("*.json"))


def name(path: Path) -> str:
    return f"{path.parent.name}-{path.stem}"


def read(path: Path) -> dict[str, Any]:
    vector: dict[str, Any] = json.loads(path.read_text())
    return vector


def hashes(vector: dict[str, Any]) -> list[bytes]:
    return [base64.b64decode(item) for item in vector["proof"] or []]


def test_all_196_vectors_are_here() -> None:
    assert len(INCLUSION) + len(CONSISTENCY) == 196


@pytest.mark.parametrize("path", INCLUSION, ids=name)
def test_an_inclusion_vector_is_judged_as_it_says(path: Path) -> None:
    vector = read(path)

    def judge() -> None:
        check_inclusion(
            leaf=base64.b64decode(vector["leafHash"]),
            index=vector["leafIdx"],
            size=vector["treeSize"],
            proof=hashes(vector),
            root=base64.b64decode(vector["root"]),
        )

    if vector["wantErr"]:
        with pytest.raises(ProofBroken):
            judge()
    else:
        judge()


@pytest.mark.parametrize("path", CONSISTENCY, ids=name)
def test_a_consistency_vector_is_judged_as_it_says(path: Path) -> None:
    vector = read(path)

    def judge() -> None:
        check_consistency(
            old=vector["size1"],
            new=vector["size2"],
            old_root=base64.b64decode(vector["root1"]),
            new_root=base64.b64decode(vector["root2"]),
            proof=hashes(vector),
        )

    if vector["wantErr"]:
        with pytest.raises(ProofBroken):
            judge()
    else:
        judge()
