"""What asks for somebody in the demo city: incidents, checks, papers and cards that wait."""

import datetime as dt
from typing import Any

from tests.support import cards as drawn
from tests.support.town.people import actor, actor_of
from zhenxue.identity import api as identity
from zhenxue.identity.data import CardFacts, ConsentPurpose, DocumentKind
from zhenxue.identity.operations import cards, documents, verifying
from zhenxue.integrity import api as integrity
from zhenxue.integrity.data import CheckCause, RulingKind
from zhenxue.integrity.models import Incident
from zhenxue.integrity.operations import incidents
from zhenxue.training.models import Enrolment


def lay_integrity(running: Any, now: dt.datetime) -> dict[str, list[str]]:
    """An incident at each step, a check that somebody has to make up, and an officer's command."""
    manager, reviewer, county = actor("provider"), actor("reviewer"), actor("county371502")
    enrolments = list(Enrolment.objects.filter(cohort=running).select_related("person").order_by("pk")[:4])
    cases = []
    for one in enrolments:
        integrity.note_signal(
            person_id=one.person_id,
            enrolment_id=one.pk,
            kind="other_face",
            context="study:1",
            facts={"check": one.pk},
            once_key=f"shown:{one.pk}",
            now=now,
        )
        cases.append(Incident.objects.get(enrolment=one).pk)
    said = {"text": "当天机房统一开机，请核对监控录像。", "now": now}
    for case in cases[:3]:
        incidents.explain(actor=manager, incident_id=case, **said)
    told = {"kind": RulingKind.WARN, "reason": "已当面提醒学员本人，请按时完成核验。", "now": now}
    for case in cases[:2]:
        incidents.rule(actor=reviewer, incident_id=case, **told)
    incidents.appeal(
        actor=actor_of(enrolments[1]), incident_id=cases[1], text="那天光线太暗，不是别人。请再看一次照片。", now=now
    )
    asked = integrity.ask(
        person_id=enrolments[0].person_id,
        enrolment_id=enrolments[0].pk,
        context="study:0",
        cause=CheckCause.HOURLY,
        facts={},
        proof_at=now - dt.timedelta(minutes=30),
        now=now - dt.timedelta(minutes=5),
    )
    command = integrity.command(
        actor=county, cohort_id=running.pk, enrolment_id=None, reason="例行抽查：看看系统是否正常", now=now
    )
    return {
        "provider_manager": [f"/incidents/{cases[3]}/explain/"],
        "learner": [f"/incidents/mine/{cases[0]}/appeal/", f"/presence/checks/{asked.pk}/"],
        "bureau_officer": [
            f"/incidents/{cases[2]}/rule/",
            f"/incidents/{cases[1]}/decide/",
            f"/presence/command/{command.pk}/",
        ],
    }


def lay_identity(running: Any, now: dt.datetime) -> dict[str, list[str]]:
    """A paper of the provider that waits, and a learner of the cohort who asks for a look at the card."""
    manager = actor("provider")
    fields = documents.DocumentFields(DocumentKind.SCHOOL, "样本 001 号", "", None, now.date() + dt.timedelta(days=20))
    organisation_id = manager.organisation_id or 0
    documents.add_document(
        actor=manager,
        organisation_id=organisation_id,
        fields=fields,
        file_name="办学许可证.pdf",
        content=b"%PDF-1.7 specimen",
        now=now,
    )
    enrolment = Enrolment.objects.filter(cohort=running).order_by("-pk")[0]
    learner, person = actor_of(enrolment), enrolment.person
    purpose = ConsentPurpose.DOCUMENTS
    version = identity.consent_text(purpose).version
    identity.give_consent(actor=learner, person_id=person.pk, purpose=purpose, version=version, now=now)
    number = person.citizen_number
    front = drawn.front(person.name, number)
    cards.send_card(actor=learner, person_id=person.pk, front=front, back=drawn.back(), now=now)
    facts = CardFacts(person.name, number, "山东省聊城市样本路1号", "聊城市公安局样本分局", "2020-01-15", "2040-01-15")
    cards.confirm_card(actor=learner, person_id=person.pk, facts=facts, now=now)
    asked = verifying.ask_review(actor=learner, person_id=person.pk, method="review", note="照片有点反光", now=now)
    return {
        "provider_manager": [
            f"/organisations/{organisation_id}/documents/",
            f"/organisations/{organisation_id}/documents/new/",
            f"/verify/reviews/{asked.pk}/",
        ],
        "operator_admin": [f"/organisations/{organisation_id}/documents/", f"/verify/reviews/{asked.pk}/"],
    }
