"""Living tables against the log: rules as they were issued, sign-ins on the devices they were bound to."""

from collections.abc import Iterator
from typing import Any

from zhenxue.evidence import api as evidence
from zhenxue.identity.models import LoginSession, RuleSet


def rules_body(row: RuleSet) -> dict[str, Any]:
    """What the log says about a rule set: all that binds, without its wording."""
    return {
        "region": row.region_id,
        "programme_kind": row.programme_kind,
        "version": row.version,
        "valid_from": row.valid_from.isoformat(),
        "valid_until": row.valid_until.isoformat() if row.valid_until else "",
        "source": row.source,
        "rules": {key: {"value": one["value"], "source": one["source"]} for key, one in row.rules.items()},
    }


def check_rules() -> Iterator[evidence.Finding]:
    """Every rule set must be what its newest entry says. One loaded before entries were made has none and is left."""
    issued = {entry.subject: entry for entry in evidence.iterate_bodies(kinds=("identity.rules_issued",))}
    for row in RuleSet.objects.order_by("pk"):
        entry = issued.pop(f"rules:{row.pk}", None)
        if entry is None or dict(entry.body) == rules_body(row):
            continue
        now = rules_body(row)
        wrong = "、".join(name for name in now if now[name] != entry.body.get(name))
        yield _finding(f"identity_ruleset：{row.region_id} 版本 {row.version} 与发布时不一致（{wrong}）", entry.number)
    for subject, entry in issued.items():
        yield _finding(f"identity_ruleset：{subject} 缺失，存证里有版本 {entry.body.get('version')}", entry.number)


def check_devices() -> Iterator[evidence.Finding]:
    """Every sign-in must still be bound to the device key that was bound to it, and to none without an entry."""
    bound = {
        entry.body["sign_in"]: (entry.body["device_key"], entry.number)
        for entry in evidence.iterate_bodies(kinds=("identity.device_bound",))
    }
    rows = LoginSession.objects.filter(device_key__isnull=False).order_by("pk").values_list("pk", "device_key_id")
    for sign_in, device_key in rows.iterator():
        logged, number = bound.pop(sign_in, (None, None))
        if logged != device_key:
            says = f"存证是设备 {logged}" if logged else "没有存证"
            yield _finding(f"identity_loginsession：登录 {sign_in} 绑定设备 {device_key}，{says}", number)
    for sign_in, (logged, number) in bound.items():
        yield _finding(f"identity_loginsession：登录 {sign_in} 没有绑定设备，存证是设备 {logged}", number)


def _finding(text: str, number: int | None) -> evidence.Finding:
    return evidence.Finding(evidence.Fault.PROJECTION, text, number)
