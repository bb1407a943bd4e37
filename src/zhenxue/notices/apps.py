"""Registration only."""

from collections.abc import Mapping
from typing import Any

from django.apps import AppConfig

from zhenxue.evidence.data import Kind, register


def _describe(body: Mapping[str, Any]) -> list[tuple[str, str]]:
    labels = {"channel": "渠道", "what": "内容", "phone": "号码", "digest": "内容摘要", "reference": "对方编号"}
    return [(label, str(body[key])) for key, label in labels.items() if body.get(key)]


class NoticesConfig(AppConfig):
    name = "zhenxue.notices"
    label = "notices"

    def ready(self) -> None:
        from zhenxue.identity.api import register_code_sender
        from zhenxue.kernel import periodic
        from zhenxue.notices import subscribers as subscribers  # its receivers listen once it is imported
        from zhenxue.notices import tasks
        from zhenxue.notices.operations.sending import Codes

        register(Kind("notices.sent", "通知发出", ("phone",), _describe))
        register(Kind("notices.not_sent", "通知没有发出", ("phone",), _describe))
        register_code_sender(Codes())
        periodic.register(periodic.Job("notices.send_due", 30, tasks.send_due))
