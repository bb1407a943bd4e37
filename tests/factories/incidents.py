"""Incidents in each state, made through the operations of ``integrity`` over a learner who really studied.

``make_studied`` leaves ten minutes of credited time from ``BEGIN`` on; the signals lie inside them.
"""

import datetime as dt
import io
from dataclasses import dataclass

from PIL import Image

from tests.factories import identity as people
from tests.factories.identity import NOW
from tests.factories.study import BEGIN, make_studying, page_of
from tests.factories.training import Running
from tests.support.laid import laid
from zhenxue.identity.data import Actor, Role
from zhenxue.integrity.data import RulingKind
from zhenxue.integrity.models import Incident
from zhenxue.integrity.operations import incidents as operations
from zhenxue.integrity.operations.signals import note_signal
from zhenxue.kernel import clock

MINUTES = 10
LATER = NOW + dt.timedelta(days=1)
REASON = "照片里的人与登记的人脸不同，机构说明不足以解释。"
WORDS = "当天是我本人在学，手机摄像头坏了，照片是旧手机拍的，请再核对。"


@dataclass
class Case:
    """An incident with everybody around it."""

    running: Running
    incident_id: int
    operator: Actor
    second: Actor

    @property
    def incident(self) -> Incident:
        return Incident.objects.get(pk=self.incident_id)

    @property
    def learner(self) -> Actor:
        return self.running.learners[0]

    @property
    def enrolment_id(self) -> int:
        return self.running.enrolments[0].pk


@laid
def make_studied(*, learners: int = 1) -> Running:
    """A running class whose first learner has ten minutes of credited study."""
    running = make_studying(learners=learners)
    page = page_of(running).open()
    page.study(MINUTES * 60)
    page.settle()
    page.close()
    return running


def note(running: Running, kind: str = "other_face", *, learner: int = 0, once: str = "", **more: object) -> None:
    """One signal about a learner of the class, five minutes into the study."""
    enrolment = running.enrolments[learner]
    values: dict[str, object] = {
        "context": "study:1",
        "facts": {"check": 1},
        "happened_at": BEGIN + dt.timedelta(minutes=5),
        "now": LATER,
    }
    note_signal(
        person_id=enrolment.person_id,
        enrolment_id=enrolment.pk,
        kind=kind,
        once_key=once or f"{kind}:{enrolment.pk}",
        **{**values, **more},  # type: ignore[arg-type]  # passed through
    )


@laid
def make_case(*, learners: int = 1) -> Case:
    """An incident that was opened by one heavy signal."""
    running = make_studied(learners=learners)
    note(running)
    incident = Incident.objects.get(enrolment=running.enrolments[0])
    operator = people.make_operator(Role.OPERATOR_REVIEWER)
    return Case(running, incident.pk, operator, running.bureau)


@laid
def make_explained(**case: int) -> Case:
    made = make_case(**case)
    operations.explain(
        actor=made.running.manager,
        incident_id=made.incident_id,
        text="当天机房统一开机，请核对监控。",
        now=LATER,
    )
    return made


@laid
def make_ruled(kind: RulingKind = RulingKind.WITHDRAW, **case: int) -> Case:
    """Ruled by the operator's reviewer; a withdrawal takes back the whole of the learner's ten minutes."""
    made = make_explained(**case)
    stretch = {"since": BEGIN, "until": BEGIN + dt.timedelta(hours=1)} if kind is RulingKind.WITHDRAW else {}
    operations.rule(actor=made.operator, incident_id=made.incident_id, kind=kind, reason=REASON, now=LATER, **stretch)
    return made


@laid
def make_appealed(kind: RulingKind = RulingKind.WITHDRAW, **case: int) -> Case:
    made = make_ruled(kind, **case)
    operations.appeal(actor=made.learner, incident_id=made.incident_id, text=WORDS, pictures=[photo_bytes()], now=LATER)
    return made


def photo_bytes(*, colour: tuple[int, int, int] = (120, 160, 200), kind: str = "JPEG") -> bytes:
    """A small picture, with noise so that it has bytes enough to be one."""
    picture = Image.effect_noise((480, 360), 60).convert("RGB")
    picture.paste(colour, (100, 100, 200, 200))
    out = io.BytesIO()
    picture.save(out, kind)
    return out.getvalue()


def after(days: int) -> dt.datetime:
    """So many civil days after the incident was opened."""
    return clock.start_of_day(clock.civil_day(LATER) + dt.timedelta(days=days)) + dt.timedelta(hours=10)
