"""What the log says of an incident: its whole row after each step, so that any later change of the row is found."""

import datetime as dt
from typing import Any

from zhenxue.evidence import api as evidence
from zhenxue.identity.data import Actor
from zhenxue.integrity.models import Incident
from zhenxue.integrity.queries.verification import incident_facts


def record_incident(kind: str, incident: Incident, actor: Actor, now: dt.datetime, **more: Any) -> None:
    """One entry about an incident, in the transaction of the change."""
    about = [f"incident:{incident.pk}", f"cohort:{incident.cohort_id}", f"organisation:{incident.organisation_id}"]
    if incident.person_id is not None:
        about.append(f"person:{incident.person_id}")
    subject = f"enrolment:{incident.enrolment_id}" if incident.enrolment_id else f"cohort:{incident.cohort_id}"
    evidence.record(
        kind=kind,
        actor=actor,
        subject=subject,
        about=about,
        body=incident_facts(incident) | more,
        now=now,
    )
