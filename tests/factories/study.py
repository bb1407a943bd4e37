"""Learners who study: a page that speaks the protocol against the real writer, on a clock of its own.

``Page`` opens a session through the operation and sends claims to ``Writer.write`` with a store on Django's connection,
so that a test inside a transaction sees everything; the HTTP side is tested on its own.
"""

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

import msgspec
import pytest
from django.conf import settings
from django.test import Client

from tests.factories.catalogue import (
    make_handbook_document,
    make_published_version,
    make_ready_video,
    right_answers,
)
from tests.factories.identity import NOW, make_provider
from tests.factories.training import Running, make_draft_programme, make_running_cohort
from tests.fakes.django_store import DjangoStore
from tests.support.laid import laid
from zhenxue.catalogue import api as catalogue
from zhenxue.catalogue.data import UnitDraft
from zhenxue.catalogue.models import MediaKey, Unit, Video
from zhenxue.identity import api as identity
from zhenxue.identity.data import Actor, Device
from zhenxue.identity.models import LoginSession
from zhenxue.kernel import clock
from zhenxue.kernel.errors import Refused
from zhenxue.study import operations, pageside, protocol
from zhenxue.study.data import DeviceProof, Opened, TestResult
from zhenxue.study.errors import ProveDevice
from zhenxue.study.ingest.writer import Waiting, Writer
from zhenxue.study.pageside import Opening, SoftDevice
from zhenxue.study.protocol import Claim
from zhenxue.training import api as training

COOKIE = "test-sign-in"
BEGIN = NOW + dt.timedelta(hours=1)
REASON = "线上内容为主，经人社部门同意"


#: The devices that tests sign in on, by their public key: a key lives as long as the test run, as in a browser.
DEVICES: dict[str, SoftDevice] = {}


def sign_in(actor: Actor, device: SoftDevice | None = None, *, now: dt.datetime = BEGIN) -> tuple[int, SoftDevice]:
    """The learner's live sign-in on a device that it is bound to: the present one, else (or on another) a new one."""
    live = LoginSession.objects.filter(
        account_id=actor.account_id or 0, ended_at__isnull=True, device_key__isnull=False
    )
    found = live.select_related("device_key").first()
    if found is not None and found.device_key is not None:
        known = DEVICES.get(found.device_key.public_key)
        if known is not None and device in {None, known}:
            return found.pk, known
    device = device or SoftDevice()
    DEVICES[device.public_key] = device
    session, _ = identity.open_session(
        account=identity.Account.objects.get(pk=actor.account_id or 0),
        device=Device("测试手机"),
        take_over=True,
        now=now,
    )
    identity.register_device_key(actor=actor, login_session_id=session.pk, public_key=device.public_key, now=now)
    return session.pk, device


