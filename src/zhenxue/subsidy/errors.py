"""Refusals of ``subsidy`` that other code tells apart."""

from collections.abc import Sequence

from zhenxue.kernel.errors import Conflict, Invalid


class NoPolicy(Invalid):
    """No policy in force covers the cohort."""

    def __init__(self, what: str) -> None:
        super().__init__("subsidy.no_policy", f"没有适用的补贴政策：{what}。请联系市级人社部门登记政策后再申报。")


class FactsChanged(Conflict):
    """Hours, results or rosters differ from what was submitted; ``differences`` names each learner."""

    def __init__(self, differences: Sequence[str]) -> None:
        self.differences = list(differences)
        shown = "；".join(self.differences[:10])
        more = f"；另有 {len(self.differences) - 10} 处" if len(self.differences) > 10 else ""
        message = f"申报后学时或考核记录有变化，不能继续。差异：{shown}{more}。请退回机构重新申报。"
        super().__init__("subsidy.facts_changed", message)
