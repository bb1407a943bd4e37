"""Witnesses reached without a network: the bureau's own program in this process, one that lies, one that is down."""

import datetime as dt
from collections.abc import Callable
from pathlib import Path

from tests.factories.evidence import NOW
from zhenxue.evidence.models import Witness as WitnessRow
from zhenxue.evidence.operations import add_witness
from zhenxue.evidence.operations.cosigning import Reply, System
from zhenxue.evidence.queries import log_verifier
from zhenxue.tlog.cosignatures import WitnessKey
from zhenxue.witness.app import Witness
from zhenxue.witness.keys import make_key
from zhenxue.witness.store import Store


class Moment:
    """The clock of a test; everybody reads the same."""

    def __init__(self, now: dt.datetime = NOW) -> None:
        self.now = now

    def __call__(self) -> dt.datetime:
        return self.now

    def pass_(self, **units: float) -> dt.datetime:
        """Let time pass."""
        self.now += dt.timedelta(**units)
        return self.now


class Bureau:
    """The bureau's program in its folder, with the log's key registered."""

    def __init__(self, folder: Path, clock: Callable[[], dt.datetime], name: str = "witness.example/city") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.signer = make_key(folder, name)
        self.key = WitnessKey.of(self.signer)
        self.store = Store.create(folder, str(self.key))
        self.store.add_log(log_verifier(), label="", now=clock())
        self.witness = Witness(self.signer, self.store, clock)

    def answer(self, body: bytes) -> Reply:
        found = self.witness.add_checkpoint(body)
        return Reply(found.status, found.body)


class Country:
    """Addresses and who answers there; ``send`` is what the collector uses instead of the network."""

    def __init__(self) -> None:
        self.desks: dict[str, Callable[[bytes], Reply]] = {}
        self.asked: list[str] = []

    def settle(self, name: str, key: WitnessKey, answer: Callable[[bytes], Reply], now: dt.datetime) -> WitnessRow:
        """Registers a witness with the platform and lets ``answer`` speak for it."""
        url = f"http://{name}.invalid"
        self.desks[url] = answer
        return add_witness(vkey=str(key), url=url, organisation=f"{name} 人社局", actor=System(), now=now)

    def send(self, url: str, body: bytes) -> Reply:
        self.asked.append(url)
        return self.desks[url](body)
