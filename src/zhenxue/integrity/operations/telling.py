"""Who is told of an incident, and in what words: an inbox notice, written in the transaction of what it speaks of.

Connected to the app's own signals. The learner hears of everything that is about them; the provider's managers of what
they have to explain; the bureau's officers of what waits for them. The operator works from the queue on its home page.
"""

import datetime as dt
from typing import Any

from django.urls import reverse

from zhenxue.identity import api as identity
from zhenxue.integrity.data import KIND_WORDS, RULING_WORDS, Due, IncidentKind, RulingKind
from zhenxue.integrity.models import Incident
from zhenxue.kernel.errors import NotFound
from zhenxue.notices import api as notices
from zhenxue.notices.data import NoticeKind

KIND = NoticeKind.INCIDENT.value


def on_opened(*, incident_id: int, now: dt.datetime, **_: Any) -> None:
    """The learner learns what is looked into; the provider that it has to explain."""
    incident = _get(incident_id)
    kind = IncidentKind(incident.kind)
    words = f"{KIND_WORDS[kind]}。正在核实，还没有结论，学时和成绩没有变化。"
    _learner(incident, "有一件事正在核实", words, now)
    text = f"{incident.cohort.title}：{kind.label}。请在 {incident.reply_by:%Y-%m-%d} 前说明情况。"
    _managers(incident.organisation_id, incident, "有核查等待说明", text, now)


def on_explained(*, incident_id: int, now: dt.datetime, **_: Any) -> None:
    """The bureau learns that it may be ruled."""
    incident = _get(incident_id)
    text = f"{incident.cohort.title}：机构已说明，请在 {incident.rule_by:%Y-%m-%d} 前裁定。"
    _bureau(incident, "有核查等待裁定", text, now)


def on_ruled(*, incident_id: int, ruling: RulingKind, overturned: bool, now: dt.datetime, **_: Any) -> None:
    """The learner learns what was ruled, and until when it may be appealed against; the provider that it was."""
    if overturned or ruling is RulingKind.SPLIT:
        return
    incident = _get(incident_id)
    until = f"不同意的，{incident.appeal_by:%Y-%m-%d} 前可以申诉。" if incident.appeal_by else ""
    _learner(incident, f"核查结果：{ruling.label}", f"{RULING_WORDS[ruling]}{until}", now)
    text = f"{incident.cohort.title}：第 {incident.pk} 号核查已裁定，{ruling.label}。"
    _managers(incident.organisation_id, incident, "核查已裁定", text, now)


def on_appealed(*, incident_id: int, now: dt.datetime, **_: Any) -> None:
    """The bureau learns that a second person has to decide."""
    incident = _get(incident_id)
    text = f"{incident.cohort.title}：学员已申诉，请由另一个人在 {incident.decide_by:%Y-%m-%d} 前复核。"
    _bureau(incident, "有申诉等待复核", text, now)


def on_decided(*, incident_id: int, upheld: bool, now: dt.datetime, **_: Any) -> None:
    """The learner learns what the second person decided, and why stands on the page."""
    incident = _get(incident_id)
    words = "复核后维持原裁定。" if upheld else "申诉成立，原裁定已改变，撤销的学时或作废的成绩已恢复。"
    _learner(incident, "申诉复核结果", f"{words}理由请打开查看。", now)


def on_due(*, incident_id: int, due: Due, by: dt.date, overdue: bool, now: dt.datetime, **_: Any) -> None:
    """Whoever is awaited is reminded: the provider, the bureau, or the learner of the own deadline."""
    incident = _get(incident_id)
    if due is Due.APPEAL:
        if not overdue:
            _learner(incident, "申诉期限快到了", f"不同意核查结果的，请在 {by:%Y-%m-%d} 前提出申诉。", now)
        return
    how = "已逾期" if overdue else "即将到期"
    words = f"{how}：{incident.cohort.title} 第 {incident.pk} 号核查的{due.label}，期限 {by:%Y-%m-%d}。"
    if due is Due.REPLY:
        _managers(incident.organisation_id, incident, "核查说明期限提醒", words, now)
    else:
        _bureau(incident, f"{due.label}期限提醒", words, now)


def _learner(incident: Incident, title: str, text: str, now: dt.datetime) -> None:
    if incident.person_id is not None:
        link = reverse("integrity:my_incident", args=[incident.pk])
        notices.notify(person_id=incident.person_id, kind=KIND, title=title, text=text, link=link, now=now)


def _bureau(incident: Incident, title: str, text: str, now: dt.datetime) -> None:
    try:
        bureau = identity.bureau_of(incident.region_id)
    except NotFound:
        return  # a region without a bureau: the operator's queue has it
    _managers(bureau.pk, incident, title, text, now)


def _managers(organisation_id: int, incident: Incident, title: str, text: str, now: dt.datetime) -> None:
    link = reverse("integrity:incident", args=[incident.pk])
    people = identity.managers_of(organisation_id)
    notices.notify_many(person_ids=people, kind=KIND, title=title, text=text, link=link, now=now)


def _get(incident_id: int) -> Incident:
    return Incident.objects.select_related("cohort").get(pk=incident_id)
