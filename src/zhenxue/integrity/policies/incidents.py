"""Who explains, rules, appeals and decides; what a ruling needs. ``check_can_…`` raises with the reason."""

import datetime as dt

from zhenxue.identity.data import Actor, Role
from zhenxue.integrity.data import (
    APPEALABLE,
    CLASS_RULINGS,
    INCIDENT_TRANSITIONS,
    LEARNER_RULINGS,
    LIGHTER,
    IncidentState,
    RulingKind,
)
from zhenxue.integrity.models import Incident, Ruling
from zhenxue.kernel import clock
from zhenxue.kernel.errors import Conflict, Refused


def is_provider_of(actor: Actor, incident: Incident) -> bool:
    """Runs the class in which it happened."""
    return actor.is_manager and actor.organisation_id == incident.organisation_id


def is_judge_of(actor: Actor, incident: Incident) -> bool:
    """The operator, or the bureau whose region the class is in; always a person with an account."""
    return actor.account_id is not None and (actor.is_operator or actor.covers(incident.region_id))


def may_see_faces(actor: Actor) -> bool:
    """The right to see a picture of a camera clearly: whoever answers for real-name data (as for photographs)."""
    return actor.is_manager or actor.role in {Role.BUREAU_OFFICER, Role.OPERATOR_ADMIN}


def check_move(incident: Incident, state: IncidentState) -> None:
    """Raises ``Conflict`` when the incident has moved on (a second click, a stale page)."""
    current = IncidentState(incident.state)
    if state not in INCIDENT_TRANSITIONS[current]:
        raise Conflict("integrity.incident_state", f"这件核查现在是“{current.label}”，不能做这项操作。请刷新页面查看。")


def check_can_explain(actor: Actor, incident: Incident) -> None:
    """A manager of the provider, once, while nobody has ruled; late is better than never."""
    if not is_provider_of(actor, incident):
        raise Refused("integrity.explain_right", "说明由开班的培训机构提交，请用机构管理员账号登录。")
    check_move(incident, IncidentState.EXPLAINED)


def check_can_rule(actor: Actor, incident: Incident, kind: RulingKind | None, now: dt.datetime) -> None:
    """The operator or the region's bureau, after the provider was heard (or let its time pass); who finds nothing in it
    need not wait. Never the system: a score rules nothing."""
    if not is_judge_of(actor, incident):
        raise Refused("integrity.rule_right", "裁定由平台审核员或本地区人社部门作出。")
    check_move(incident, IncidentState.RULED)
    fitting = LEARNER_RULINGS if incident.person_id is not None else CLASS_RULINGS
    if kind is not None and kind not in fitting:
        raise Conflict("integrity.ruling_kind", f"这件核查不能作“{kind.label}”的裁定，请改选。")
    heard = incident.state == IncidentState.EXPLAINED or clock.civil_day(now) > incident.reply_by
    if not heard and kind not in {None, RulingKind.DISMISS, RulingKind.SPLIT}:
        words = f"培训机构还没有说明，说明期限到 {incident.reply_by:%Y-%m-%d}。期限过后或收到说明后再裁定。"
        raise Conflict("integrity.not_heard", words)


def check_can_appeal(actor: Actor, incident: Incident, ruling: Ruling | None, now: dt.datetime) -> None:
    """The learner it is about, once, within the days that the class's rules give."""
    if not actor.is_learner or actor.person_id is None or actor.person_id != incident.person_id:
        raise Refused("integrity.appeal_right", "申诉由学员本人提出。")
    check_move(incident, IncidentState.APPEALED)
    if ruling is None or RulingKind(ruling.kind) not in APPEALABLE:
        raise Conflict("integrity.nothing_to_appeal", "这次裁定没有影响您的学时和成绩，不需要申诉。")
    if incident.appeal_by is None or clock.civil_day(now) > incident.appeal_by:
        raise Refused("integrity.appeal_late", "申诉期限已过。如仍有异议，请联系当地人社部门。")


def check_can_decide(actor: Actor, incident: Incident, first: Ruling | None) -> None:
    """As for a ruling, and never who ruled first."""
    if not is_judge_of(actor, incident):
        raise Refused("integrity.decide_right", "申诉由平台审核员或本地区人社部门复核。")
    if incident.state != IncidentState.APPEALED or first is None:
        raise Conflict("integrity.not_appealed", "这件核查没有等待复核的申诉。请刷新页面查看。")
    if first.account_id == actor.account_id:
        raise Refused("integrity.second_person", "申诉要由另一个人复核，请换一位同事办理。")


def check_decision(first: Ruling, kind: RulingKind) -> None:
    """An appeal never makes it worse: the same again, or something lighter."""
    before = RulingKind(first.kind)
    if kind is not before and kind not in LIGHTER.get(before, ()):
        raise Conflict("integrity.heavier", f"申诉复核不能把“{before.label}”改为“{kind.label}”，只能维持或减轻。")
