"""Learners who study: a page that speaks the protocol against the real writer, on a clock of its own.

``Page`` opens a session through the operation and sends claims to ``Writer.write`` with a store on Django's connection,
so that a test inside a transaction sees everything; the HTTP side is tested on its own.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
from django.conf import settings

from tests.factories.catalogue import make_handbook_document, make_published_version, make_ready_video
from tests.factories.identity import NOW, make_provider
from tests.factories.training import Running, make_draft_programme, make_running_cohort
from zhenxue.catalogue.data import UnitDraft
from zhenxue.catalogue.models import Unit, Video
from zhenxue.identity import api as identity
from zhenxue.identity.data import Actor
from zhenxue.kernel import clock
from zhenxue.study import operations, protocol
from zhenxue.study.data import Opened
from zhenxue.study.ingest.stores import BEAT_COLUMNS, MOVED_COLUMNS, SESSION_COLUMNS, Held, Row
from zhenxue.study.ingest.writer import Waiting, Writer
from zhenxue.study.models import Beat, StudySession
from zhenxue.study.operations.settling import milliseconds
from zhenxue.study.protocol import Claim
from zhenxue.training import api as training

COOKIE = "test-sign-in"
BEGIN = NOW + dt.timedelta(hours=1)
REASON = "线上内容为主，经人社部门同意"


class DjangoStore:
    """The ingest's store on Django's own connection: what it writes lives and dies with the test's transaction."""

    def begin(self, session_ids: Sequence[int]) -> dict[int, Held]:
        rows = StudySession.objects.filter(pk__in=session_ids).values_list(*SESSION_COLUMNS)
        return {row[0]: Held.from_row(row) for row in rows}

    def commit(self, moved: Sequence[Row], beats: Sequence[Row]) -> None:
        for row in moved:
            StudySession.objects.filter(pk=row[-1]).update(**dict(zip(MOVED_COLUMNS, row, strict=False)))
        Beat.objects.bulk_create([Beat(**dict(zip(BEAT_COLUMNS, row, strict=True))) for row in beats])

    def close(self) -> None:
        """Nothing of its own to give back."""


