"""Pages of record that put several apps together: a learner's archive (A21), and one entry of the log."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from zhenxue.evidence import api as evidence
from zhenxue.exams import api as exams
from zhenxue.identity.api import ActorRequest, signed_in
from zhenxue.kernel import clock
from zhenxue.ledger import api as ledger
from zhenxue.training import api as training

ARCHIVE_ENTRIES = 200


@signed_in
@require_safe
def archive(request: ActorRequest, enrolment_id: int) -> HttpResponse:
    """One learner's record in one cohort, made to be printed: person, hours, attendance, assessments, proofs."""
    enrolment = training.get_enrolment(request.actor, enrolment_id)
    refs = [f"enrolment:{enrolment.pk}"]
    context = {
        "enrolment": enrolment,
        "progress": ledger.progress_of([enrolment.pk]).get(enrolment.pk),
        "days": ledger.list_days(enrolment.pk),
        "attendance": training.list_attendance_of(enrolment.pk),
        "results": exams.results_of([enrolment.pk]).get(enrolment.pk, []),
        "entries": evidence.list_entries(refs=refs, limit=ARCHIVE_ENTRIES),
        "total": evidence.count_entries(refs=refs),
        "log": evidence.describe_log(),
        "printed_at": clock.now(),
        "read_only": request.actor.is_bureau,
    }
    return render(request, "portal/archive.html", context)


@signed_in
@require_safe
def entry(request: ActorRequest, number: int) -> HttpResponse:
    """One entry of the log with body, digest and proof path, for those who may see what it is about."""
    detail = evidence.get_entry(number)
    evidence.check_can_view(request.actor, detail.entry.refs)
    return render(request, "portal/entry.html", {"detail": detail, "read_only": request.actor.is_bureau})
