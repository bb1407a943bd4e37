"""Who may do what in ``subsidy``: provider submits, county reviews, city approves and pays (four eyes)."""

from zhenxue.identity.data import Actor
from zhenxue.kernel.errors import Conflict, Refused
from zhenxue.subsidy.data import CLAIM_TRANSITIONS, OPEN_STATES, ClaimState
from zhenxue.subsidy.models import Claim


def can_register(actor: Actor) -> bool:
    """Policies are registered by the city bureau for its region."""
    return actor.is_city_bureau and bool(actor.region_code)


def check_can_register(actor: Actor, region_code: str) -> None:
    if not can_register(actor) or not actor.covers(region_code):
        raise Refused("subsidy.policy_right", "只有市级人社部门可以登记本地区的补贴政策。")


def can_submit(actor: Actor, claim: Claim) -> bool:
    return claim.state in OPEN_STATES and actor.is_manager and actor.organisation_id == claim.cohort.organisation_id


def check_can_claim(actor: Actor, organisation_id: int) -> None:
    """Raises ``Refused``: a manager of the organisation that runs the cohort claims."""
    if not actor.is_manager or actor.organisation_id != organisation_id:
        raise Refused("subsidy.claim_right", "只有办班机构的管理员可以申报补贴。")


def can_review(actor: Actor, claim: Claim) -> bool:
    """The county bureau of the cohort's county."""
    return claim.state == ClaimState.SUBMITTED and actor.is_county_bureau and actor.covers(claim.cohort.region_id)


def check_can_review(actor: Actor, claim: Claim) -> None:
    if not actor.is_county_bureau or not actor.covers(claim.cohort.region_id):
        raise Refused("subsidy.review_right", "县级审核由班期所在县（市、区）人社部门办理。")


def can_approve(actor: Actor, claim: Claim) -> bool:
    """The city bureau above; never the account that reviewed."""
    return (
        claim.state == ClaimState.COUNTY_REVIEWED
        and _is_city_of(actor, claim)
        and actor.account_id != claim.reviewed_by_id
    )


def check_can_approve(actor: Actor, claim: Claim) -> None:
    if not _is_city_of(actor, claim):
        raise Refused("subsidy.approve_right", "审批和拨付由市级人社部门办理。")
    if actor.account_id is not None and actor.account_id == claim.reviewed_by_id:
        raise Refused("subsidy.four_eyes", "审核和审批不能是同一个账号，请换一位同事审批。")


def can_pay(actor: Actor, claim: Claim) -> bool:
    return claim.state == ClaimState.APPROVED and _is_city_of(actor, claim)


def can_return(actor: Actor, claim: Claim) -> bool:
    """Whoever holds the claim now may return it."""
    return can_review(actor, claim) or can_approve(actor, claim)


def check_move(claim: Claim, state: ClaimState) -> None:
    """Raises ``Conflict`` when the claim has moved on."""
    if state not in CLAIM_TRANSITIONS[ClaimState(claim.state)]:
        label = ClaimState(claim.state).label
        raise Conflict("subsidy.claim_state", f"这份申报现在是“{label}”，不能做这项操作。请刷新页面查看。")


def _is_city_of(actor: Actor, claim: Claim) -> bool:
    return actor.is_city_bureau and actor.covers(claim.cohort.region_id)
