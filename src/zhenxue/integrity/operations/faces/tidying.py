"""Face data goes when its time is over: pictures by their day, templates some days after the last cohort closed."""

import datetime as dt

from django.db import transaction
from django.db.models import QuerySet

from zhenxue.evidence import api as evidence
from zhenxue.identity.data import SYSTEM
from zhenxue.integrity.data import JobKind, JobState, TemplateEnd
from zhenxue.integrity.models import Capture, FaceJob, FaceTemplate
from zhenxue.integrity.operations.faces.jobs import DEADLINES, expire_late
from zhenxue.integrity.operations.faces.templates import end_template, lapse_pending
from zhenxue.integrity.queries.faces import has_open_enrolment, keep_days_in
from zhenxue.kernel import clock, storage
from zhenxue.training import api as training

MOST_JOBS = 500


def tidy_faces(*, now: dt.datetime) -> int:
    """Delete what was kept long enough; how many files and templates went. Harmless to run twice."""
    expire_late(now=now)
    return _drop_pictures(now) + _end_templates(now) + lapse_pending(now=now)


def schedule_deletion(*, cohort_id: int, now: dt.datetime) -> int:
    """A cohort has closed: the templates of its learners are kept for so many days more; how many there were.

    Who learns on in another cohort keeps the template until that one closes.
    """
    cohort = training.get_cohort(SYSTEM, cohort_id)
    until = clock.civil_day(now) + dt.timedelta(days=keep_days_in(cohort))
    people = training.visible_enrolments(SYSTEM).filter(cohort_id=cohort_id).values_list("person_id", flat=True)
    return FaceTemplate.objects.filter(person_id__in=set(people), ended_at__isnull=True).update(keep_until=until)


def ask_for_duplicates(*, now: dt.datetime) -> FaceJob | None:
    """Queue the nightly search over all templates, unless one waits or was done in the last twenty hours."""
    recent = FaceJob.objects.filter(kind=JobKind.DUPLICATES, queued_at__gt=now - dt.timedelta(hours=20))
    if _hour(now) not in NIGHT or recent.exclude(state=JobState.EXPIRED).exists():
        return None
    return FaceJob.objects.create(
        kind=JobKind.DUPLICATES, queued_at=now, deadline_at=now + DEADLINES[JobKind.DUPLICATES]
    )


NIGHT = range(1, 5)  # o'clock in China


def _hour(now: dt.datetime) -> int:
    return int((now - clock.start_of_day(clock.civil_day(now))).total_seconds() // 3600)


def drop_pictures_of(*, person_id: int, now: dt.datetime) -> int:
    """Delete every picture of a person's face at once; how many files went. Scores and dates stay in the log."""
    due = Capture.objects.filter(person_id=person_id).exclude(path="")
    gone = 0
    while some := _drop(due, now, f"person:{person_id}"):
        gone += some
    return gone


def _drop_pictures(now: dt.datetime) -> int:
    return _drop(Capture.objects.filter(keep_until__lt=clock.civil_day(now)).exclude(path=""), now, "faces")


def _drop(due: "QuerySet[Capture]", now: dt.datetime, subject: str) -> int:
    paths = dict(due.order_by("job_id").values_list("job_id", "path").distinct()[:MOST_JOBS])
    if not paths:
        return 0
    with transaction.atomic():
        Capture.objects.filter(job_id__in=paths).update(path="", points=[])
        evidence.record(
            kind="integrity.pictures_deleted",
            actor=SYSTEM,
            subject=subject,
            body={"first": min(paths), "last": max(paths), "count": len(paths)},
            now=now,
        )
        transaction.on_commit(lambda: _delete(list(paths.values())))
    return len(paths)


def _delete(paths: list[str]) -> None:
    for path in paths:
        storage.delete(path)


def _end_templates(now: dt.datetime) -> int:
    due = FaceTemplate.objects.filter(ended_at__isnull=True, keep_until__lt=clock.civil_day(now))
    count = 0
    for template in list(due.order_by("pk")[:MOST_JOBS]):
        if has_open_enrolment(template.person_id):
            FaceTemplate.objects.filter(pk=template.pk).update(keep_until=None)
            continue
        end_template(actor=SYSTEM, person_id=template.person_id, reason=TemplateEnd.KEPT_LONG_ENOUGH, now=now)
        count += 1
    return count
