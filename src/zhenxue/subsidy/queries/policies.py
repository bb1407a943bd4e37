"""Which policy holds: the nearest region upward, the most exact occupation and level, in force on the day."""

import datetime as dt

from django.db.models import Q, QuerySet

from zhenxue.identity.data import Actor, Role
from zhenxue.kernel.errors import NotFound
from zhenxue.subsidy.data import OfflineBasis, OnlineMode, Terms
from zhenxue.subsidy.errors import NoPolicy
from zhenxue.subsidy.models import Policy
from zhenxue.training import api as training


def visible_policies(actor: Actor) -> QuerySet[Policy]:
    """Policies are public rules: everybody on the staff side reads all of them; learners and visitors none here."""
    rows = Policy.objects.select_related("region", "occupation")
    return rows if actor.role is not None and actor.role is not Role.LEARNER else rows.none()


def get_policy(actor: Actor, policy_id: int) -> Policy:
    """The policy version, or ``NotFound``."""
    found = visible_policies(actor).filter(pk=policy_id).first()
    if found is None:
        raise NotFound("subsidy.policy_not_found", "没有找到这份补贴政策，或您无权查看。")
    return found


def find_policy(*, region_code: str, occupation_code: str, level: str, on: dt.date) -> Policy | None:
    """The version in force on a day; a nearer region beats an exacter occupation, which beats an exacter level."""
    regions = [region_code[:length] for length in (2, 4, 6) if len(region_code) >= length]
    in_force = Q(valid_until__isnull=True) | Q(valid_until__gt=on)
    rows = Policy.objects.filter(
        in_force,
        Q(occupation=occupation_code) | Q(occupation__isnull=True),
        region__in=regions,
        level__in=[level, ""],
        valid_from__lte=on,
    ).select_related("region", "occupation")
    exactness = {
        row: (len(row.region_id), row.occupation_id is not None, bool(row.level), row.valid_from, row.version)
        for row in rows
    }
    return max(exactness, key=lambda row: exactness[row], default=None)


def policy_of(cohort: training.Cohort) -> Policy:
    """The policy in force on the day the cohort starts; raises ``NoPolicy``."""
    programme = cohort.programme
    found = find_policy(
        region_code=cohort.region_id,
        occupation_code=programme.occupation_id,
        level=programme.level,
        on=cohort.starts_on,
    )
    if found is None:
        raise NoPolicy(f"{cohort.region.name}，职业 {programme.occupation_id}，开班日期 {cohort.starts_on}")
    return found


def terms_of(policy: Policy, stages: int) -> Terms:
    """The numbers of a policy for a plan of so many stages; raises ``NoPolicy`` when it gives no shares for them."""
    shares = policy.stage_shares.get(str(stages))
    if not shares:
        raise NoPolicy(f"《{policy.title}》第 {policy.version} 版没有给出 {stages} 个阶段的比例")
    return Terms(
        standard_cents=policy.standard_cents,
        online_percent=policy.online_percent,
        online_mode=OnlineMode(policy.online_mode),
        offline_basis=OfflineBasis(policy.offline_basis),
        shares=tuple(shares),
        title=f"《{policy.title}》第 {policy.version} 版",
        source=policy.source,
    )
