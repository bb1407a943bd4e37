"""Learners of the demo study through the real protocol: a device that proves itself, one-use tickets, content keys,
beats with their proof, checks, the ingest's own writer."""

import asyncio
import datetime as dt
from types import TracebackType
from typing import Self

import msgspec
from django.conf import settings
from django.db import connections

from zhenxue.catalogue import api as catalogue
from zhenxue.config.demo.presence import show
from zhenxue.identity import api as identity
from zhenxue.identity.data import SYSTEM, Actor, Device
from zhenxue.kernel import clock
from zhenxue.study import api as study
from zhenxue.study import pageside, protocol
from zhenxue.study.data import DeviceProof, Opened
from zhenxue.study.errors import ProveDevice
from zhenxue.study.ingest.answers import Answer, Check
from zhenxue.study.ingest.stores import open_store
from zhenxue.study.ingest.writer import Waiting, Writer
from zhenxue.study.pageside import Opening, SoftDevice
from zhenxue.training import api as training

SIGN_IN = protocol.sign_in_digest("demo")
DEVICE = "手机 Chrome（演示）"


class Classroom:
    """A writer whose clock the demo sets; use it as a context."""

    def __init__(self) -> None:
        self.now = dt.datetime.now(dt.UTC)
        self._loop = asyncio.new_event_loop()
        self._teacher = SYSTEM
        self.sessions: dict[int, int] = {}  # of each enrolment the session that was opened last
        self._sign_ins: dict[int, tuple[int, SoftDevice]] = {}
        self._writer = Writer(
            open_store=lambda: open_store(connections["default"].settings_dict),
            key=protocol.ticket_key(settings.SECRET_KEY),
            now_ms=lambda: clock.milliseconds(self.now),
        )

    def __enter__(self) -> Self:
        self._writer.start(self._loop)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._writer.stop()
        self._loop.close()

    def study(
        self,
        learner: Actor,
        enrolment: training.Enrolment,
        begins: dt.datetime,
        *,
        teacher: Actor,
        units: int | None = None,
        part: int = 100,
    ) -> dt.datetime:
        """Study the plan's units in order, the last of them only ``part`` per cent; gives the moment of leaving.

        ``teacher`` is called where presence needs a word.
        """
        self.now, self._teacher = begins, teacher
        planned = training.plan_units(enrolment.cohort_id)[:units]
        for index, item in enumerate(planned):
            last = index == len(planned) - 1
            self._study_unit(learner, enrolment.pk, item.unit, percent=part if last else 100)
            self.now += dt.timedelta(minutes=1)
        return self.now

    def _study_unit(self, learner: Actor, enrolment_id: int, unit: catalogue.Unit, *, percent: int) -> None:
        player = self._open(learner, enrolment_id, unit)
        if player.opened.presence:
            self._show_presence(player)
        target = player.opened.unit_ms * percent // 100
        studied = 0
        while studied < target:
            step = min(player.opened.beat_seconds * 1000, target - studied, player.left_on_page)
            self.now += dt.timedelta(milliseconds=step)
            player.load_keys(step, self.now)
            self._beat(player, step)
            studied += step
            if player.presence_asked:
                self._show_presence(player)
        study.close_session(actor=learner, session_id=player.opened.session_id, sign_in_digest=SIGN_IN, now=self.now)
        questions = catalogue.list_questions(unit.pk)
        if questions and percent == 100:
            answers = {question.pk: question.answer for question in questions}
            study.submit_self_test(
                actor=learner, enrolment_id=enrolment_id, unit_id=unit.pk, answers=answers, now=self.now
            )

    def _show_presence(self, player: "Player") -> None:
        """Passes the check that the session waits for; the time that stood is nobody's."""
        check = study.ask_presence(
            actor=player.learner, session_id=player.opened.session_id, sign_in_digest=SIGN_IN, now=self.now
        )
        self.now = show(player.learner, check, self.now, teacher=self._teacher)
        player.presence_asked = False

    def _open(self, learner: Actor, enrolment_id: int, unit: catalogue.Unit) -> "Player":
        """Opens the session as a page does: asked to prove the device, it signs the challenge."""
        sign_in_id, device = self._sign_in(learner)
        tab = f"demo{unit.pk}"

        def ask(proof: DeviceProof | None) -> Opened:
            return study.open_session(
                actor=learner,
                enrolment_id=enrolment_id,
                unit_id=unit.pk,
                sign_in_digest=SIGN_IN,
                sign_in_id=sign_in_id,
                proof=proof,
                tab=tab,
                device=DEVICE,
                take_over=True,
                now=self.now,
            )

        try:
            ask(None)
        except ProveDevice as asked:
            challenge = asked.challenge
        else:
            raise RuntimeError("a study session opened without proof of the device")
        opening = Opening(device, challenge=challenge, enrolment_id=enrolment_id, unit_id=unit.pk, tab=tab)
        opened = ask(DeviceProof(challenge, opening.ephemeral, opening.signature))
        self.sessions[enrolment_id] = opened.session_id
        return Player(learner, unit, opened, opening.beat_key(opened.server_ephemeral, opened.session_id))

    def _sign_in(self, learner: Actor) -> tuple[int, SoftDevice]:
        """The learner's sign-in, bound to a device of the learner's own, made at the first lesson."""
        account_id = learner.account_id or 0
        if account_id not in self._sign_ins:
            device = SoftDevice()
            session, _ = identity.open_session(
                account=identity.get_account(account_id), device=Device(DEVICE), take_over=True, now=self.now
            )
            identity.register_device_key(
                actor=learner, login_session_id=session.pk, public_key=device.public_key, now=self.now
            )
            self._sign_ins[account_id] = (session.pk, device)
        return self._sign_ins[account_id]

    def _beat(self, player: "Player", step: int) -> None:
        claim = player.claim(step)
        body = msgspec.json.encode(claim)
        header = pageside.proof(player.beat_key, body).encode()
        future: asyncio.Future[tuple[int, bytes]] = self._loop.create_future()
        self._writer.submit(Waiting(player.opened.session_id, claim, body, header, SIGN_IN, future))
        status, answer = self._loop.run_until_complete(future)
        if status != 200:
            raise RuntimeError(f"a demo beat was refused: {status} {answer.decode()}")
        player.go_on(msgspec.json.decode(answer, type=Answer))


