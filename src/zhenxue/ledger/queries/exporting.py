"""Raw records to take away (A18): every span as one row, in the order of learner and clock, in one query."""

from collections.abc import Iterator

from django.db.models import Q, QuerySet

from zhenxue.kernel import masking
from zhenxue.kernel.sheets.writing import CellValue
from zhenxue.ledger.data import Reason, SpanKind, SpanState
from zhenxue.ledger.models import Span
from zhenxue.ledger.queries.statistics import Period
from zhenxue.training import api as training

HEADER = (
    "班期编号", "班期", "学籍号", "姓名", "公民身份号码", "日期", "开始", "结束", "方式", "课程", "单元或课次",
    "内容从（毫秒）", "内容到（毫秒）", "结果", "原因", "上报秒数", "计入秒数", "来源", "记录时间", "补登天数",
)  # fmt: skip
CHUNK = 2_000


def spans_of(*, cohort_id: int, period: Period, enrolment_id: int | None = None) -> QuerySet[Span]:
    """The spans of one learner, or of a whole cohort, in a period."""
    scope = Q(enrolment_id=enrolment_id) if enrolment_id is not None else Q(enrolment__cohort_id=cohort_id)
    return Span.objects.filter(scope, period.narrow())


def export_rows(cohort: training.Cohort, spans: QuerySet[Span]) -> Iterator[list[CellValue]]:
    """One row a span, streamed; personal data masked as on pages. The plan's queries and one for all rows."""
    courses = {one.unit.pk: one.line.title for one in training.plan_units_of(cohort)}
    people: dict[int, str] = {}
    rows = spans.select_related("unit", "line", "enrolment__person").order_by("enrolment_id", "began_at", "pk")
    for span in rows.iterator(CHUNK):
        person = span.enrolment.person
        if person.pk not in people:
            people[person.pk] = masking.citizen_number(person.citizen_number)
        yield [
            cohort.code,
            cohort.title,
            span.enrolment_id,
            person.name,
            people[person.pk],
            span.day,
            span.began_at,
            span.ended_at,
            SpanKind(span.kind).label,
            courses.get(span.unit_id or 0, ""),
            span.unit.title if span.unit else span.line.title if span.line else "",
            span.from_ms,
            span.to_ms,
            SpanState(span.state).label,
            Reason(span.reason).label,
            span.claimed_seconds,
            span.seconds,
            span.source,
            span.created_at,
            span.days_late,
        ]
