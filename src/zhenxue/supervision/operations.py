"""What operator and bureaus do about the log: who may is decided here, what it means in ``evidence``."""

import datetime as dt

from zhenxue.evidence import api as evidence
from zhenxue.identity.data import Actor
from zhenxue.supervision.policies import check_can_ask_verification, check_can_keep_witnesses


def add_witness(*, actor: Actor, vkey: str, url: str, organisation: str, now: dt.datetime) -> None:
    """Registers a bureau's witness; raises ``Refused``, ``Invalid`` or ``Conflict``."""
    check_can_keep_witnesses(actor)
    evidence.add_witness(vkey=vkey, url=url, organisation=organisation, actor=actor, now=now)


def move_witness(*, actor: Actor, witness_id: int, url: str, now: dt.datetime) -> None:
    """A witness answers under another address; raises ``Refused``, ``Invalid``, ``NotFound`` or ``Conflict``."""
    check_can_keep_witnesses(actor)
    evidence.move_witness(witness_id=witness_id, url=url, actor=actor, now=now)


def retire_witness(*, actor: Actor, witness_id: int, reason: str, now: dt.datetime) -> None:
    """Ends a witness, with a reason; raises ``Refused``, ``Invalid``, ``NotFound`` or ``Conflict``."""
    check_can_keep_witnesses(actor)
    evidence.retire_witness(witness_id=witness_id, reason=reason, actor=actor, now=now)


def ask_verification(*, actor: Actor, now: dt.datetime) -> None:
    """Queues a verification of the whole log; raises ``Refused`` or ``Conflict``."""
    check_can_ask_verification(actor)
    evidence.ask_verification(account_id=actor.account_id, now=now)
