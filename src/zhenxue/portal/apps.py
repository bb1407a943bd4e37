"""Registration only."""

from django.apps import AppConfig


class PortalConfig(AppConfig):
    name = "zhenxue.portal"
    label = "portal"

    def ready(self) -> None:
        from zhenxue.identity.data import Role
        from zhenxue.kernel import navigation

        staff = frozenset(Role) - {Role.LEARNER, Role.SYSTEM}
        navigation.register(navigation.Item("首页", "portal:home", "home", staff, order=0))
        self.register_dossiers()

    def register_dossiers(self) -> None:
        """Cohorts and learners have dossiers."""
        from zhenxue.evidence.api import DossierKind, register_dossiers
        from zhenxue.portal import policies, queries

        register_dossiers(
            DossierKind("cohort", "班期", policies.find_cohort, policies.asks_reason, queries.cohort_cover)
        )
        register_dossiers(
            DossierKind("enrolment", "学员", policies.find_learner, policies.asks_reason, queries.learner_cover)
        )
