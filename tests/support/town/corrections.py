"""What was asked for after the learning: make-ups, batches, hours taken back, marks corrected."""

import datetime as dt
from typing import Any
from urllib.parse import urlencode

from tests.support.town.people import actor, actor_of
from zhenxue.ledger import api as ledger
from zhenxue.ledger.data import Claim, CorrectionKind, Reason, Window
from zhenxue.training import api as training
from zhenxue.training.data import AttendanceState
from zhenxue.training.models import Attendance, Enrolment
from zhenxue.training.operations import attendance_corrections


def lay_corrections(running: Any, now: dt.datetime) -> dict[str, list[str]]:
    """A power cut in a cohort of the demo on the day of its learning, and all that was asked for since: a learner's
    request, a batch of the manager, hours that the county takes back, a mark that the teacher corrects.

    Gives addresses by role.
    """
    units = [one.unit for one in training.plan_units(running.pk)]
    read = next(one for one in units if one.kind == "document")
    enrolments = list(Enrolment.objects.filter(cohort=running).order_by("pk"))
    shown = enrolments[0]
    day = running.starts_on + dt.timedelta(days=2)
    since = dt.datetime.combine(day, dt.time(20), dt.timezone(dt.timedelta(hours=8)))
    until = since + dt.timedelta(minutes=2)
    for one in enrolments:
        claim = Claim(0, 0, since, until, Reason.GAP)
        ledger.credit(enrolment_id=one.pk, unit_id=read.pk, claims=[claim], source="study:1", now=now)
    ledger.request_make_up(
        actor=actor_of(shown),
        enrolment_id=shown.pk,
        unit_id=read.pk,
        began_at=since,
        ended_at=until,
        seconds=90,
        reason="晚上八点教室停电，页面开着。",
        now=now,
    )
    batch = ledger.propose_batch(
        actor=actor("provider"),
        cohort_id=running.pk,
        window=Window(unit_id=read.pk, first_day=day, last_day=day),
        chosen=[(enrolments[index].pk, day) for index in (1, 2, 5)],
        reason="晚上八点教室停电两分钟，全班受影响。",
        leave_out=True,
        now=now,
    )
    evening = (since - dt.timedelta(hours=1), since)
    withdrawal = ledger.propose_correction(
        actor=actor("county371502"),
        kind=CorrectionKind.WITHDRAW,
        enrolment_id=shown.pk,
        unit_id=units[0].pk,
        began_at=evening[0],
        ended_at=evening[1],
        reason="抽查发现这段时间由他人代学。",
        now=now,
    )
    present = Attendance.objects.filter(line__cohort=running, state=AttendanceState.PRESENT)
    mark = present.select_related("line").order_by("-pk")[0]
    marked = attendance_corrections.propose_attendance_correction(
        actor=actor("teacher"),
        attendance_id=mark.pk,
        state=AttendanceState.LATE,
        reason="签到表上写的是 14:20 到。",
        now=(mark.line.ends_at or now) + dt.timedelta(hours=1),
    )
    stretch = urlencode({"unit": units[0].pk, "from": evening[0].isoformat(), "until": evening[1].isoformat()})
    picked = urlencode({"unit": read.pk, "first_day": day.isoformat()})
    own_day = f"/progress/{shown.pk}/{day.isoformat()}/"
    return {
        "learner": [own_day],
        "provider_manager": [
            own_day,
            f"/progress/{enrolments[2].pk}/withdraw/?{stretch}",
            f"/progress/cohorts/{running.pk}/make-up/?{picked}",
            f"/progress/corrections/batches/{batch.pk}/",
            f"/progress/corrections/{withdrawal.pk}/",
            f"/lessons/corrections/{marked.pk}/",
        ],
    }
