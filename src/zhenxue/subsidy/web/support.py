"""What the views of ``subsidy`` share: roles, the state as steps and as a tone."""

from zhenxue.identity.data import Role
from zhenxue.subsidy.data import ClaimState
from zhenxue.subsidy.models import Claim

MANAGERS = (Role.PROVIDER_MANAGER, Role.ENTERPRISE_MANAGER)
STAFF = (*MANAGERS, Role.BUREAU_OFFICER, Role.OPERATOR_REVIEWER, Role.OPERATOR_ADMIN)
ORDER = [ClaimState.DRAFT, ClaimState.SUBMITTED, ClaimState.COUNTY_REVIEWED, ClaimState.APPROVED, ClaimState.PAID]
STEPS = ["机构申报", "县级审核", "市级审批", "拨付"]


def steps_of(claim: Claim) -> list[tuple[str, str]]:
    """The stepped line of a claim: done, now, to do; a returned one is bad at the step that returned it."""
    returned = claim.state == ClaimState.RETURNED
    at = (2 if claim.reviewed_by_id else 1) if returned else ORDER.index(ClaimState(claim.state))
    here = "bad" if returned else "now"
    return [(label, "done" if index < at else here if index == at else "todo") for index, label in enumerate(STEPS)]


def tone_of(state: str) -> str:
    """The tone of a state's tag."""
    tones = {ClaimState.PAID: "ok", ClaimState.APPROVED: "ok", ClaimState.RETURNED: "bad", ClaimState.DRAFT: "idle"}
    return tones.get(ClaimState(state), "wait")
