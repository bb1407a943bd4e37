"""What several parts of a learner's page read together."""

from zhenxue.identity.api import ActorRequest
from zhenxue.kernel.remembering import once
from zhenxue.ledger import queries
from zhenxue.training import api as training


def own_units(request: ActorRequest) -> queries.UnitsBegun:
    """The units that whoever asks has begun, for all ``training.own_enrolments``; one query a request."""
    return once(request, "ledger.units", lambda: queries.units_begun(training.own_enrolments(request)))
