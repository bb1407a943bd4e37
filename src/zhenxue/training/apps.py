"""Registration only."""

from django.apps import AppConfig

from zhenxue.identity.data import Role
from zhenxue.kernel import navigation, periodic
from zhenxue.kernel.navigation import HomeBlock, Item
from zhenxue.training.data import ProgrammeKind

MANAGERS: set[str] = {Role.PROVIDER_MANAGER, Role.ENTERPRISE_MANAGER}
OPERATORS: set[str] = {Role.OPERATOR_ADMIN, Role.OPERATOR_REVIEWER}
STAFF: set[str] = {*MANAGERS, *OPERATORS, Role.BUREAU_OFFICER, Role.TEACHER}
GROUP = "培训"
COHORT_PAGES = (
    "training:cohort",
    "training:plan",
    "training:roster",
    "training:attendance",
    "training:amendments",
    "training:history",
    "training:cohort_rules",
    "training:edit_cohort",
    "training:edit_plan",
    "training:check_cohort",
    "training:roster_import",
)
ITEMS = (
    Item("班期", "training:cohorts", "users", STAFF, 20, GROUP, COHORT_PAGES),
    Item(
        "培训项目", "training:programmes", "clipboard-list", {*MANAGERS, Role.BUREAU_OFFICER}, 21, GROUP,
        ("training:programme", "training:new_programme", "training:edit_programme"),
    ),
    Item("开班备案", "training:filings", "rubber-stamp", {Role.BUREAU_OFFICER}, 12, "审批", ("training:filing",)),
    Item(
        "变更审批", "training:amendment_queue", "edit", {Role.BUREAU_OFFICER}, 13, "审批", ("training:amendment",)
    ),
    Item(
        "我的课", "training:lessons", "presentation-analytics", {Role.TEACHER}, 10, GROUP,
        ("training:lesson_attendance",),
    ),
    Item("课程安排", "training:lessons", "calendar", MANAGERS, 22, GROUP, ("training:lesson_attendance",)),
    Item(
        "考勤更正", "training:attendance_corrections", "edit", {*MANAGERS, Role.TEACHER}, 23, GROUP,
        ("training:attendance_correction",),
    ),
    Item(
        "考勤复核", "training:attendance_corrections", "edit", {Role.BUREAU_OFFICER}, 13, "审批",
        ("training:attendance_correction",),
    ),
    Item("课表", "training:schedule", "calendar", {Role.LEARNER}, 20),
)  # fmt: skip
BLOCKS = (
    HomeBlock("training:manager_block", MANAGERS, order=10),
    HomeBlock("training:bureau_block", {Role.BUREAU_OFFICER}, order=10),
    HomeBlock("training:teacher_block", {Role.TEACHER}, order=10),
)


class TrainingConfig(AppConfig):
    name = "zhenxue.training"
    label = "training"

    def ready(self) -> None:
        from zhenxue.evidence import api as evidence
        from zhenxue.identity import api as identity
        from zhenxue.training import tasks  # noqa: F401 - its receivers are connected by the import
        from zhenxue.training.evidence_kinds import KINDS
        from zhenxue.training.operations.filing import start_due_cohorts
        from zhenxue.training.operations.initial_passwords import drop_due_passwords
        from zhenxue.training.queries.needs import needs_of
        from zhenxue.training.queries.scope import may_view_entry, people_of_cohorts
        from zhenxue.training.queries.verification import check_attendance, check_plans, check_states

        for kind in KINDS:
            evidence.register(kind)
        evidence.register_viewer(may_view_entry)
        evidence.register_projection("training.plans", check_plans)
        evidence.register_projection("training.attendance", check_attendance)
        evidence.register_projection("training.cohorts", check_states)
        identity.register_person_reach("training", people_of_cohorts)
        identity.register_needs("training", needs_of)
        identity.register_programme_kinds(ProgrammeKind.choices())
        for item in ITEMS:
            navigation.register(item)
        for block in BLOCKS:
            navigation.register_home(block)
        # Approval plans the start as a task for the first morning; this catches what a lost task left behind.
        periodic.register(periodic.Job("training.start_due", 300, lambda now: start_due_cohorts(now=now)))
        periodic.register(periodic.Job("training.drop_passwords", 300, lambda now: drop_due_passwords(now=now)))
