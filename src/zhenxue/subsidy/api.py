"""What other apps may call."""

from zhenxue.subsidy.data import ClaimState, OfflineBasis, OnlineMode
from zhenxue.subsidy.models import Claim, ClaimLine, Policy
from zhenxue.subsidy.operations.claims import (
    approve_claim,
    create_claim,
    mark_paid,
    return_claim,
    review_claim,
    submit_claim,
)
from zhenxue.subsidy.operations.policies import register_policy
from zhenxue.subsidy.queries import find_policy, visible_claims, visible_policies

__all__ = [
    "Claim",
    "ClaimLine",
    "ClaimState",
    "OfflineBasis",
    "OnlineMode",
    "Policy",
    "approve_claim",
    "create_claim",
    "find_policy",
    "mark_paid",
    "register_policy",
    "return_claim",
    "review_claim",
    "submit_claim",
    "visible_claims",
    "visible_policies",
]
