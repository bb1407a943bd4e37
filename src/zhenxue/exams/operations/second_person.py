"""What one person proposes, another puts in force or refuses: of scores and of certificates in the same way.

Both say why; who proposed never decides (the database holds that too), and what was decided is not decided again.
"""

import datetime as dt

from zhenxue.exams.data import CHANGE_TRANSITIONS, ChangeState
from zhenxue.exams.models import CertificateChange, ScoreChange
from zhenxue.identity.data import Actor
from zhenxue.kernel.errors import Conflict, Invalid, NotFound, Refused

SHORTEST, LONGEST = 5, 1000

type Change = ScoreChange | CertificateChange


def checked(text: str, field: str, label: str, longest: int = LONGEST) -> str:
    """Words of a sensible length; raises ``Invalid`` at the field."""
    words = text.strip()
    if not SHORTEST <= len(words) <= longest:
        message = f"{label}请写 {SHORTEST} 到 {longest} 个字。"
        raise Invalid("exams.words", message, fields={field: message})
    return words


def person_of(actor: Actor) -> int:
    """Who proposes or decides; raises ``NotFound`` for accounts that are nobody's."""
    if actor.person_id is None:
        raise NotFound("exams.no_person", "请用本人账号办理。")
    return actor.person_id


def check_second(change: Change, actor: Actor) -> None:
    """Raises ``Conflict`` for what was decided, ``Refused`` for who proposed it."""
    if not CHANGE_TRANSITIONS[ChangeState(change.state)]:
        raise Conflict("exams.change_done", "这份申请已经办完，没有重复办理。请刷新页面。")
    if change.proposed_by_id == actor.person_id:
        raise Refused("exams.second_person", "要由提出人以外的同事确认，提出的人不能自己确认。")


def decide(change: Change, state: ChangeState, note: str, actor: Actor, now: dt.datetime) -> None:
    """Keeps the decision; what follows from it, in the same transaction, is the caller's."""
    assert state in CHANGE_TRANSITIONS[ChangeState(change.state)]  # check_second
    longest = change._meta.get_field("note").max_length or LONGEST
    change.state, change.note = state, note.strip()[:longest]
    change.decided_by_id, change.decided_at = person_of(actor), now
    change.save(update_fields=["state", "note", "decided_by", "decided_at"])
