"""Who cosigns the log: witnesses are added, moved and retired by people, each with an entry."""

import pytest

from tests.factories.evidence import NOW
from tests.fakes.witnesses import Bureau, Moment
from zhenxue.evidence.models import Entry
from zhenxue.evidence.operations import add_witness, move_witness, retire_witness
from zhenxue.evidence.operations.cosigning import System
from zhenxue.evidence.queries import log_verifier
from zhenxue.kernel.errors import Conflict, Invalid, NotFound
from zhenxue.tlog import notes
from zhenxue.tlog.cosignatures import WitnessKey

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("bare_ground")]


def logged(kind: str) -> int:
    return Entry.objects.filter(kind=kind).count()


def test_witnesses_are_added_moved_and_retired_with_evidence(bureau: Bureau, clock: Moment) -> None:
    row = add_witness(
        vkey=f" {bureau.key} ", url="http://127.0.0.1:8020/", organisation="市人社局", actor=System(), now=NOW
    )
    shown = add_witness(
        vkey=str(WitnessKey.of(notes.Signer("witness.example/demo", b"d" * 32))),
        url="http://127.0.0.1:1",
        organisation="市人社局",
        actor=System(),
        now=NOW,
        is_sandbox=True,
    )
    assert shown.organisation == "市人社局（演示见证）"
    assert (row.name, row.url, row.is_active) == (bureau.key.name, "http://127.0.0.1:8020", True)
    with pytest.raises(Conflict):
        add_witness(vkey=str(bureau.key), url="http://127.0.0.1:1", organisation="县", actor=System(), now=NOW)
    move_witness(witness_id=row.pk, url="http://127.0.0.1:8020", actor=System(), now=NOW)
    move_witness(witness_id=row.pk, url="https://witness.example/a", actor=System(), now=NOW)
    with pytest.raises(Invalid):
        retire_witness(witness_id=row.pk, reason=" ", actor=System(), now=NOW)
    retire_witness(witness_id=row.pk, reason="换新密钥", actor=System(), now=NOW)
    for act in (
        lambda: retire_witness(witness_id=row.pk, reason="x", actor=System(), now=NOW),
        lambda: move_witness(witness_id=row.pk, url="http://127.0.0.1:1", actor=System(), now=NOW),
    ):
        with pytest.raises(Conflict):
            act()
    with pytest.raises(NotFound):
        retire_witness(witness_id=0, reason="x", actor=System(), now=NOW)
    add_witness(vkey=str(bureau.key), url="http://127.0.0.1:8020", organisation="市人社局", actor=System(), now=NOW)
    counts = [logged(f"evidence.witness_{act}") for act in ("added", "moved", "retired")]
    assert counts == [3, 1, 1]


@pytest.mark.parametrize(
    "url",
    [
        "",
        "witness.example",
        "ftp://witness.example",
        "file:///etc/passwd",
        "http://",
        "http://a:b@witness.example",
        "http://witness.example/?x=1",
        "http://witness.example/#x",
        "http://witness.example/\r\nHost: other",
        "http://witness.example:99999",
        "http://见证.example",
        "http://[::1",
        "http://169.254.169.254/latest",
        "http://witness.example/" + "a" * 300,
    ],
)
def test_only_a_plain_address_is_taken(bureau: Bureau, url: str) -> None:
    with pytest.raises(Invalid) as refused:
        add_witness(vkey=str(bureau.key), url=url, organisation="市人社局", actor=System(), now=NOW)
    assert set(refused.value.fields) == {"url"}


def test_only_the_key_of_a_witness_is_taken(bureau: Bureau) -> None:
    own = WitnessKey(log_verifier().name, log_verifier().public)
    for vkey in ("", "x", str(log_verifier()), str(bureau.key)[:-2], str(own)):
        with pytest.raises(Invalid) as refused:
            add_witness(vkey=vkey, url="http://127.0.0.1:1", organisation="市人社局", actor=System(), now=NOW)
        assert set(refused.value.fields) == {"vkey"}
