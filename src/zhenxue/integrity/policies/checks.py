"""Who may answer, confirm, make up and command checks: ``check_…`` raises with the reason."""

import datetime as dt
import hmac

from zhenxue.identity.data import Actor, Role
from zhenxue.integrity.data import COMMAND_PAUSE_MINUTES, CheckKind, CheckState
from zhenxue.integrity.errors import CheckOver, OldQuestion, OtherDevice, TooLate
from zhenxue.integrity.models import Check, Command
from zhenxue.kernel.clock import civil_day
from zhenxue.kernel.errors import Conflict, NotFound, Refused
from zhenxue.training import api as training
from zhenxue.training.data import CohortState, EnrolmentState


def check_is_own(actor: Actor, check: Check) -> None:
    """A learner meets their own checks only; whether another's exists is not told."""
    if not actor.is_learner or actor.person_id != check.person_id:
        raise NotFound("integrity.check_not_found", "没有找到这次核验。")


def check_is_open(check: Check, now: dt.datetime) -> None:
    """Not over, and not past its window."""
    if check.state != CheckState.OPEN:
        raise CheckOver
    if now >= check.due_at:
        raise TooLate


def check_can_answer(actor: Actor, check: Check, *, nonce: str, device: str, now: dt.datetime) -> None:
    """The own, open check in its window, from the device that was asked, bound to the present try."""
    check_is_own(actor, check)
    check_is_open(check, now)
    if check.device and device != check.device:
        raise OtherDevice
    if not hmac.compare_digest(nonce.encode(), check.nonce.encode()):
        raise OldQuestion


def check_can_give_word(actor: Actor, check: Check, now: dt.datetime) -> None:
    """A teacher of the cohort, for somebody else, while the learner waits for it."""
    if actor.role is not Role.TEACHER or check.enrolment is None:
        raise Refused("integrity.not_teacher", "只有本班的老师可以确认学员在学。")
    training.get_cohort(actor, check.enrolment.cohort_id)
    if actor.person_id == check.person_id:
        raise Refused("integrity.own_word", "不能给自己确认，请由本班其他老师确认。")
    check_is_open(check, now)
    if check.kind != CheckKind.WORD:
        raise Conflict("integrity.word_not_asked", "这名学员已改用其他方式核验，不用确认了。")


def check_can_make_up(actor: Actor, check: Check, now: dt.datetime) -> None:
    """A missed check of one's own, within its days, once, while the cohort runs."""
    check_is_own(actor, check)
    if check.made_up_at is not None:
        raise Conflict("integrity.made_up", "这次核验已经补做过了，不用再做。")
    if check.make_up_by is None:
        raise Conflict("integrity.nothing_to_make_up", "这次核验不用补做。")
    if civil_day(now) > check.make_up_by:
        raise Refused(
            "integrity.make_up_over", f"补做期限是 {check.make_up_by:%Y-%m-%d}，已经过了。有疑问请联系本班老师。"
        )
    enrolment = check.enrolment
    if enrolment is not None and (
        enrolment.state != EnrolmentState.ACTIVE or enrolment.cohort.state != CohortState.RUNNING
    ):
        raise Refused("integrity.cohort_over", "班期已结束或已退出，不能再补做。有疑问请联系本班老师。")


def check_can_command(actor: Actor, cohort: training.Cohort) -> None:
    """An officer of the region, about a cohort that runs."""
    if not actor.covers(cohort.region_id):
        raise Refused("integrity.not_this_region", "只有班期所在地区的人社部门可以下达抽查。")
    if cohort.state != CohortState.RUNNING:
        raise Conflict("integrity.not_running", "这个班期不在培训中，没有人在学，不能下达抽查。")


def check_command_pause(latest: Command | None, now: dt.datetime) -> None:
    """The same learners are not asked again at once."""
    if latest is not None and now - latest.given_at < dt.timedelta(minutes=COMMAND_PAUSE_MINUTES):
        raise Conflict(
            "integrity.commanded_just_now",
            f"刚刚已经对他们下达过抽查，请先看结果；{COMMAND_PAUSE_MINUTES} 分钟后可以再抽查一次。",
        )
