"""Incidents of the demo, one in each state that matters: to be explained, to be ruled, ruled, under appeal.

Each begins with signals as the rules note them, about sessions that the learners really studied; people do the rest.
"""

import datetime as dt
from collections.abc import Callable, Mapping

from zhenxue.config.demo.city import City
from zhenxue.config.demo.cohorts import Group
from zhenxue.integrity import api as integrity
from zhenxue.integrity.data import RulingKind
from zhenxue.training import api as training

EXPLAINED = "已向学员本人和带班教师了解：当晚学员在家用平板学习，屏幕装了自动点击的护眼软件，现已卸载。"
WARNED = "机构说明可信，学习时间与视频进度相符，这次只作提醒。请不要在学习设备上安装自动操作的软件。"
TAKEN = "这两分钟里的操作间隔几乎完全相同，机构没有说明原因，撤销这一段时间，其余学时不变。"
APPEALED = "当晚是我本人在学，因为手不方便用了辅助点击，课程内容我都看了，请核对我的自测成绩。"


def build_incidents(
    city: City,
    group: Group,
    evenings: list[dt.datetime],
    running: Group,
    sessions: Mapping[int, int],
    at: Callable[[int, int], dt.datetime],
) -> None:
    """Three incidents of one cohort, whose learners studied from ``evenings`` on, and one that has just been opened of
    another; ``sessions`` are their last ones by enrolment, ``at`` gives a moment by days from today and hour."""
    cases = [
        _opened(one, sessions, evening, at(-9, 9 + place))
        for place, (one, evening) in enumerate(zip(group.enrolments, evenings, strict=True))
    ]
    _opened(running.enrolments[-2], sessions, at(-6, 19), at(-1, 9))
    appealed, ruled, explained = cases
    for incident in (appealed, ruled):
        integrity.explain(actor=group.manager, incident_id=incident.pk, text=EXPLAINED, now=at(-8, 10))
    integrity.rule(actor=city.reviewer, incident_id=ruled.pk, kind=RulingKind.WARN, reason=WARNED, now=at(-6, 10))
    begins = evenings[0] + dt.timedelta(minutes=2)
    integrity.rule(
        actor=city.reviewer,
        incident_id=appealed.pk,
        kind=RulingKind.WITHDRAW,
        reason=TAKEN,
        since=begins,
        until=begins + dt.timedelta(minutes=2),
        now=at(-6, 11),
    )
    learner = group.learner(group.enrolments[0])
    integrity.appeal(actor=learner, incident_id=appealed.pk, text=APPEALED, now=at(-4, 20))
    integrity.explain(actor=group.manager, incident_id=explained.pk, text=EXPLAINED, now=at(-3, 10))


def _opened(
    enrolment: training.Enrolment, sessions: Mapping[int, int], begins: dt.datetime, now: dt.datetime
) -> integrity.Incident:
    """Two findings of machine-like input in one evening, which together open an incident."""
    for place in range(2):
        integrity.note_signal(
            person_id=enrolment.person_id,
            enrolment_id=enrolment.pk,
            kind="machine_input",
            context=f"study:{sessions[enrolment.pk]}",
            facts={"inputs": 40 + place, "every_ms": 15_000, "spread_percent": 1},
            once_key=f"demo:{sessions[enrolment.pk]}:{place}",
            happened_at=begins + dt.timedelta(minutes=2 + place),
            now=now,
        )
    [incident] = integrity.open_incidents_of(person_id=enrolment.person_id)
    return incident
