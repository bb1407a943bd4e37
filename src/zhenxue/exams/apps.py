"""Registration only: evidence kinds, navigation, home block, and the work that comes round."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from django.apps import AppConfig

from zhenxue.evidence.data import Kind, register, register_projection
from zhenxue.identity.data import Role
from zhenxue.kernel import navigation, periodic

AUTHORS = frozenset({Role.PROVIDER_MANAGER, Role.ENTERPRISE_MANAGER, Role.TEACHER})
STAFF = AUTHORS | {Role.BUREAU_OFFICER, Role.OPERATOR_REVIEWER, Role.OPERATOR_ADMIN}
BANK_PLACES = ("exams:bank", "exams:bank_new", "exams:question_new", "exams:question", "exams:import", "exams:preview")
PAPER_PLACES = ("exams:paper", "exams:paper_new")
EXAM_PLACES = ("exams:exam", "exams:exam_new", "exams:exam_edit", "exams:entry", "exams:result")


def _lines(**labels: str) -> Callable[[Mapping[str, Any]], list[tuple[str, str]]]:
    def describe(body: Mapping[str, Any]) -> list[tuple[str, str]]:
        return [(label, str(body[key])) for key, label in labels.items() if body.get(key) not in (None, "")]

    return describe


def _questions(body: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [("题数", str(body["count"])), ("内容摘要", str(body["content_sha256"]))]


def _submitted(body: Mapping[str, Any]) -> list[tuple[str, str]]:
    ended = {"learner": "本人交卷", "deadline": "到时自动交卷"}.get(str(body["ended_by"]), "")
    answered = f"{body['answered']} / {body['questions']} 题"
    return [("交卷方式", ended), ("已答", answered), ("答卷摘要", str(body["answers_sha256"]))]


def _marked(body: Mapping[str, Any]) -> list[tuple[str, str]]:
    result = "合格" if body["passed"] else "不合格"
    return [("得分", f"{body['score']} / {body['total']}"), ("结果", f"{result}（合格线 {body['pass_percent']}%）")]


def _voided(body: Mapping[str, Any]) -> list[tuple[str, str]]:
    number = str(body["source"]).rpartition(":")[2]
    return [("依据", f"第 {number} 号核查的裁定"), ("原得分", str(body["before"]["score"]))]


def _restored(body: Mapping[str, Any]) -> list[tuple[str, str]]:
    number = str(body["source"]).rpartition(":")[2]
    result = "合格" if body["passed"] else "不合格"
    return [("依据", f"第 {number} 号核查的申诉成立"), ("得分", str(body["score"])), ("结果", result)]


KINDS = (
    Kind("exams.bank_created", "建立题库"),
    Kind("exams.question_added", "新增题目", describe=_questions),
    Kind("exams.question_edited", "修改题目", describe=_questions),
    Kind("exams.question_retired", "停用题目", describe=_questions),
    Kind("exams.questions_imported", "导入题目", describe=_questions),
    Kind("exams.paper_made", "试卷定稿", describe=_lines(questions="题数", total="总分")),
    Kind("exams.blueprint_made", "组卷方案定稿", describe=_lines(questions="题数", total="总分", pool="可抽题数")),
    Kind("exams.exam_scheduled", "安排考试", describe=_lines(stage="阶段", total="总分")),
    Kind("exams.exam_cancelled", "取消考试", ("reason",), _lines(reason="原因")),
    Kind("exams.exam_closed", "考试结束", describe=_lines(sat="参加人数", passed="合格人数")),
    Kind("exams.attempt_started", "开始考试", describe=_lines(number="第几次")),
    Kind("exams.attempt_moved", "换设备继续考试", describe=_lines(moves="第几次换")),
    Kind("exams.attempt_submitted", "交卷", describe=_submitted),
    Kind("exams.attempt_marked", "评分", describe=_marked),
    Kind("exams.attempt_voided", "考试作废", describe=_voided),
    Kind("exams.attempt_restored", "考试恢复有效", describe=_restored),
)


def _close_due(now: datetime) -> None:
    from zhenxue.exams.operations.attempts import close_due_attempts  # models are not loaded when apps register
    from zhenxue.exams.operations.exams import close_due_exams

    close_due_attempts(now=now)
    close_due_exams(now=now)


class ExamsConfig(AppConfig):
    name = "zhenxue.exams"
    label = "exams"

    def ready(self) -> None:
        from zhenxue.exams import subscribers
        from zhenxue.exams.operations import presence
        from zhenxue.exams.queries import facts
        from zhenxue.exams.queries.verification import check_scores
        from zhenxue.integrity import api as integrity
        from zhenxue.integrity import signals

        for kind in KINDS:
            register(kind)
        register_projection("exams.scores", check_scores)
        periodic.register(periodic.Job("exams.close_due", 15, _close_due))
        signals.ruling_made.connect(subscribers.on_ruling_made, dispatch_uid="exams.ruling_made")
        attempts = integrity.Looks.ATTEMPT
        integrity.register_facts(
            integrity.Source("exams.attempts", attempts, facts.attempts_between, facts.attempts_beside)
        )
        periodic.register(periodic.Job("exams.presence", 5, lambda now: presence.ask_due(now=now)))
        signals.check_asked.connect(subscribers.on_check_asked, dispatch_uid="exams.check_asked")
        signals.check_passed.connect(subscribers.on_check_passed, dispatch_uid="exams.check_passed")
        signals.check_missed.connect(subscribers.on_check_missed, dispatch_uid="exams.check_missed")
        integrity.register_running(presence.running_in)
        item, everybody = navigation.Item, STAFF | {Role.LEARNER}
        navigation.register(item("考试", "exams:list", "clipboard-check", everybody, 30, "考核", EXAM_PLACES))
        navigation.register(item("试卷", "exams:papers", "file-text", STAFF, 31, "考核", PAPER_PLACES))
        navigation.register(item("题库", "exams:banks", "books", STAFF, 32, "考核", BANK_PLACES))
        navigation.register_home(navigation.HomeBlock("exams:home_block", AUTHORS | {Role.LEARNER}, 30))
