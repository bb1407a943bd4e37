"""Programmes for pages."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Count, IntegerField, OuterRef, Q, QuerySet, Subquery, Sum

from zhenxue.catalogue.data import TargetGroup
from zhenxue.identity.data import Actor
from zhenxue.training.data import LineMode, OnlineShare, ProgrammeState, online_share
from zhenxue.training.models import Cohort, Programme, ProgrammeLine
from zhenxue.training.queries.scope import visible_programmes


@dataclass(frozen=True, slots=True)
class StageLines:
    """The lines of one stage of a programme."""

    number: int
    lines: list[ProgrammeLine]

    @property
    def share(self) -> OnlineShare:
        return share_of_lines(self.lines)


def programme_shelf(actor: Actor) -> QuerySet[Programme]:
    """Visible programmes with minutes online and offline and the number of cohorts."""
    cohorts = (
        Cohort.objects.filter(programme=OuterRef("pk"))
        .order_by()
        .values("programme")
        .annotate(n=Count("pk"))
        .values("n")
    )
    return visible_programmes(actor).annotate(
        online=Sum("lines__minutes", filter=Q(lines__mode=LineMode.ONLINE)),
        face_to_face=Sum("lines__minutes", filter=Q(lines__mode=LineMode.OFFLINE)),
        cohorts=Subquery(cohorts, output_field=IntegerField()),
    )


def list_programme_lines(programme_id: int) -> list[ProgrammeLine]:
    """Lines in order, with course version and course."""
    rows = ProgrammeLine.objects.filter(programme_id=programme_id).select_related("course_version__course")
    return list(rows.order_by("stage", "position"))


def by_stage(lines: Sequence[ProgrammeLine]) -> list[StageLines]:
    """The lines grouped by stage, in order."""
    groups: dict[int, list[ProgrammeLine]] = {}
    for line in lines:
        groups.setdefault(line.stage, []).append(line)
    return [StageLines(number, groups[number]) for number in sorted(groups)]


def share_of_lines(lines: Sequence[ProgrammeLine]) -> OnlineShare:
    """The online share of these lines."""
    return online_share([(line.mode, line.minutes) for line in lines])


def ready_programmes(organisation_id: int) -> list[Programme]:
    """Programmes that a cohort can be opened from, by title."""
    rows = Programme.objects.filter(organisation_id=organisation_id, state=ProgrammeState.READY)
    return list(rows.order_by("title", "pk"))


def group_labels(values: Sequence[str]) -> str:
    """``农村转移劳动力、失业人员``."""
    return "、".join(TargetGroup(value).label for value in values)
