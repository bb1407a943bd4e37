"""Registration only."""

from django.apps import AppConfig


class EvidenceConfig(AppConfig):
    name = "zhenxue.evidence"
    label = "evidence"

    def ready(self) -> None:
        from zhenxue.evidence.data import ERASED, Kind, describe_erasure, register

        register(Kind(ERASED, "删除存证中的个人信息", erasable=("reason",), describe=describe_erasure))