@dataclass
class Page:
    """One open player page of a learner; ``now`` is the server's clock as this page meets it.

    It speaks the whole protocol by itself: signs the opening with its device, proves each beat, loads the keys of what
    it plays (``loads_keys``), turns the pages of what it reads, and answers checks (``answers_checks``).
    """

    actor: Actor
    enrolment_id: int
    unit_id: int
    now: dt.datetime = BEGIN
    cookie: str = COOKIE
    tab: str = ""
    device: SoftDevice | None = None
    sign_in_id: int | None = None
    loads_keys: bool = True
    answers_checks: bool = True
    opened: Opened | None = None
    beat_key: bytes = b""
    ticket: str = ""
    number: int = 0
    position_ms: int = 0
    check_nonce: str = ""
    loaded: set[int] = field(default_factory=set)
    answers: list[dict[str, Any]] = field(default_factory=list)

    def open(self, *, take_over: bool = False) -> "Page":
        """Signs in if need be, proves the device and opens the session; raises what the operation raises."""
        if self.sign_in_id is None and self.actor.is_learner:
            self.sign_in_id, self.device = sign_in(self.actor, self.device, now=self.now)
        with pytest.raises(ProveDevice) as asked:
            self._ask(None, take_over)
        opening = Opening(
            self.device or SoftDevice(),
            challenge=asked.value.challenge,
            enrolment_id=self.enrolment_id,
            unit_id=self.unit_id,
            tab=self.tab,
        )
        proof = DeviceProof(opening.challenge, opening.ephemeral, opening.signature)
        opened = self._ask(proof, take_over)
        self.opened, self.ticket, self.number, self.position_ms = opened, opened.ticket, 0, opened.position_ms
        self.beat_key = opening.beat_key(opened.server_ephemeral, opened.session_id)
        self.check_nonce, self.loaded = "", set()
        return self

    def _ask(self, proof: DeviceProof | None, take_over: bool) -> Opened:
        return operations.open_session(
            actor=self.actor,
            enrolment_id=self.enrolment_id,
            unit_id=self.unit_id,
            sign_in_digest=protocol.sign_in_digest(self.cookie),
            sign_in_id=self.sign_in_id,
            proof=proof,
            tab=self.tab,
            device="测试手机",
            take_over=take_over,
            now=self.now,
        )

    @property
    def session_id(self) -> int:
        assert self.opened is not None
        return self.opened.session_id

    @property
    def page(self) -> int:
        """The page in view of what is read: the one that the position lies on."""
        assert self.opened is not None
        return min(self.position_ms // self.opened.slot_ms, self.opened.slots - 1) if self.opened.slots else 0

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
            "focused": True,
            "playing": True,
            "page": self.page,
            "answer": self.check_nonce if self.answers_checks else "",
        }
        return Claim(**{**values, **changes})

    def load(self, until_ms: int) -> int:
        """Asks for the keys of what is played until there, as a player does; how many were refused."""
        refused = 0
        for index, from_ms, to_ms in self._windows():
            if index in self.loaded or to_ms <= self.position_ms or from_ms >= until_ms:
                continue
            try:
                self.key(index)
            except Refused:
                refused += 1
        return refused

    def key(self, index: int, *, rung: str = "", ticket: str | None = None) -> bytes:
        """One content key through the operation that gives it out; raises what that raises."""
        video = Unit.objects.select_related("material__video").get(pk=self.unit_id).material.video  # type: ignore[union-attr]  # only for videos
        opened = operations.release_key(
            actor=self.actor,
            session_id=self.session_id,
            sign_in_digest=protocol.sign_in_digest(self.cookie),
            ticket=self.ticket if ticket is None else ticket,
            rung=rung or video.rungs[0]["name"],
            index=index,
            now=self.now,
        )
        self.loaded.add(index)
        return opened

    def _windows(self) -> list[tuple[int, int, int]]:
        if self.opened is None or not self.opened.paced:
            return []
        video = Unit.objects.select_related("material__video").get(pk=self.unit_id).material.video  # type: ignore[union-attr]  # only for videos
        return catalogue.key_windows(video, video.rungs[0]["name"])

    def post(self, claim: Claim, **how: Any) -> tuple[int, dict[str, Any]]:
        """A claim as it is, with the right proof unless told otherwise (``beat_key``, ``proof``, ``cookie``)."""
        return send(
            self.session_id, claim, **{"now": self.now, "cookie": self.cookie, "beat_key": self.beat_key, **how}
        )

    def send(self, claim: Claim, **how: Any) -> dict[str, Any]:
        """Sends a claim now and goes on with the ticket of the answer."""
        status, answer = self.post(claim, **how)
        answer["status"] = status
        self.answers.append(answer)
        if status in {200, 409}:
            self.check_nonce = answer.get("check", {}).get("nonce", "")
        if status == 200 and not answer["ended"]:
            self.ticket, self.number = answer["ticket"], answer["number"]
            self.position_ms = answer["position_ms"]
        return answer

    def beat(self, seconds: float = 10, *, played: float | None = None, **changes: Any) -> dict[str, Any]:
        """Waits, loads what it plays, then claims to have played all that time (or ``played``)."""
        self.wait(seconds)
        claim = self.claim(seconds if played is None else played, **changes)
        if self.loads_keys:
            self.load(claim.to_ms)
        return self.send(claim)

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


def send(
    session_id: int,
    claim: Claim,
    *,
    now: dt.datetime,
    cookie: str = COOKIE,
    beat_key: bytes = b"",
    proof: str | None = None,
) -> tuple[int, dict[str, Any]]:
    """One beat through the writer's own judgement; status and answer."""
    writer = Writer(
        open_store=DjangoStore, key=protocol.ticket_key(settings.SECRET_KEY), now_ms=lambda: clock.milliseconds(now)
    )
    waiting = waiting_beat(session_id, claim, cookie=cookie, beat_key=beat_key, proof=proof)
    writer.write(DjangoStore(), [waiting])
    return waiting.reply[0], msgspec.json.decode(waiting.reply[1])


