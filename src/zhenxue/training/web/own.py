"""What several parts of a learner's page read together."""

from zhenxue.identity.api import ActorRequest
from zhenxue.kernel.remembering import once
from zhenxue.training.models import Enrolment
from zhenxue.training.queries.scope import list_enrolments_of_person


def own_enrolments(request: ActorRequest) -> list[Enrolment]:
    """The enrolments of whoever asks, as ``list_enrolments_of_person``; one query a request, however many ask."""
    person = request.actor.person_id
    return once(request, "training.enrolments", lambda: list_enrolments_of_person(person) if person else [])
