"""Legal holds: what is kept whatever its age, and sums by which an archive checks itself against the spans."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from django.db.models import Q, QuerySet, Sum

from zhenxue.evidence import api as evidence
from zhenxue.evidence.data import Fault
from zhenxue.identity.data import Actor, Role
from zhenxue.kernel.errors import NotFound
from zhenxue.ledger.data import SpanKind, SpanState
from zhenxue.ledger.models import LegalHold, Span


def visible_holds(actor: Actor) -> QuerySet[LegalHold]:
    """All for the operator's administrator, a bureau's of its region; nobody else sees any."""
    rows = LegalHold.objects.select_related(
        "cohort__organisation", "enrolment__person", "set_by__person", "released_by__person"
    )
    if actor.role in {Role.OPERATOR_ADMIN, Role.SYSTEM}:
        return rows
    if actor.is_bureau and actor.region_code:
        return rows.filter(cohort__region__code__startswith=actor.region_code)
    return rows.none()


def get_hold(actor: Actor, hold_id: int) -> LegalHold:
    """A hold in sight, or ``NotFound``."""
    found = visible_holds(actor).filter(pk=hold_id).first()
    if found is None:
        raise NotFound("ledger.no_hold", "没有找到这条法律保全，或您无权查看。")
    return found


def may_view_hold(actor: Actor, refs: Collection[str]) -> bool:
    """For ``evidence.register_viewer``: entries of a hold are read by whom the hold is visible to."""
    numbers = [int(ref.removeprefix("hold:")) for ref in refs if ref.startswith("hold:")]
    return bool(numbers) and visible_holds(actor).filter(pk__in=numbers).exists()


def check_holds() -> Iterator[evidence.Finding]:
    """For ``zhenxue verify``: every hold is what the log says of it, and in force until the log says otherwise."""
    logged: dict[int, tuple[tuple[int, int, bool], int | None]] = {}
    for entry in evidence.iterate_bodies(kinds=("ledger.hold_set", "ledger.hold_released")):
        body = entry.body
        logged[body["hold"]] = (body["cohort"], body["enrolment"], entry.kind == "ledger.hold_set"), entry.number
    for hold in LegalHold.objects.order_by("pk"):
        proven, told = logged.pop(hold.pk, (None, None))
        now = (hold.cohort_id, hold.enrolment_id or 0, hold.in_force)
        if proven != now:
            text = f"ledger_legalhold：第 {hold.pk} 号保全与存证不一致（记为 {_words(now)}，存证是 {_words(proven)}）"
            yield evidence.Finding(Fault.PROJECTION, text, told)
    for number, (_, told) in logged.items():
        yield evidence.Finding(Fault.PROJECTION, f"ledger_legalhold：第 {number} 号保全的记录缺失，存证里有", told)


def _words(hold: tuple[int, int, bool] | None) -> str:
    """A hold as a finding tells it."""
    if hold is None:
        return "没有"
    cohort, enrolment, in_force = hold
    return f"班期 {cohort}{f' 学籍 {enrolment}' if enrolment else ''}{'有效' if in_force else '已解除'}"


def holds_in_force() -> tuple[set[int], set[int]]:
    """Cohorts that are held as a whole, and single enrolments; these are few."""
    rows = LegalHold.objects.filter(released_at__isnull=True)
    whole = rows.filter(enrolment__isnull=True).values_list("cohort_id", flat=True)
    return set(whole), set(rows.filter(enrolment__isnull=False).values_list("enrolment__pk", flat=True))


@dataclass(frozen=True, slots=True)
class SourceSums:
    """What the spans of one source (``study:12``) hold: seconds that counted, and seconds refused."""

    credited: int
    refused: int


def sums_of_sources(enrolment_ids: Collection[int]) -> dict[str, SourceSums]:
    """By source, over the online spans of these enrolments; corrections have sources of their own. One query."""
    rows = Span.objects.filter(enrolment_id__in=enrolment_ids, kind=SpanKind.ONLINE, source__startswith="study:")
    sums = rows.values_list("source").annotate(
        credited=Sum("seconds", filter=Q(state=SpanState.CREDITED), default=0),
        refused=Sum("claimed_seconds", filter=Q(state=SpanState.REFUSED), default=0),
    )
    return {source: SourceSums(credited, refused) for source, credited, refused in sums}