@dataclass
class Page:
    """One open player page of a learner; ``now`` is the server's clock as this page meets it."""

    actor: Actor
    enrolment_id: int
    unit_id: int
    now: dt.datetime = BEGIN
    cookie: str = COOKIE
    tab: str = ""
    opened: Opened | None = None
    ticket: str = ""
    number: int = 0
    position_ms: int = 0
    answers: list[dict[str, Any]] = field(default_factory=list)

    def open(self, *, take_over: bool = False) -> "Page":
        """Opens the session; raises what the operation raises."""
        opened = operations.open_session(
            actor=self.actor,
            enrolment_id=self.enrolment_id,
            unit_id=self.unit_id,
            sign_in_digest=protocol.sign_in_digest(self.cookie),
            tab=self.tab,
            device="测试手机",
            take_over=take_over,
            now=self.now,
        )
        self.opened, self.ticket, self.number, self.position_ms = opened, opened.ticket, 0, opened.position_ms
        return self

    @property
    def session_id(self) -> int:
        assert self.opened is not None
        return self.opened.session_id

    def wait(self, seconds: float) -> "Page":
        self.now += dt.timedelta(seconds=seconds)
        return self

    def claim(self, played: float, **changes: Any) -> Claim:
        """An honest claim for so many seconds from the present position; ``changes`` make it another."""
        values: dict[str, Any] = {
            "number": self.number + 1,
            "ticket": self.ticket,
            "from_ms": self.position_ms,
            "to_ms": self.position_ms + int(played * 1000),
            "rate_percent": 100,
            "visible": True,
            "playing": True,
        }
        return Claim(**{**values, **changes})

    def send(self, claim: Claim) -> dict[str, Any]:
        """Sends a claim now and goes on with the ticket of the answer."""
        status, answer = send(self.session_id, claim, now=self.now, cookie=self.cookie)
        answer["status"] = status
        self.answers.append(answer)
        if status == 200 and not answer["ended"]:
            self.ticket, self.number = answer["ticket"], answer["number"]
            self.position_ms = answer["position_ms"]
        return answer

    def beat(self, seconds: float = 10, *, played: float | None = None, **changes: Any) -> dict[str, Any]:
        """Waits, then claims to have played all that time (or ``played``)."""
        self.wait(seconds)
        return self.send(self.claim(seconds if played is None else played, **changes))

    def study(self, seconds: int) -> "Page":
        """Beats of ten seconds for so long."""
        for _ in range(seconds // 10):
            self.beat(10)
        if seconds % 10:
            self.beat(seconds % 10)
        return self

    def settle(self) -> int:
        """Books what the beats earned; the seconds the ledger gained."""
        return operations.settle(session_id=self.session_id, now=self.now)

    def close(self) -> None:
        operations.close_session(
            actor=self.actor,
            session_id=self.session_id,
            sign_in_digest=protocol.sign_in_digest(self.cookie),
            now=self.now,
        )


def send(session_id: int, claim: Claim, *, now: dt.datetime, cookie: str = COOKIE) -> tuple[int, dict[str, Any]]:
    """One beat through the writer's own judgement; status and answer."""
    writer = Writer(
        open_store=DjangoStore, key=protocol.ticket_key(settings.SECRET_KEY), now_ms=lambda: milliseconds(now)
    )
    waiting = Waiting(session_id, claim, protocol.sign_in_digest(cookie))
    writer.write(DjangoStore(), [waiting])
    return waiting.reply[0], msgspec.json.decode(waiting.reply[1])


def make_studying(*, learners: int = 1, minutes: int = 20, now: dt.datetime = NOW) -> Running:
    """A running cohort with a course of two text units of together so many minutes."""
    manager = make_provider()
    programme = make_draft_programme(manager, online_minutes=minutes, offline=lessons_at(now), now=now)
    programme = training.make_ready(actor=manager, programme_id=programme.pk, share_exception_reason=REASON, now=now)
    return make_running_cohort(manager, programme=programme, learners=learners, now=now, **dates_from(now))


def lessons_at(now: dt.datetime) -> tuple[tuple[str, int, int], ...]:
    """Two lessons in the factories' own time; none when the test runs on the real clock (14:00 may be over)."""
    return (("话术练习", 45, 1), ("直播实操", 45, 1)) if now == NOW else ()


def dates_from(now: dt.datetime) -> dict[str, Any]:
    """Four weeks from the civil day of ``now``."""
    first = clock.civil_day(now)
    return {"starts_on": first, "ends_on": first + dt.timedelta(days=27)}


def make_video_cohort(*, seconds: int = 60, learners: int = 1, now: dt.datetime = NOW) -> Running:
    """A running cohort whose course is one video of so many seconds (its row says so; the file is short)."""
    manager = make_provider()
    organisation = identity.get_organisation(manager.organisation_id or 0)
    video = make_ready_video(organisation, 8, now=now)
    Video.objects.filter(material=video).update(duration_ms=seconds * 1000)
    units = [
        UnitDraft("video", "认识直播间", material_id=video.pk),
        UnitDraft("text", "开播前检查", minutes=5, body="# 检查\n\n- 灯光\n- 网络"),
        UnitDraft("self_test", "小测", minutes=3),
    ]
    version = make_published_version(organisation, title="直播销售入门", units=units, now=now)
    programme = make_draft_programme(manager, online_minutes=0, offline=lessons_at(now), now=now)
    training.add_online_line(actor=manager, programme_id=programme.pk, course_version_id=version.pk, now=now)
    programme = training.make_ready(actor=manager, programme_id=programme.pk, share_exception_reason=REASON, now=now)
    return make_running_cohort(manager, programme=programme, learners=learners, now=now, **dates_from(now))


def make_document_cohort(*, learners: int = 1, now: dt.datetime = NOW) -> Running:
    """A running cohort whose course is one document of two pages, five minutes to read."""
    manager = make_provider()
    organisation = identity.get_organisation(manager.organisation_id or 0)
    document = make_handbook_document(organisation, now=now)
    units = [UnitDraft("document", "生命体征测量手册", minutes=5, material_id=document.pk)]
    version = make_published_version(organisation, title="生命体征测量", units=units, now=now)
    programme = make_draft_programme(manager, online_minutes=0, offline=(), now=now)
    training.add_online_line(actor=manager, programme_id=programme.pk, course_version_id=version.pk, now=now)
    programme = training.make_ready(actor=manager, programme_id=programme.pk, share_exception_reason=REASON, now=now)
    return make_running_cohort(manager, programme=programme, learners=learners, now=now, **dates_from(now))


def units_of(running: Running) -> list[Unit]:
    """The units of the cohort's plan in study order."""
    return [planned.unit for planned in training.plan_units(running.cohort.pk)]


def page_of(running: Running, *, learner: int = 0, unit: int = 0, **changes: Any) -> Page:
    """A page (not yet open) of one learner at one unit."""
    values: dict[str, Any] = {
        "actor": running.learners[learner],
        "enrolment_id": running.enrolments[learner].pk,
        "unit_id": units_of(running)[unit].pk,
    }
    return Page(**{**values, **changes})
