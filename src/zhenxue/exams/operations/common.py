"""What several writes of ``exams`` begin with."""

from zhenxue.exams.models import Attempt
from zhenxue.kernel.errors import NotFound


def lock_attempt(attempt_id: int) -> Attempt:
    """One attempt with its exam, held by this transaction; raises ``NotFound``."""
    rows = Attempt.objects.select_for_update(of=("self",)).select_related("exam__paper", "exam__cohort", "enrolment")
    attempt = rows.filter(pk=attempt_id).first()
    if attempt is None:
        raise NotFound("exams.attempt_not_found", "没有找到这次考试。")
    return attempt
