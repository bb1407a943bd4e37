"""What the page of a result shows, to the learner and to staff."""

import datetime as dt

from zhenxue.exams import policies, queries
from zhenxue.exams.data import AttemptState
from zhenxue.exams.models import Attempt
from zhenxue.exams.queries.appeals import appeal_until
from zhenxue.exams.queries.practical import shown_sheets
from zhenxue.exams.queries.practice import without_barred
from zhenxue.exams.web.support import read_only
from zhenxue.identity.api import ActorRequest
from zhenxue.kernel.policies import allows


def result_context(request: ActorRequest, attempt: Attempt, now: dt.datetime) -> dict[str, object]:
    """The result as this person may read it: nothing of score, points or passing before results are out."""
    actor = request.actor
    is_out = policies.can_see_result(actor, attempt)
    if not is_out:
        attempt.score, attempt.passed, attempt.parts = None, None, {}
    shows = policies.can_see_solutions(actor, attempt, now)
    sheet = queries.paper_sheet(attempt, with_solutions=shows)
    sheet = without_barred(sheet, attempt.exam) if shows and actor.is_learner else sheet
    until = appeal_until(attempt)
    practical = attempt.exam.is_practical
    return {
        "attempt": attempt,
        "sheet": sheet,
        "shows": shows,
        "is_out": is_out,
        "waits": attempt.state == AttemptState.SUBMITTED,
        "told": [line for line in sheet if line.correct is False or line.marks] if not practical else [],
        "wrong": sum(line.correct is False for line in sheet),
        "answered": sum(bool(line.given) for line in sheet),
        "is_practical": practical,
        "score_sheets": shown_sheets(attempt) if practical and is_out and attempt.score is not None else [],
        "appeal": attempt.appeals.first() if is_out else None,
        "appeal_until": until,
        "may_appeal": is_out and allows(policies.check_can_appeal, actor, attempt, until, now),
        "may_change": attempt.state == AttemptState.MARKED
        and policies.can_schedule(actor, attempt.exam.cohort.organisation_id),
        "narrow": actor.is_learner,
        "read_only": read_only(request),
    }
