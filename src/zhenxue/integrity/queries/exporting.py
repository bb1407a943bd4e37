"""The list of incidents to take away."""

from collections.abc import Iterable, Iterator

from zhenxue.integrity.data import IncidentKind, IncidentState
from zhenxue.integrity.models import Incident
from zhenxue.kernel.sheets import CellValue

HEADER = (
    "核查编号", "类型", "状态", "学员", "班期编号", "班期", "培训机构", "地区", "分值", "线索数",
    "最早", "最近", "立案时间", "说明期限", "裁定期限", "申诉期限", "复核期限", "当前期限", "办结时间",
)  # fmt: skip


def export_rows(incidents: Iterable[Incident]) -> Iterator[list[CellValue]]:
    """One row an incident; names of learners, no numbers of persons."""
    for one in incidents:
        yield [
            one.pk,
            IncidentKind(one.kind).label,
            IncidentState(one.state).label,
            one.person.name if one.person else "（全班）",
            one.cohort.code,
            one.cohort.title,
            one.organisation.name,
            one.region.name,
            one.score,
            one.signal_count,
            one.first_at,
            one.last_at,
            one.opened_at,
            one.reply_by,
            one.rule_by,
            one.appeal_by,
            one.decide_by,
            one.due,
            one.closed_at,
        ]