def waiting_beat(
    session_id: int, claim: Claim, *, cookie: str = COOKIE, beat_key: bytes = b"", proof: str | None = None
) -> Waiting:
    """A beat as the HTTP side hands it to the writer."""
    body = msgspec.json.encode(claim)
    header = (pageside.proof(beat_key, body) if beat_key else "") if proof is None else proof
    return Waiting(session_id, claim, body, header.encode(), protocol.sign_in_digest(cookie))


#: The devices of browsers (Django test clients), by their sign-in cookie.
BROWSERS: dict[str, SoftDevice] = {}


def open_in_browser(client: Client, enrolment_id: int, unit_id: int, *, tab: str = "one") -> Any:
    """What the player does with a unit's page: binds the sign-in to the device, asks, signs the challenge, asks again.

    The response of the last step that was taken.
    """
    device = BROWSERS.setdefault(client.cookies[settings.SESSION_COOKIE_NAME].value, SoftDevice())
    bound = client.post("/account/device-key/", {"public_key": device.public_key})
    assert bound.status_code == 200, bound.content.decode()
    address = f"/study/{enrolment_id}/units/{unit_id}/open/"
    accept = {"accept": "application/json"}
    asked = client.post(address, {"tab": tab}, headers=accept)
    if asked.status_code != 428:
        return asked
    challenge = asked.json()["challenge"]
    opening = Opening(device, challenge=challenge, enrolment_id=enrolment_id, unit_id=unit_id, tab=tab)
    return client.post(address, opening.form, headers=accept)


#: The real clock when this process began. A cohort whose tests run on that clock begins now, so it is laid again.
TODAY = clock.now()


@laid
def make_studying(*, learners: int = 1, minutes: int = 20, now: dt.datetime = NOW) -> Running:
    """A running cohort with a course of two text units of together so many minutes; 20 are the usual programme."""
    if (minutes, now) == (20, NOW):
        return make_running_cohort(learners=learners)
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


@laid
def make_video_cohort(*, seconds: int = 60, learners: int = 1, now: dt.datetime = NOW) -> Running:
    """A running cohort whose course is one video of so many seconds (its row says so; the file is short)."""
    manager = make_provider()
    organisation = identity.get_organisation(manager.organisation_id or 0)
    video = make_ready_video(organisation, 8, now=now)
    Video.objects.filter(material=video).update(duration_ms=seconds * 1000)
    make_keys(video.video, seconds)
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


def make_keys(video: Video, seconds: int) -> None:
    """Keys for a video that its row says is longer than its file: a new one every twelve seconds of each rung."""
    first = {key.rung: key.key_hex for key in MediaKey.objects.filter(video=video, index=0)}
    MediaKey.objects.filter(video=video).delete()
    for rung, key_hex in first.items():
        for index, at in enumerate(range(0, seconds, 12)):
            end = min(at + 12, seconds) * 1000
            hex_of = key_hex if index == 0 else f"{index:032x}"
            MediaKey.objects.create(video=video, rung=rung, index=index, key_hex=hex_of, from_ms=at * 1000, to_ms=end)


@laid
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


def pass_self_test(
    running: Running, *, learner: int = 0, unit: int = 0, now: dt.datetime = BEGIN + dt.timedelta(hours=8)
) -> TestResult:
    """One learner answers a unit's self-test right, at its end or below the reading."""
    return pass_test_of(units_of(running)[unit], running, learner=learner, now=now)


def pass_test_of(unit: Unit, running: Running, *, learner: int, now: dt.datetime) -> TestResult:
    return operations.submit_self_test(
        actor=running.learners[learner],
        enrolment_id=running.enrolments[learner].pk,
        unit_id=unit.pk,
        answers=right_answers(unit),
        now=now,
    )


def page_of(running: Running, *, learner: int = 0, unit: int = 0, **changes: Any) -> Page:
    """A page (not yet open) of one learner at one unit."""
    values: dict[str, Any] = {
        "actor": running.learners[learner],
        "enrolment_id": running.enrolments[learner].pk,
        "unit_id": units_of(running)[unit].pk,
    }
    return Page(**{**values, **changes})
