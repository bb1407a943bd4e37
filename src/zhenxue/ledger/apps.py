"""Registration only."""

from collections.abc import Mapping
from typing import Any

from django.apps import AppConfig

from zhenxue.kernel.hours import in_words


class LedgerConfig(AppConfig):
    name = "zhenxue.ledger"
    label = "ledger"

    def ready(self) -> None:
        from zhenxue.evidence import api as evidence
        from zhenxue.ledger import queries, subscribers
        from zhenxue.training import signals

        evidence.register(evidence.Kind("ledger.credited", "计入线上学时", describe=_credited))
        evidence.register(evidence.Kind("ledger.unit_finished", "学完单元", describe=_finished))
        evidence.register(evidence.Kind("ledger.attendance_booked", "计入线下学时", describe=_booked))
        evidence.register(evidence.Kind("ledger.withdrawn", "撤销学时", describe=_booked))
        evidence.register_projection("ledger", queries.check_against_log)
        signals.attendance_recorded.connect(subscribers.on_attendance_recorded, dispatch_uid="ledger.attendance")


def _credited(body: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [("单元", _title(body, "unit")), ("日期", body["day"]), ("计入", in_words(body["seconds"]))]


def _finished(body: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [("单元", _title(body, "unit")), ("累计计入", in_words(body["seconds"]))]


def _booked(body: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [("课次", _title(body, "line")), ("日期", body["day"]), ("计入", in_words(body["seconds"]))]


def _title(body: Mapping[str, Any], what: str) -> str:
    """The title as it was then; entries of before titles were written have the number alone."""
    return str(body.get("title") or f"第 {body[what]} 号")
