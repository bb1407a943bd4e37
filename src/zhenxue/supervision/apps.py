"""Registration only."""

from django.apps import AppConfig


class SupervisionConfig(AppConfig):
    name = "zhenxue.supervision"
    label = "supervision"

    def ready(self) -> None:
        from zhenxue.evidence import api as evidence
        from zhenxue.identity.data import Role
        from zhenxue.kernel import navigation
        from zhenxue.supervision.policies import may_open_evidence

        evidence.register_viewer(may_open_evidence)
        bureaus = frozenset({Role.BUREAU_OFFICER})
        watchers = bureaus | {Role.OPERATOR_ADMIN, Role.OPERATOR_REVIEWER}
        navigation.register_home(
            navigation.HomeBlock(url_name="supervision:home_block", roles=bureaus, order=20, wide=True, lines=8)
        )
        navigation.register_home(
            navigation.HomeBlock(url_name="supervision:log_block", roles=watchers, order=5, lines=2)
        )
        navigation.register(
            navigation.Item(
                label="存证健康",
                url_name="supervision:log_health",
                icon="database",
                roles=watchers,
                order=35,
                group="监管",
                also=("supervision:new_witness", "supervision:move_witness", "supervision:retire_witness"),
            )
        )
        navigation.register(
            navigation.Item(
                label="班期监管",
                url_name="supervision:cohorts",
                icon="eye",
                roles=watchers,
                order=30,
                group="监管",
                also=(
                    "supervision:cohort",
                    "supervision:learners",
                    "supervision:cohort_evidence",
                    "supervision:learner",
                ),
            )
        )
