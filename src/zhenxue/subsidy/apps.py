"""Registration only: evidence kinds, navigation, home block."""

from collections.abc import Callable, Mapping
from typing import Any

from django.apps import AppConfig

from zhenxue.evidence.data import Kind, register, register_projection
from zhenxue.identity.data import Role
from zhenxue.kernel import money, navigation

MANAGERS = frozenset({Role.PROVIDER_MANAGER, Role.ENTERPRISE_MANAGER})
CLAIM_STAFF = MANAGERS | {Role.BUREAU_OFFICER, Role.OPERATOR_REVIEWER, Role.OPERATOR_ADMIN}
CLAIM_PLACES = ("subsidy:claim", "subsidy:claim_new")
POLICY_PLACES = ("subsidy:policy", "subsidy:policy_new")


def _lines(**labels: str) -> Callable[[Mapping[str, Any]], list[tuple[str, str]]]:
    def describe(body: Mapping[str, Any]) -> list[tuple[str, str]]:
        found = [(label, str(body[key])) for key, label in labels.items() if body.get(key) not in (None, "")]
        if "total_cents" in body:
            found.append(("金额", f"{money.format_yuan(int(body['total_cents']))} 元"))
        return found

    return describe


KINDS = (
    Kind("subsidy.policy_registered", "登记补贴政策", describe=_lines(title="政策", version="版本", source="依据")),
    Kind("subsidy.claim_submitted", "补贴申报", describe=_lines(stage="阶段", eligible="符合人数", digest="申报摘要")),
    Kind("subsidy.claim_reviewed", "县级审核同意", ("note",), _lines(stage="阶段", note="意见")),
    Kind("subsidy.claim_returned", "补贴申报退回", ("reason",), _lines(stage="阶段", reason="原因")),
    Kind("subsidy.claim_approved", "市级审批同意", ("note",), _lines(stage="阶段", note="意见", digest="申报摘要")),
    Kind("subsidy.claim_paid", "补贴拨付", describe=_lines(stage="阶段", voucher_number="凭证号", paid_on="拨付日期")),
)


class SubsidyConfig(AppConfig):
    name = "zhenxue.subsidy"
    label = "subsidy"

    def ready(self) -> None:
        from zhenxue.subsidy.queries import check_claims, check_policies

        for kind in KINDS:
            register(kind)
        register_projection("subsidy.policies", check_policies)
        register_projection("subsidy.claims", check_claims)
        item = navigation.Item
        navigation.register(item("补贴申报", "subsidy:claims", "cash", CLAIM_STAFF, 50, "补贴", CLAIM_PLACES))
        navigation.register(item("补贴政策", "subsidy:policies", "book-2", CLAIM_STAFF, 51, "补贴", POLICY_PLACES))
        navigation.register_home(navigation.HomeBlock("subsidy:home_block", MANAGERS | {Role.BUREAU_OFFICER}, 20))
