"""Who may study what, and which content keys may be released."""

from datetime import datetime

from zhenxue.identity.data import Actor
from zhenxue.kernel.errors import Refused
from zhenxue.study.data import SessionState
from zhenxue.study.models import StudySession
from zhenxue.training import api as training

#: Content that may be loaded ahead of what was seen: the player's buffer.
RELEASE_WINDOW_MS = 60_000


def check_can_open(actor: Actor, enrolment: training.Enrolment, now: datetime) -> None:
    """Raises ``Refused`` unless the actor is the enrolled learner and the cohort runs now."""
    if not actor.is_learner or actor.person_id != enrolment.person_id:
        raise Refused("study.not_your_enrolment", "只有学员本人可以学习并计学时。")
    training.check_can_study(enrolment, now)


def why_not_study(enrolment: training.Enrolment, now: datetime) -> str:
    """Why the learner cannot earn hours in this cohort now; empty when they can."""
    try:
        training.check_can_study(enrolment, now)
    except training.CannotStudy as refusal:
        return refusal.message
    return ""


def check_owns(actor: Actor, session: StudySession, sign_in_digest: str) -> None:
    """Raises ``Refused`` unless this is the actor's own open session under this very sign-in."""
    if session.person_id != actor.person_id or session.sign_in_digest != sign_in_digest:
        raise Refused("study.not_yours", "这个学习会话不属于当前登录，请回到课程页重新进入。")
    if session.state != SessionState.OPEN:
        raise Refused("study.ended", "学习已在别处打开或已结束，本页已停止。请回到课程页重新进入。")


def may_release(session: StudySession, *, seen_to_ms: int, from_ms: int, finished: bool, now: datetime) -> bool:
    """Whether the content that begins at ``from_ms`` may be opened to this session now.

    For a finished unit everything; else what was seen, and a window ahead that the player needs as its buffer. The
    clock (``now``) will pace the window; the callers pass it already.
    """
    del now
    return session.state == SessionState.OPEN and (finished or from_ms <= seen_to_ms + RELEASE_WINDOW_MS)
