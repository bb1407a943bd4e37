"""Closed cohorts whose raw beats are due for the archive."""

import datetime as dt

from tests.factories.study import make_studying, page_of
from tests.factories.training import Running, attend_all
from tests.support.laid import laid
from zhenxue.training import api as training

MARCH = dt.date(2026, 3, 1)
LATER = dt.datetime(2026, 6, 1, 2, tzinfo=dt.UTC)


@laid
def make_studied(*, learners: int = 2) -> Running:
    """Learners who studied a minute in March, with a refused and an unproven beat each."""
    running = make_studying(learners=learners)
    for learner in range(learners):
        page = page_of(running, learner=learner).open().study(60)
        page.beat(10, visible=False)
        page.beat(10, ticket="broken")
        page.close()
    return running


@laid
def make_closed(*, learners: int = 2) -> Running:
    """The same, attended and closed on the day after its last."""
    running = make_studied(learners=learners)
    for line in running.lessons:
        attend_all(running, line)
    end = running.cohort.ends_on + dt.timedelta(days=1)
    moment = dt.datetime.combine(end, dt.time(2), dt.UTC)
    running.cohort = training.close_cohort(actor=running.manager, cohort_id=running.cohort.pk, now=moment)
    return running
