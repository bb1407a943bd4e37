"""A class on its way to a certificate: what the story of an examination begins with."""

import datetime as dt
from typing import Any
from unittest.mock import patch

from django.db import transaction

from tests.support.town import PASSWORD


def lay_exam_class(names: list[str]) -> dict[str, Any]:
    """A class a week into its course: all lessons done and the stage's theory passed, a practical examination open for
    scoring by two teachers (``second``, ``third``) with the manager as their chief, who have scored the second learner;
    usernames by name, with ``PASSWORD``."""
    from tests.factories import exams as sittings
    from tests.factories import exams_marking as marking
    from tests.factories import training as cohorts
    from tests.factories.identity import make_provider
    from zhenxue.exams.operations import marking_desk
    from zhenxue.identity.models import Account
    from zhenxue.kernel import clock
    from zhenxue.training import api as training

    now = clock.now()
    began = clock.start_of_day(clock.civil_day(now) - dt.timedelta(days=6)) + dt.timedelta(hours=9)
    manager = make_provider()
    programme = cohorts.make_programme(manager, now=began)
    draft = cohorts.make_draft_cohort(
        manager,
        programme=programme,
        learners=0,
        title="直播销售员一班",
        starts_on=clock.civil_day(began),
        ends_on=clock.civil_day(began) + dt.timedelta(days=27),
        now=began,
    )
    for name in names:
        cohorts.add_learner(draft, name=name, now=began)
    draft.cohort = training.file_cohort(actor=manager, cohort_id=draft.cohort.pk, now=began)
    with transaction.atomic():  # a worker that runs beside starts what is approved and due
        training.approve_cohort(actor=draft.bureau, cohort_id=draft.cohort.pk, accept_share_exception=True, now=began)
        draft.cohort = training.start_cohort(actor=manager, cohort_id=draft.cohort.pk, now=began)
    with patch.object(sittings, "STUDY_FROM", began + dt.timedelta(hours=1)):
        sittings.finish_lessons(draft)

    day = now - dt.timedelta(days=2)
    with patch.object(sittings, "NOW", began), patch.object(marking, "NOW", began):
        for module in (sittings, marking):
            module.OPENS, module.CLOSES = day, day + dt.timedelta(days=4)
        theory = sittings.make_exam(draft, ready=False)
        for learner in draft.learners:
            sittings.sit(theory, learner, at=day + dt.timedelta(minutes=5))
        practice = marking.make_exam_of(
            [marking.practical()], running=draft, teachers=2, title="第一阶段实操", kind="practical", stage_number=1
        )
    people = [one.person_id or 0 for one in practice.teachers]
    marking_desk.name_markers(
        actor=manager, exam=practice.exam, people=people, chiefs=[manager.person_id or 0], now=now
    )
    for examiner in practice.teachers:
        marking.score(practice, examiner, 1, "12", "8", at=now)
    found = {"cohort": draft.cohort.pk, "practice": practice.exam.pk}
    second, third = practice.teachers
    named = {"manager": manager, "teacher": draft.teacher, "second": second, "third": third}
    for name, actor in {**named, **dict(zip(names, draft.learners, strict=True))}.items():
        account = Account.objects.get(pk=actor.account_id)
        account.set_password(PASSWORD)
        account.save(update_fields=["password"])
        found[name] = account.username
    return found
