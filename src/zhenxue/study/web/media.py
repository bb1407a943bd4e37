"""Media for learners: only for the open session of the signed-in person; keys only for what may be seen now."""

from django.http import HttpResponse, HttpResponseBase
from django.urls import reverse
from django.views.decorators.http import require_GET

from zhenxue.catalogue import api as catalogue
from zhenxue.catalogue.data import UnitKind
from zhenxue.identity.api import ActorRequest, roles
from zhenxue.identity.data import Role
from zhenxue.kernel import clock
from zhenxue.kernel.errors import NotFound
from zhenxue.kernel.web.files import serve_file
from zhenxue.study import operations, policies, queries
from zhenxue.study.models import StudySession
from zhenxue.study.web.views import sign_in_digest
from zhenxue.training import api as training

PLAYLIST = "application/vnd.apple.mpegurl"
A_DAY, AN_HOUR = 86_400, 3_600  # seconds that a browser keeps a file


@roles(Role.LEARNER)
@require_GET
def master(request: ActorRequest, session_id: int) -> HttpResponse:
    """The list of rungs."""
    video = queries.video_of(_own(request, session_id).unit)
    text = catalogue.read_playlist(video, rung_url=lambda name: reverse("study:rung", args=[session_id, name]))
    return _playlist(text)


@roles(Role.LEARNER)
@require_GET
def rung(request: ActorRequest, session_id: int, rung: str) -> HttpResponse:
    """One rung, with key and segment addresses of this session."""
    text = catalogue.read_playlist(
        queries.video_of(_own(request, session_id).unit),
        rung,
        key_url=lambda name, index: reverse("study:key", args=[session_id, name, index]),
        segment_url=lambda name: reverse("study:segment", args=[session_id, name]),
    )
    return _playlist(text)


@roles(Role.LEARNER)
@require_GET
def key(request: ActorRequest, session_id: int, rung: str, index: int) -> HttpResponse:
    """One content key, for the session's current ticket (header ``X-Ticket``), when its content may be reached."""
    opened = operations.release_key(
        actor=request.actor,
        session_id=session_id,
        sign_in_digest=sign_in_digest(request),
        ticket=request.headers.get("X-Ticket", "")[:64],
        rung=rung,
        index=index,
        now=clock.now(),
    )
    answer = HttpResponse(opened, content_type="application/octet-stream")
    answer["Cache-Control"] = "no-store"
    return answer


@roles(Role.LEARNER)
@require_GET
def segment(request: ActorRequest, session_id: int, name: str) -> HttpResponseBase:
    """One encrypted segment; worthless without its key, therefore cacheable."""
    path = catalogue.media_path(queries.video_of(_own(request, session_id).unit), name)
    return serve_file(request, path, content_type="video/mp2t", max_age=A_DAY)


@roles(Role.LEARNER)
@require_GET
def document_page(request: ActorRequest, session_id: int, number: int) -> HttpResponseBase:
    """The picture of one page of a document unit."""
    path = catalogue.page_path(_document(_own(request, session_id)).pk, number)
    return serve_file(request, path, content_type="image/webp", max_age=AN_HOUR)


@roles(Role.LEARNER)
@require_GET
def document(request: ActorRequest, session_id: int) -> HttpResponseBase:
    """The PDF of a document unit as it was uploaded."""
    material = _document(_own(request, session_id))
    path = catalogue.material_path(material)
    return serve_file(request, path, content_type="application/pdf", name=material.file_name, max_age=AN_HOUR)


@roles(Role.LEARNER)
@require_GET
def poster(request: ActorRequest, enrolment_id: int, unit_id: int) -> HttpResponseBase:
    """The still picture of a video of the learner's own plan."""
    enrolment = training.get_enrolment(request.actor, enrolment_id)
    path = catalogue.media_path(queries.video_of(queries.get_planned_unit(enrolment.cohort, unit_id)), "poster.jpg")
    return serve_file(request, path, content_type="image/jpeg", max_age=A_DAY)


@roles(Role.LEARNER)
@require_GET
def image(request: ActorRequest, enrolment_id: int, unit_id: int, material_id: int) -> HttpResponseBase:
    """A picture inside a text unit of the learner's own plan."""
    enrolment = training.get_enrolment(request.actor, enrolment_id)
    unit = queries.get_planned_unit(enrolment.cohort, unit_id)
    if material_id not in catalogue.image_ids(unit.body):
        raise NotFound("study.no_image", "这个单元里没有这张图片。")
    material = catalogue.get_media(material_id)
    return serve_file(request, catalogue.material_path(material), content_type=material.content_type, max_age=A_DAY)


def _own(request: ActorRequest, session_id: int) -> StudySession:
    session = queries.get_session(session_id)
    policies.check_owns(request.actor, session, sign_in_digest(request))
    return session


def _document(session: StudySession) -> catalogue.Material:
    material = session.unit.material
    if material is None or session.unit.kind != UnitKind.DOCUMENT:
        raise NotFound("study.no_document", "这个单元没有文档。")
    return material


def _playlist(text: str) -> HttpResponse:
    answer = HttpResponse(text, content_type=PLAYLIST)
    answer["Cache-Control"] = "no-store"
    return answer
