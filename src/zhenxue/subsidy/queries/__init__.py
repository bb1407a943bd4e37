"""Reads of ``subsidy``; nothing here writes."""

from zhenxue.subsidy.queries.claims import (
    as_open,
    chosen_stage,
    claim_lines,
    claim_shelf,
    cohorts_to_claim,
    explanation_of,
    frozen_digest,
    get_claim,
    open_claim,
    preview,
    stages_to_claim,
    visible_claims,
    waiting_for,
)
from zhenxue.subsidy.queries.policies import find_policy, get_policy, terms_of, visible_policies
from zhenxue.subsidy.queries.verification import check_claims, check_policies, policy_body

__all__ = [
    "as_open",
    "check_claims",
    "check_policies",
    "chosen_stage",
    "claim_lines",
    "claim_shelf",
    "cohorts_to_claim",
    "explanation_of",
    "find_policy",
    "frozen_digest",
    "get_claim",
    "get_policy",
    "open_claim",
    "policy_body",
    "preview",
    "stages_to_claim",
    "terms_of",
    "visible_claims",
    "visible_policies",
    "waiting_for",
]
