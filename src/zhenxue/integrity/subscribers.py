"""What others announce and faces follow."""

from datetime import datetime
from typing import Any

from zhenxue.identity.data import Actor, ConsentPurpose, Role
from zhenxue.integrity.data import TemplateEnd
from zhenxue.integrity.operations import faces


def on_consent_withdrawn(*, person_id: int, purpose: ConsentPurpose | str, now: datetime, **_: Any) -> None:
    """Consent to the use of the face is taken back: the template and all pictures go at once."""
    if purpose == ConsentPurpose.FACE:
        owner = Actor(role=Role.LEARNER, person_id=person_id, name="学员本人")
        faces.end_template(actor=owner, person_id=person_id, reason=TemplateEnd.WITHDRAWN, now=now)
        faces.drop_pictures_of(person_id=person_id, now=now)


def on_cohort_closed(*, cohort_id: int, now: datetime, **_: Any) -> None:
    """From now the days count until the learners' templates go."""
    faces.schedule_deletion(cohort_id=cohort_id, now=now)
