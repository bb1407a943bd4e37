"""What several parts of a learner's page read together."""

from zhenxue.identity.api import ActorRequest
from zhenxue.integrity.queries.own import what_waits
from zhenxue.kernel import clock
from zhenxue.kernel.remembering import once


def waits(request: ActorRequest, what: str) -> bool:
    """Whether checks or incidents (words of ``queries.own``) wait for whoever asks; one query a request."""
    person, today = request.actor.person_id or 0, clock.civil_day(clock.now())
    return what in once(request, "integrity.waits", lambda: what_waits(person, today))
