"""Learners of the demo study through the real protocol: sessions, one-use tickets, beats, the ingest's own writer."""

import asyncio
import datetime as dt
from types import TracebackType
from typing import Self

import msgspec
from django.conf import settings
from django.db import connections

from zhenxue.catalogue import api as catalogue
from zhenxue.catalogue.data import UnitKind
from zhenxue.identity.data import Actor
from zhenxue.study import api as study
from zhenxue.study import protocol
from zhenxue.study.ingest.stores import open_store
from zhenxue.study.ingest.writer import Answer, Waiting, Writer
from zhenxue.training import api as training

SIGN_IN = protocol.sign_in_digest("demo")


class Classroom:
    """A writer whose clock the demo sets; use it as a context."""

    def __init__(self) -> None:
        self.now = dt.datetime.now(dt.UTC)
        self._loop = asyncio.new_event_loop()
        self._writer = Writer(
            open_store=lambda: open_store(connections["default"].settings_dict),
            key=protocol.ticket_key(settings.SECRET_KEY),
            now_ms=lambda: int(self.now.timestamp() * 1000),
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
        units: int | None = None,
        part: int = 100,
    ) -> dt.datetime:
        """Study the plan's units in order, the last of them only ``part`` per cent; gives the moment of leaving."""
        self.now = begins
        planned = training.plan_units(enrolment.cohort_id)[:units]
        for index, item in enumerate(planned):
            last = index == len(planned) - 1
            self._study_unit(learner, enrolment.pk, item.unit, percent=part if last else 100)
            self.now += dt.timedelta(minutes=1)
        return self.now

    def _study_unit(self, learner: Actor, enrolment_id: int, unit: catalogue.Unit, *, percent: int) -> None:
        opened = study.open_session(
            actor=learner,
            enrolment_id=enrolment_id,
            unit_id=unit.pk,
            sign_in_digest=SIGN_IN,
            device="手机 Chrome（演示）",
            take_over=True,
            now=self.now,
        )
        ticket, number, position = opened.ticket, 0, opened.position_ms
        target = opened.unit_ms * percent // 100
        while position < target:
            step = min(opened.beat_seconds * 1000, target - position)
            self.now += dt.timedelta(milliseconds=step)
            claim = protocol.Claim(
                number=number + 1,
                ticket=ticket,
                from_ms=position,
                to_ms=position + step,
                rate_percent=100,
                visible=True,
                playing=True,
                event="tick",
            )
            answer = self._beat(opened.session_id, claim)
            ticket, number, position = answer.ticket, answer.number, position + step
        study.close_session(actor=learner, session_id=opened.session_id, sign_in_digest=SIGN_IN, now=self.now)
        if unit.kind == UnitKind.SELF_TEST and percent == 100:
            answers = {question.pk: question.answer for question in catalogue.list_questions(unit.pk)}
            study.submit_self_test(
                actor=learner, enrolment_id=enrolment_id, unit_id=unit.pk, answers=answers, now=self.now
            )

    def _beat(self, session_id: int, claim: protocol.Claim) -> Answer:
        future: asyncio.Future[tuple[int, bytes]] = self._loop.create_future()
        self._writer.submit(Waiting(session_id, claim, SIGN_IN, future))
        status, body = self._loop.run_until_complete(future)
        if status != 200:
            raise RuntimeError(f"a demo beat was refused: {status} {body.decode()}")
        return msgspec.json.decode(body, type=Answer)
