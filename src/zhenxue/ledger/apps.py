"""Registration only."""

from django.apps import AppConfig

from zhenxue.identity.data import Role
from zhenxue.kernel import navigation, partitions
from zhenxue.kernel.navigation import HomeBlock, Item

MANAGERS: set[str] = {Role.PROVIDER_MANAGER, Role.ENTERPRISE_MANAGER}
CORRECTION_PAGES = (
    "ledger:correction",
    "ledger:ask_make_up",
    "ledger:ask_withdraw",
    "ledger:batch",
    "ledger:make_up_many",
    "ledger:decide_corrections",
    "ledger:approve_batch",
    "ledger:reject_batch",
    "ledger:cancel_batch",
)
HOLD_PAGES = ("ledger:new_hold", "ledger:release_hold")
ITEMS = (
    Item("学时更正", "ledger:corrections", "history", MANAGERS, 24, "培训", CORRECTION_PAGES),
    Item("法律保全", "ledger:holds", "shield-lock", {Role.OPERATOR_ADMIN, Role.BUREAU_OFFICER}, 60, "存证", HOLD_PAGES),
    Item("更正复核", "ledger:corrections", "history", {Role.BUREAU_OFFICER}, 14, "审批", CORRECTION_PAGES),
)


class LedgerConfig(AppConfig):
    name = "zhenxue.ledger"
    label = "ledger"

    def ready(self) -> None:
        from zhenxue.evidence import api as evidence
        from zhenxue.ledger import queries, subscribers
        from zhenxue.ledger.evidence_kinds import KINDS
        from zhenxue.training import signals

        for kind in KINDS:
            evidence.register(kind)
        evidence.register_projection("ledger", queries.check_against_log)
        evidence.register_projection("ledger.holds", queries.check_holds)
        evidence.register_viewer(queries.may_view_hold)
        signals.attendance_recorded.connect(subscribers.on_attendance_recorded, dispatch_uid="ledger.attendance")
        partitions.register(partitions.Monthly("ledger_span", "day"))
        for item in ITEMS:
            navigation.register(item)
        navigation.register_home(HomeBlock("ledger:corrections_block", {*MANAGERS, Role.BUREAU_OFFICER}, order=15))
