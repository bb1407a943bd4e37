"""Pages of record that put several apps together: a learner's archive (A21), and one entry of the log."""

from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
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
    now = clock.now()
    detail = evidence.get_entry(number, now=now)
    evidence.check_can_view(request.actor, detail.entry.refs)
    marks = [(mark, evidence.age(mark.at, now)) for mark in detail.witnesses]
    context = {"detail": detail, "marks": marks, "read_only": request.actor.is_bureau}
    return render(request, "portal/entry.html", context)


@signed_in
@never_cache
@require_safe
def entry_proof(request: ActorRequest, number: int) -> HttpResponse:
    """What a browser needs to check one entry by itself, for those who may see what it is about."""
    detail = evidence.get_entry(number, now=clock.now())
    evidence.check_can_view(request.actor, detail.entry.refs)
    names = ("envelope", "salt", "private", "tree_size", "path", "checkpoint")
    proof = {name: getattr(detail, name) for name in names}
    return JsonResponse({**proof, "number": number, "keys": evidence.published_keys()})


@signed_in
@require_safe
def learner_timeline(request: ActorRequest, enrolment_id: int) -> HttpResponse:
    """What the log says of one learner in one cohort, for everybody who may see the learner."""
    enrolment = training.get_enrolment(request.actor, enrolment_id)
    page = evidence.timeline_page(refs=[f"enrolment:{enrolment.pk}"], asked=request.GET.dict(), now=clock.now())
    context = {"enrolment": enrolment, "page": page, "read_only": request.actor.is_bureau}
    return render(request, "portal/learner_timeline.html", context)
