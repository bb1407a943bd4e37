"""What the platform may call of the bureau's program: start it, and settle one for the demo."""

import contextlib
import datetime as dt
from pathlib import Path

from zhenxue.tlog.cosignatures import WitnessKey
from zhenxue.tlog.notes import Verifier
from zhenxue.witness.command import FOLDER_OPTION, main
from zhenxue.witness.keys import FILE, load_key, make_key
from zhenxue.witness.store import Store

__all__ = ["main", "settle", "words_to_serve"]


def settle(folder: Path, *, name: str, log: Verifier, label: str, now: dt.datetime) -> WitnessKey:
    """A witness in the folder that watches the log: made where there is none, taught the key where it lacks it."""
    if not (folder / FILE).exists():
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        signer = make_key(folder, name)
        Store.create(folder, str(WitnessKey.of(signer))).close()
    key = WitnessKey.of(load_key(folder))
    with contextlib.closing(Store.open(folder, str(key))) as store:
        if log not in store.keys(log.name):
            store.add_log(log, label=label, now=now, also=True)
    return key


def words_to_serve(folder: Path, fd: int) -> list[str]:
    """The words of ``zhenxue`` that start the witness of a folder on a listening socket."""
    return ["witness", FOLDER_OPTION, str(folder), "serve", "--fd", str(fd)]
