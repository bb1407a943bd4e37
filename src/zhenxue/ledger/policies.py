"""Which time may count at all, the ceilings that the cohort's rules set, and who may correct what."""

from datetime import datetime

from zhenxue.identity.data import Actor, Role
from zhenxue.kernel import clock
from zhenxue.kernel.errors import Conflict, Refused
from zhenxue.ledger.data import CORRECTION_TRANSITIONS, CorrectionKind, CorrectionState, Reason
from zhenxue.ledger.models import Correction
from zhenxue.training.api import Cohort, Enrolment
from zhenxue.training.data import CohortState, EnrolmentState


def why_not_countable(enrolment: Enrolment, began_at: datetime, ended_at: datetime) -> Reason:
    """``Reason.NONE`` when the cohort ran and the learner belonged to it for the whole stretch (N12).

    A stretch that ended before the cohort was closed still counts when it is booked a moment later.
    """
    cohort = enrolment.cohort
    if cohort.state == CohortState.CLOSED:
        running = cohort.closed_at is not None and ended_at <= cohort.closed_at
    else:
        running = cohort.state == CohortState.RUNNING
    in_dates = cohort.starts_on <= clock.civil_day(began_at) and clock.civil_day(ended_at) <= cohort.ends_on
    belongs = enrolment.state == EnrolmentState.ACTIVE or (
        enrolment.left_at is not None and ended_at <= enrolment.left_at
    )
    return Reason.NONE if running and in_dates and belongs else Reason.COHORT_CLOSED


def required_seconds(unit_seconds: int, rules: dict[str, int]) -> int:
    """How much of a unit must be covered before it counts as finished (rounded up)."""
    return -(-unit_seconds * rules["finish_percent"] // 100)


def daily_cap_ms(rules: dict[str, int]) -> int:
    """The most that one person may earn online in one civil day."""
    return rules["daily_cap_class_hours"] * rules["minutes_per_class_hour"] * 60_000


def check_can_ask(actor: Actor, enrolment: Enrolment) -> None:
    """A learner asks for their own time, while they belong to the cohort or after it closed."""
    if not actor.is_learner or actor.person_id != enrolment.person_id:
        raise Refused("ledger.not_yours", "只能为自己申请补计学时。")
    _check_begun(enrolment.cohort)


def check_can_propose(actor: Actor, enrolment: Enrolment, kind: CorrectionKind) -> None:
    """The provider's manager proposes both kinds; the county bureau proposes to withdraw."""
    if kind is CorrectionKind.WITHDRAW and is_deciding_bureau(actor, enrolment.cohort):
        return
    if not is_own_manager(actor, enrolment.cohort):
        who = "本机构管理员" if kind is CorrectionKind.MAKE_UP else "本机构管理员或班期所在县（市、区）的人社部门"
        raise Refused("ledger.not_proposer", f"只有{who}可以提出{kind.label}。")
    _check_begun(enrolment.cohort)


def check_can_make_up_many(actor: Actor, cohort: Cohort) -> None:
    """The provider's manager proposes make-ups for a class; of each learner ``check_can_propose`` is asked as well."""
    if not is_own_manager(actor, cohort):
        raise Refused("ledger.not_proposer", "只有本机构管理员可以批量提出补计。")
    _check_begun(cohort)


def check_can_adopt(actor: Actor, correction: Correction) -> None:
    """The provider's manager takes up a learner's request."""
    if not is_own_manager(actor, correction.enrolment.cohort):
        raise Refused("ledger.not_adopter", "学员的补计申请由本机构管理员受理。")
    if actor.account_id == correction.requested_by_id:
        raise Refused("ledger.own_request", "这是您自己的申请，请由另一位管理员受理。")
    check_step(correction, CorrectionState.PROPOSED)


def check_can_approve(actor: Actor, correction: Correction) -> None:
    """A second person: the county bureau for what is made up; for a withdrawal also another manager."""
    check_step(correction, CorrectionState.APPROVED)
    _check_is_approver(actor, correction)


def check_can_reject(actor: Actor, correction: Correction) -> None:
    """Who may approve may say no; a request that was not taken up is refused by the provider."""
    check_step(correction, CorrectionState.REJECTED)
    if correction.state == CorrectionState.REQUESTED:
        if not is_own_manager(actor, correction.enrolment.cohort):
            raise Refused("ledger.not_adopter", "学员的补计申请由本机构管理员受理。")
        if actor.account_id == correction.requested_by_id:
            raise Refused("ledger.own_request", "这是您自己的申请；不需要了请点“撤回”。")
        return
    _check_is_approver(actor, correction)


def check_can_cancel(actor: Actor, correction: Correction) -> None:
    """Whoever asked takes it back, as long as nobody decided: the learner before it is taken up, then the proposer."""
    check_step(correction, CorrectionState.CANCELLED)
    asker = correction.requested_by_id if correction.state == CorrectionState.REQUESTED else correction.proposed_by_id
    if actor.account_id is None or actor.account_id != asker:
        raise Refused("ledger.not_asker", "只有提出的人可以撤回。")


def check_step(correction: Correction, target: CorrectionState) -> None:
    """Raises ``Conflict`` where the correction has moved on (a second click, a stale page)."""
    state = CorrectionState(correction.state)
    if target not in CORRECTION_TRANSITIONS[state]:
        raise Conflict(
            "ledger.correction_moved_on",
            f"这条更正现在是“{state.label}”，不能再变为“{target.label}”。页面可能已经过时，请刷新后再看。",
        )


def check_can_keep(actor: Actor) -> None:
    """Legal holds are set and released by the operator's administrator and by city bureaus."""
    if actor.role is not Role.OPERATOR_ADMIN and not actor.is_city_bureau:
        raise Refused("ledger.not_keeper", "法律保全由平台管理员和市级人社部门设立和解除。")


def check_can_hold(actor: Actor, cohort: Cohort) -> None:
    """The operator's administrator anywhere, a city bureau in its region."""
    check_can_keep(actor)
    if actor.is_bureau and not actor.covers(cohort.region_id):
        raise Refused("ledger.not_keeper", "这个班期不在本部门的辖区。")


def is_own_manager(actor: Actor, cohort: Cohort) -> bool:
    """A manager of the organisation that runs the cohort."""
    return actor.is_manager and actor.organisation_id == cohort.organisation_id


def is_deciding_bureau(actor: Actor, cohort: Cohort) -> bool:
    """The bureau where the cohort was filed: the county's, not one above it."""
    return actor.is_bureau and bool(actor.region_code) and actor.region_code == cohort.region_id


def _check_is_approver(actor: Actor, correction: Correction) -> None:
    enrolment = correction.enrolment
    if actor.account_id is not None and actor.account_id in {correction.proposed_by_id, correction.requested_by_id}:
        raise Refused("ledger.own_correction", "这条更正是您提出的，须由另一个人复核，不能自己批准。")
    if is_deciding_bureau(actor, enrolment.cohort):
        return
    if correction.kind == CorrectionKind.WITHDRAW and is_own_manager(actor, enrolment.cohort):
        return
    who = "班期所在县（市、区）的人社部门"
    if correction.kind == CorrectionKind.WITHDRAW:
        who += "或本机构另一位管理员"
    raise Refused("ledger.not_approver", f"这条更正由{who}复核。")


def _check_begun(cohort: Cohort) -> None:
    if cohort.state not in {CohortState.RUNNING, CohortState.CLOSED}:
        raise Conflict("ledger.not_running", "班期还没有开班，没有学时可以更正。")