class Player:
    """The page's memory of one session: the last ticket, the position, an open check, the keys it has."""

    def __init__(self, learner: Actor, unit: catalogue.Unit, opened: Opened, beat_key: bytes) -> None:
        self.opened, self.beat_key = opened, beat_key
        self.learner = learner
        self.presence_asked = False
        self._ticket, self._number, self._position_ms = opened.ticket, opened.number, opened.position_ms
        self._check = ""
        self._windows: list[tuple[int, int, int]] = []
        if opened.paced and unit.material is not None:
            self._rung = str(unit.material.video.rungs[0]["name"])
            self._windows = catalogue.key_windows(unit.material.video, self._rung)

    @property
    def left_on_page(self) -> int:
        """Milliseconds that the page in view may still count; a video has no pages."""
        slot_ms = self.opened.slot_ms
        return slot_ms - self._position_ms % slot_ms if slot_ms else self.opened.unit_ms

    def load_keys(self, step: int, now: dt.datetime) -> None:
        """Asks for the keys of what is played next."""
        while self._windows and self._windows[0][1] < self._position_ms + step:
            index, _, to_ms = self._windows.pop(0)
            if to_ms > self._position_ms:
                study.release_key(
                    actor=self.learner,
                    session_id=self.opened.session_id,
                    sign_in_digest=SIGN_IN,
                    ticket=self._ticket,
                    rung=self._rung,
                    index=index,
                    now=now,
                )

    def claim(self, step: int) -> protocol.Claim:
        """The next beat."""
        slots, slot_ms = self.opened.slots, self.opened.slot_ms
        return protocol.Claim(
            number=self._number + 1,
            ticket=self._ticket,
            from_ms=self._position_ms,
            to_ms=self._position_ms + step,
            rate_percent=100,
            visible=True,
            focused=True,
            playing=True,
            page=min(self._position_ms // slot_ms, slots - 1) if slots else 0,
            answer=self._check,
        )

    def go_on(self, answer: Answer) -> None:
        """Takes what the answer brings."""
        self._ticket, self._number, self._position_ms = answer.ticket, answer.number, answer.position_ms
        self.presence_asked = answer.presence is True
        self._check = answer.check.nonce if isinstance(answer.check, Check) else ""
