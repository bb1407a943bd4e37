"""Registration only."""

from django.apps import AppConfig


class TrainingConfig(AppConfig):
    name = "zhenxue.training"
    label = "training"

    def ready(self) -> None:
        from zhenxue.evidence import api as evidence
        from zhenxue.identity import api as identity
        from zhenxue.training.evidence_kinds import KINDS
        from zhenxue.training.queries.scope import may_view_entry, people_of_cohorts

        for kind in KINDS:
            evidence.register(kind)
        evidence.register_viewer(may_view_entry)
        identity.register_person_reach("training", people_of_cohorts)
