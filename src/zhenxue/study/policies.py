"""Who may study what, and which content keys may be released."""

import hmac
from collections.abc import Mapping
from datetime import datetime, timedelta

from zhenxue.identity import api as identity
from zhenxue.identity.data import Actor, Role
from zhenxue.kernel import clock
from zhenxue.kernel.errors import Refused
from zhenxue.ledger.data import coverage
from zhenxue.study import protocol
from zhenxue.study.data import SessionState
from zhenxue.study.models import StudySession
from zhenxue.training import api as training


def check_can_open(actor: Actor, enrolment: training.Enrolment, now: datetime) -> None:
    """Raises ``Refused`` unless the actor is the enrolled learner and the cohort runs now."""
    if not actor.is_learner or actor.person_id != enrolment.person_id:
        raise Refused("study.not_your_enrolment", "只有学员本人可以学习并计学时。")
    training.check_can_study(enrolment, now)


def check_is_verified(person_id: int, rules: Mapping[str, int]) -> None:
    """Raises ``Refused`` unless the learner's real name is verified as strongly as the cohort's rules ask for study."""
    wanted = rules["verify_strength_study"]
    if wanted and identity.strength_of(person_id) < wanted:
        raise Refused("study.not_verified", "开始学习前，请先完成实名认证，一般三分钟就好；不方便刷脸的，有别的方式。")


def check_can_keep_archives(actor: Actor) -> None:
    """The operator's administrator (and the system itself) sees archives and has them verified."""
    if actor.role not in {Role.OPERATOR_ADMIN, Role.SYSTEM}:
        raise Refused("study.not_archivist", "学习上报的归档由平台管理员查看和核对。")


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


def check_device_has_room(fingerprint: str, person_id: int, *, limit: int, now: datetime) -> None:
    """Raises ``Refused`` when so many other people have studied on this device today already (0: no limit)."""
    if not limit:
        return
    today = clock.start_of_day(clock.civil_day(now))
    rows = StudySession.objects.filter(device_fingerprint=fingerprint, opened_at__gte=today)
    people = set(rows.values_list("person_id", flat=True).distinct())
    if person_id not in people and len(people) >= limit:
        raise Refused(
            "study.device_full", f"这台设备今天已有 {len(people)} 人学习，不能再换人。请用自己的手机或电脑学习。"
        )


def check_brings_ticket(session: StudySession, ticket: str) -> None:
    """Raises ``Refused`` unless a key request carries the session's current ticket or the one before."""
    given = protocol.digest(ticket).encode()
    known = (session.ticket_digest, session.last_ticket_digest)
    if not ticket or not any(hmac.compare_digest(given, one.encode()) for one in known if one):
        raise Refused("study.key_no_ticket", "没有学习凭证，不能播放。请刷新本页，重新进入学习。")


def check_may_release(session: StudySession, *, from_ms: int, now: datetime) -> None:
    """Raises ``Refused`` unless the content that begins at ``from_ms`` may be opened to this session now.

    For a finished unit everything; else what lies at most ``key_lead`` beyond what was seen, and beyond what the
    server's clock allows since the opening at the policy's rate.
    """
    covered = protocol.decode_covered(session.covered)
    if session.finish_ms and coverage.length(covered) >= session.finish_ms:
        return
    elapsed_ms = (now - session.opened_at) // timedelta(milliseconds=1)
    by_clock = session.opened_reach_ms + elapsed_ms * session.max_rate_percent // 100
    if from_ms > min(coverage.reach(covered), by_clock) + session.key_lead_ms:
        raise Refused("study.key_not_yet", "还没有学到这里，不能提前播放后面的内容。")
