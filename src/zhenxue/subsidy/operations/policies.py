"""Registering a policy: always a new version, never an edit."""

import datetime as dt
from collections.abc import Mapping, Sequence

from django.db import IntegrityError, transaction
from django.db.models import Max

from zhenxue.catalogue import api as catalogue
from zhenxue.evidence import api as evidence
from zhenxue.identity import api as identity
from zhenxue.identity.data import Actor
from zhenxue.kernel.errors import Invalid
from zhenxue.subsidy.data import OfflineBasis, OnlineMode
from zhenxue.subsidy.models import Policy
from zhenxue.subsidy.policies import check_can_register
from zhenxue.subsidy.queries import policy_body
from zhenxue.training.data import SkillLevel

MAX_STAGES = 9
LEAST_STANDARD_CENTS = 10_000


def register_policy(
    *,
    actor: Actor,
    region_code: str,
    title: str,
    standard_cents: int,
    stage_shares: Mapping[int, Sequence[int]],
    source: str,
    valid_from: dt.date,
    now: dt.datetime,
    occupation_code: str | None = None,
    level: str = "",
    online_percent: int | None = None,
    online_mode: OnlineMode = OnlineMode.FLAT,
    offline_basis: OfflineBasis = OfflineBasis.FULL,
    valid_until: dt.date | None = None,
) -> Policy:
    """The next version for a region, occupation (``None``: any) and level (``""``: any).

    ``stage_shares`` gives per cent by number of stages: ``{1: [100], 2: [50, 50]}``. ``online_percent`` is by default
    the rule of the region (20 in the notice). An earlier version that is still open ends where this one begins. Raises
    ``Refused`` and ``Invalid`` by field.
    """
    check_can_register(actor, region_code)
    if online_percent is None:
        online_percent = identity.get_rules(region_code=region_code, on=valid_from)["subsidy_online_percent"]
    _check(title, standard_cents, stage_shares, source, valid_from, valid_until, occupation_code, level, online_percent)
    key = {"region_id": region_code, "occupation_id": occupation_code or None, "level": level}
    try:
        with transaction.atomic():
            earlier = Policy.objects.select_for_update().filter(**key)
            list(earlier.values_list("pk", flat=True))
            earlier.filter(valid_from__lt=valid_from, valid_until__isnull=True).update(valid_until=valid_from)
            policy = Policy.objects.create(
                **key,
                version=(earlier.aggregate(last=Max("version"))["last"] or 0) + 1,
                title=title.strip(),
                standard_cents=standard_cents,
                online_percent=online_percent,
                online_mode=online_mode,
                offline_basis=offline_basis,
                stage_shares={str(count): list(shares) for count, shares in stage_shares.items()},
                source=source.strip(),
                valid_from=valid_from,
                valid_until=valid_until,
                created_by_id=actor.account_id,
                created_at=now,
            )
            _record(actor, policy, now)
    except IntegrityError as error:
        message = "同一起效日已有一个版本，请换一个起效日。"
        raise Invalid("subsidy.policy_taken", message, fields={"valid_from": message}) from error
    return policy


def _check(
    title: str,
    standard_cents: int,
    stage_shares: Mapping[int, Sequence[int]],
    source: str,
    valid_from: dt.date,
    valid_until: dt.date | None,
    occupation_code: str | None,
    level: str,
    online_percent: int,
) -> None:
    wrong: dict[str, str] = {}
    if not title.strip():
        wrong["title"] = "请填写政策名称。"
    if not source.strip():
        wrong["source"] = "请写明依据（文件名称和文号）。"
    if standard_cents < LEAST_STANDARD_CENTS:
        wrong["standard"] = "补贴标准不能低于 100 元。"
    if not 0 <= online_percent <= 100:
        wrong["online_percent"] = "百分比应在 0 到 100 之间。"
    if valid_until is not None and valid_until <= valid_from:
        wrong["valid_until"] = "失效日要晚于起效日。"
    if occupation_code and catalogue.find_occupation(occupation_code) is None:
        wrong["occupation"] = "职业编码不在 2022 年版职业分类大典里。"
    if level and level not in {one.value for one in SkillLevel}:
        wrong["level"] = "请选择等级。"
    if not stage_shares:
        wrong["stage_shares"] = "请至少填写一种阶段数的比例。"
    for count, shares in stage_shares.items():
        if not 1 <= count <= MAX_STAGES or len(shares) != count or sum(shares) != 100 or min(shares) < 1:
            wrong["stage_shares"] = f"{count} 个阶段要有 {count} 个百分比，每个至少 1，合计 100。"
    if wrong:
        raise Invalid("subsidy.policy", "政策还不完整：" + "".join(wrong.values()), fields=wrong)


def _record(actor: Actor, policy: Policy, now: dt.datetime) -> None:
    evidence.record(
        kind="subsidy.policy_registered",
        actor=actor,
        subject=f"policy:{policy.pk}",
        body=policy_body(policy),
        now=now,
    )
