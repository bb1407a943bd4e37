"""Registration only."""

from collections.abc import Mapping
from typing import Any

from django.apps import AppConfig

from zhenxue.kernel.hours import in_words


class StudyConfig(AppConfig):
    name = "zhenxue.study"
    label = "study"

    def ready(self) -> None:
        from zhenxue.evidence import api as evidence
        from zhenxue.identity import signals as identity
        from zhenxue.identity.data import Role
        from zhenxue.integrity import api as integrity
        from zhenxue.integrity import signals as checks
        from zhenxue.kernel import navigation, partitions, periodic
        from zhenxue.ledger import signals as ledger
        from zhenxue.study import queries, subscribers, tasks
        from zhenxue.study.operations import archives, presence
        from zhenxue.study.queries import facts
        from zhenxue.training import signals

        evidence.register(evidence.Kind("study.opened", "开始学习", describe=_opened))
        evidence.register(evidence.Kind("study.closed", "结束学习", describe=_closed))
        evidence.register(evidence.Kind("study.handed_over", "学习转到另一处", describe=_handed_over))
        evidence.register(evidence.Kind("study.self_test", "提交自测", describe=_self_test))
        for name, label in ARCHIVE_KINDS:
            evidence.register(evidence.Kind(name, label, describe=_archived))
        evidence.register_projection("study.archives", archives.check_archives)
        evidence.register_projection("study.self_tests", queries.check_self_tests)
        once = partitions.Once("study_beat_number_once", "session_id, number", "accepted")
        beats = partitions.Monthly("study_beat", "received_ms", milliseconds=True, once=(once,), drop_empty=True)
        partitions.register(beats)
        periodic.register(periodic.Job("study.archive", 86_400, lambda now: tasks.archive_due.enqueue()))
        signals.cohort_closed.connect(subscribers.on_cohort_closed, dispatch_uid="study.cohort_closed")
        signals.enrolment_left.connect(subscribers.on_enrolment_left, dispatch_uid="study.enrolment_left")
        ledger.coverage_corrected.connect(subscribers.on_coverage_corrected, dispatch_uid="study.coverage_corrected")
        checks.check_asked.connect(subscribers.on_check_asked, dispatch_uid="study.check_asked")
        checks.check_passed.connect(subscribers.on_check_passed, dispatch_uid="study.check_passed")
        checks.check_missed.connect(subscribers.on_check_missed, dispatch_uid="study.check_missed")
        checks.check_made_up.connect(subscribers.on_check_made_up, dispatch_uid="study.check_made_up")
        integrity.register_running(presence.running_in)
        periodic.register(periodic.Job("study.presence", 10, lambda now: presence.ask_forgotten(now=now)))
        identity.sign_in_ended.connect(subscribers.on_sign_in_ended, dispatch_uid="study.sign_in_ended")
        checks.ruling_made.connect(subscribers.on_ruling_made, dispatch_uid="study.ruling_made")
        look = integrity.Looks
        integrity.register_facts(
            integrity.Source("study.sessions", look.SESSION, facts.sessions_between, facts.sessions_beside)
        )
        integrity.register_facts(integrity.Source("study.sign_ins", look.SIGN_INS, facts.sign_ins_between))
        learner = {Role.LEARNER.value}
        navigation.register(
            navigation.Item(
                "学习",
                "study:home",
                icon="book",
                roles=learner,
                order=10,
                also=("study:course", "study:unit", "portal:home"),
            )
        )
        operator = {Role.OPERATOR_ADMIN.value}
        navigation.register(
            navigation.Item("学习上报归档", "study:archives", icon="database", roles=operator, order=61, group="存证")
        )
        navigation.register_home(navigation.HomeBlock("study:home_block", learner, order=10, wide=True, lines=5))


ARCHIVE_KINDS = (
    ("study.beats_archived", "学习上报归档"),
    ("study.beats_restored", "学习上报恢复到数据库"),
    ("study.beats_sealed_again", "恢复的学习上报再次归档"),
)


def _archived(body: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [
        ("月份", f"{body['month']} 第 {body['part']} 部分"),
        ("行数", f"{body['rows']} 行，{body['sessions']} 次学习"),
        ("文件", f"{body['path']}，{body['size']} 字节"),
        ("SHA-256", body["sha256"]),
    ]


def _title(body: Mapping[str, Any]) -> str:
    """The unit's title as it was then; entries of before titles were written have the number alone."""
    return str(body.get("title") or f"第 {body['unit']} 号")


def _opened(body: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [("单元", _title(body)), ("设备", body["device"])]


def _closed(body: Mapping[str, Any]) -> list[tuple[str, str]]:
    from zhenxue.study.data import EndReason

    lines = [
        ("单元", _title(body)),
        ("原因", EndReason(body["reason"]).label),
        ("单元累计计入", in_words(body["unit_seconds"])),
    ]
    if body.get("checks_missed"):
        lines.append(("没有及时确认在学习", f"{body['checks_missed']} 次"))
    if body.get("refusals"):
        lines.append(("凭证不对的上报", _refusals(body["refusals"])))
    return lines


def _refusals(counts: Mapping[str, int]) -> str:
    from zhenxue.ledger.data import Reason

    return "，".join(f"{Reason(reason).label.split('，')[0]} {count} 次" for reason, count in counts.items())


def _handed_over(body: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [("单元", _title(body)), ("原设备", body["from_device"]), ("新设备", body["to_device"] or "同一设备")]


def _self_test(body: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [("单元", _title(body)), ("得分", f"{body['percent']} 分"), ("结果", "合格" if body["passed"] else "未合格")]
