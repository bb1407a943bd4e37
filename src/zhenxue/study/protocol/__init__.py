"""The study protocol, pure: proofs and what one beat earns (docs/reference/study-protocol.md).

Nothing here reads a clock, a database or a setting. Times are whole milliseconds; ``now_ms`` is the server's clock
since 1970. Whatever the page says is a claim: the server's own time is the only thing that earns.
"""

from zhenxue.study.protocol import refusals
from zhenxue.study.protocol.checks import draw_interval, follow_up, presence_due
from zhenxue.study.protocol.judging import is_finished, is_retry, judge_beat
from zhenxue.study.protocol.proofs import (
    agree,
    beat_proof,
    check_proof,
    digest,
    make_challenge,
    make_ephemeral,
    make_ticket,
    opening_text,
    read_challenge,
    sign_in_digest,
    ticket_key,
)
from zhenxue.study.protocol.shapes import (
    DAY_MS,
    Claim,
    Decision,
    Proof,
    State,
    decode_covered,
    encode_covered,
)

__all__ = [
    "DAY_MS",
    "Claim",
    "Decision",
    "Proof",
    "State",
    "agree",
    "beat_proof",
    "check_proof",
    "decode_covered",
    "digest",
    "draw_interval",
    "encode_covered",
    "follow_up",
    "is_finished",
    "is_retry",
    "judge_beat",
    "make_challenge",
    "make_ephemeral",
    "make_ticket",
    "opening_text",
    "presence_due",
    "read_challenge",
    "refusals",
    "sign_in_digest",
    "ticket_key",
]
