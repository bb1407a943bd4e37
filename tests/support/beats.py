"""States and claims of the study protocol as one beat finds them, for tests that judge without a database."""

from typing import Any

from zhenxue.study import protocol
from zhenxue.study.protocol import Claim, State

START = 1_772_420_000_000  # a moment of 2026, in the middle of a day
KEY = protocol.ticket_key("secret")
TICKET = "first"


def state(**changes: Any) -> State:
    values: dict[str, Any] = {
        "session_id": 7,
        "unit_id": 3,
        "paced": True,
        "unit_ms": 300_000,
        "finish_ms": 285_000,
        "slots": 0,
        "slot_ms": 0,
        "max_gap_ms": 30_000,
        "max_rate_percent": 100,
        "idle_ms": 600_000,
        "counts_until_ms": START + 10 * protocol.DAY_MS,
        "cap_ms": 21_600_000,
        "check_min_ms": 600_000,
        "check_max_ms": 1_200_000,
        "check_answer_ms": 60_000,
        "presence_every_ms": 0,
        "ended": False,
        "released": ((0, 300_000),),
        "number": 0,
        "ticket_digest": protocol.digest(TICKET),
        "last_ticket_digest": "",
        "clock_ms": START,
        "last_beat_ms": START,
        "position_ms": 0,
        "covered": (),
        "credited_ms": 0,
        "day_end_ms": START + 3_600_000,
        "day_left_ms": 21_600_000,
        "check_left_ms": 900_000,
        "check_nonce": "",
        "check_asked_ms": 0,
        "checks_missed": 0,
        "presence_at_ms": 0,
        "presence_asked_ms": 0,
    }
    return State(**{**values, **changes})


def reading(**changes: Any) -> State:
    """A document of four pages, five minutes to read: one page counts 112.5 s at most."""
    return state(**{"paced": False, "slots": 4, "slot_ms": 112_500, "released": (), **changes})


def claim(**changes: Any) -> Claim:
    values: dict[str, Any] = {
        "number": 1,
        "ticket": TICKET,
        "from_ms": 0,
        "to_ms": 10_000,
        "rate_percent": 100,
        "visible": True,
        "focused": True,
        "playing": True,
    }
    return Claim(**{**values, **changes})
