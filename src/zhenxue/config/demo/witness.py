"""The witness of the demo: the bureau's own program as a process of its own, clearly marked as a show of it.

A real witness runs at the bureau, out of the operator's reach; one that the platform starts itself proves nothing.
"""

import datetime as dt
import socket
from pathlib import Path
from urllib.parse import urlsplit

from zhenxue.evidence import api as evidence
from zhenxue.identity.data import SYSTEM
from zhenxue.tlog.notes import Verifier
from zhenxue.witness import api as witness

NAME = "witness.zhenxue.example/demo"
ORGANISATION = "聊城市人力资源和社会保障局"


def last_port(now: dt.datetime) -> int:
    """Where the demo's witness listened last, so that its address stays; 0 where there was none."""
    urls = [one.url for one in evidence.describe_health(now).witnesses if one.is_sandbox and one.name == NAME]
    return (urlsplit(urls[0]).port or 0) if urls else 0


def settle_witness(folder: Path, listener: socket.socket, now: dt.datetime) -> list[str]:
    """Makes the witness where there is none, lets it and the platform know each other, and tells how it is started.

    ``listener`` is where it will listen; the platform is told when that is another address than before.
    """
    log = Verifier.from_text(evidence.describe_log().key)
    key = str(witness.settle(folder, name=NAME, log=log, label="真学演示平台", now=now))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    known = [one for one in evidence.describe_health(now).witnesses if one.vkey == key]
    if known:
        evidence.move_witness(witness_id=known[0].id, url=url, actor=SYSTEM, now=now)
    else:
        evidence.add_witness(vkey=key, url=url, organisation=ORGANISATION, actor=SYSTEM, now=now, is_sandbox=True)
    return witness.words_to_serve(folder, listener.fileno())
