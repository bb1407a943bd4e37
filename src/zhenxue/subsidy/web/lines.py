"""The rows of long lists as words, made once in Python: a template spends its time on looking things up in objects."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from django.utils.safestring import SafeString

from zhenxue.kernel.templatetags.ui import moment, state_tag, yuan
from zhenxue.subsidy.data import ClaimState
from zhenxue.subsidy.web.support import tone_of


class ClaimLine(NamedTuple):
    """A claim in a list; what is worked out only on submission is a dash before."""

    id: int
    code: str
    title: str
    organisation: str
    stage: str
    learners: str
    total: str
    state: SafeString
    submitted: str


def claim_lines(rows: Iterable[tuple[Any, ...]]) -> list[ClaimLine]:
    """Rows of ``queries.claim_shelf``."""
    return [
        ClaimLine(
            *(pk, code, title, organisation, str(stage)),
            f"{eligible} / {learners}" if submitted_at else "—",
            yuan(total) if submitted_at else "—",
            *(state_tag(ClaimState(state).label, tone_of(state)), moment(submitted_at)),
        )
        for pk, code, title, organisation, stage, eligible, learners, total, state, submitted_at in rows
    ]
