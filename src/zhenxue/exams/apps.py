"""Registration only: evidence kinds, navigation, home block, and the work that comes round."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from django.apps import AppConfig

from zhenxue.evidence.data import Kind, register, register_projection
from zhenxue.exams.data import MarkRound
from zhenxue.identity.data import Role
from zhenxue.kernel import navigation, periodic, resealing, storage

AUTHORS = frozenset({Role.PROVIDER_MANAGER, Role.ENTERPRISE_MANAGER, Role.TEACHER})
STAFF = AUTHORS | {Role.BUREAU_OFFICER, Role.OPERATOR_REVIEWER, Role.OPERATOR_ADMIN}
BANK_PLACES = (
    "exams:bank",
    "exams:bank_new",
    "exams:assets",
    "exams:doubles",
    "exams:question_edit",
    "exams:question_new",
    "exams:question",
    "exams:import",
    "exams:preview",
    "exams:exports",
)
PAPER_PLACES = ("exams:paper", "exams:paper_new", "exams:paper_print")
DESK_PLACES = ("exams:exam_desk", "exams:mark", "exams:markers", "exams:practical", "exams:sheet", "exams:score_import")
APPEAL_PLACES = ("exams:appeal", "exams:appeal_new", "exams:appeal_change", "exams:change", "exams:change_new")
BLUEPRINT_PLACES = (
    *("exams:blueprint", "exams:blueprint_new", "exams:blueprint_edit"),
    *("exams:blueprint_samples", "exams:rule_edit"),
)
CERTIFICATE_PLACES = ("exams:certificate", "exams:certificate_cohort")
EXAM_PLACES = (
    "exams:exam",
    "exams:exam_new",
    "exams:exam_edit",
    "exams:entry",
    "exams:result",
    "exams:room",
    "exams:seat",
    "exams:comparison",
    "exams:pair",
    "exams:conduct",
    "exams:allowances",
    "exams:make_up",
)


def _lines(**labels: str) -> Callable[[Mapping[str, Any]], list[tuple[str, str]]]:
    def describe(body: Mapping[str, Any]) -> list[tuple[str, str]]:
        return [(label, str(body[key])) for key, label in labels.items() if body.get(key) not in (None, "")]

    return describe


def _questions(body: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [("题数", str(body["count"])), ("内容摘要", str(body["content_sha256"]))]


def _submitted(body: Mapping[str, Any]) -> list[tuple[str, str]]:
    ended = {"learner": "本人交卷", "deadline": "到时自动交卷", "staff": "监考员收卷"}.get(str(body["ended_by"]), "")
    answered = f"{body['answered']} / {body['questions']} 题"
    return [("交卷方式", ended), ("已答", answered), ("答卷摘要", str(body["answers_sha256"]))]


def _marked(body: Mapping[str, Any]) -> list[tuple[str, str]]:
    result = "合格" if body["passed"] else "不合格"
    return [("得分", f"{body['score']} / {body['total']}"), ("结果", f"{result}（合格线 {body['pass_percent']}%）")]


def _result(body: Mapping[str, Any]) -> list[tuple[str, str]]:
    result = "合格" if body["passed"] else "不合格"
    return [("得分", f"{body['score']} / {body['total']}"), ("结果", result)]


def _remarked(body: Mapping[str, Any]) -> list[tuple[str, str]]:
    before, reason = ("原得分", str(body["before"]["score"])), str(body.get("reason", ""))
    return [before, *_result(body), *([("理由", reason)] if reason else [])]


def _answer_marked(body: Mapping[str, Any]) -> list[tuple[str, str]]:
    label = MarkRound(body["round"]).label
    return [("题号", str(body["position"])), ("轮次", label), ("给分", f"{body['points']} / {body['of']}")]


def _voided(body: Mapping[str, Any]) -> list[tuple[str, str]]:
    number = str(body["source"]).rpartition(":")[2]
    return [("依据", f"第 {number} 号核查的裁定"), ("原得分", str(body["before"]["score"]))]


def _restored(body: Mapping[str, Any]) -> list[tuple[str, str]]:
    number = str(body["source"]).rpartition(":")[2]
    result = "合格" if body["passed"] else "不合格"
    return [("依据", f"第 {number} 号核查的申诉成立"), ("得分", str(body["score"])), ("结果", result)]


def _allowance(body: Mapping[str, Any]) -> list[tuple[str, str]]:
    given = [("延长", f"{body['extra_minutes']} 分钟"), ("增加", f"{body['extra_attempts']} 次")]
    return [one for one in given if not one[1].startswith("0 ")] + _lines(reason="原因")(body)


KINDS = (
    Kind("exams.bank_created", "建立题库"),
    Kind("exams.question_added", "新增题目", describe=_questions),
    Kind("exams.question_edited", "修改题目", describe=_questions),
    Kind("exams.question_retired", "停用题目", describe=_questions),
    Kind("exams.question_restored", "恢复题目", describe=_questions),
    Kind("exams.questions_changed", "批量修改题目", describe=_questions),
    Kind("exams.question_doubled", "保留重复题目", describe=_questions),
    Kind("exams.questions_merged", "合并重复题目", describe=_questions),
    Kind("exams.asset_added", "上传题目文件", describe=_lines(mime="类型", size_bytes="大小", file_sha256="摘要")),
    Kind("exams.questions_imported", "导入题目", describe=_questions),
    Kind("exams.paper_made", "试卷定稿", describe=_lines(questions="题数", total="总分")),
    Kind("exams.blueprint_made", "组卷方案定稿", describe=_lines(questions="题数", total="总分", pool="可抽题数")),
    Kind("exams.exam_scheduled", "安排考试", describe=_lines(stage="阶段", total="总分")),
    Kind("exams.exam_cancelled", "取消考试", ("reason",), _lines(reason="原因")),
    Kind("exams.exam_closed", "考试结束", describe=_lines(sat="参加人数", passed="合格人数", unscored="没有成绩")),
    Kind("exams.scores_missing", "实操考核到时还有人没有成绩", describe=_lines(left="人数")),
    Kind("exams.allowance_given", "单独安排", ("reason",), _allowance),
    Kind("exams.allowance_ended", "取消单独安排"),
    Kind("exams.break_began", "开始休息", describe=_lines(number="第几次", minutes="最多分钟")),
    Kind("exams.break_ended", "结束休息", describe=_lines(number="第几次", seconds="用时（秒）")),
    Kind("exams.attempt_started", "开始考试", describe=_lines(number="第几次")),
    Kind("exams.attempt_moved", "换设备继续考试", describe=_lines(moves="第几次换")),
    Kind("exams.device_released", "放行换设备", ("reason",), _lines(reason="原因")),
    Kind("exams.room_message", "监考消息", ("words",), _lines(words="内容")),
    Kind("exams.time_extended", "延长考试时间", ("reason",), _lines(minutes="分钟", reason="原因")),
    Kind(
        "exams.time_extended_all", "全场延长时间", ("reason",), _lines(minutes="分钟", attempts="人数", reason="原因")
    ),
    Kind("exams.attempt_taken_in", "监考员收卷", ("reason",), _lines(reason="原因")),
    Kind("exams.check_called", "监考员要求核验", ("reason",), _lines(reason="原因")),
    Kind("exams.room_noted", "监考员记录情况", ("words",), _lines(words="内容")),
    Kind("exams.exam_compared", "答卷比对", describe=_lines(attempts="答卷", pairs="比对次数", found="相似对数")),
    Kind("exams.pair_referred", "相似答卷交由核查", ("reason",), _lines(same_wrong="相同错答", reason="意见")),
    Kind("exams.attempt_submitted", "交卷", describe=_submitted),
    Kind("exams.attempt_marked", "评分", describe=_marked),
    Kind("exams.answer_marked", "评阅一题", describe=_answer_marked),
    Kind("exams.attempt_remarked", "成绩更正", ("reason",), _remarked),
    Kind("exams.markers_named", "确定评卷或考评人员", describe=_lines(people="人数", chiefs="组长")),
    Kind("exams.results_published", "公布成绩", describe=_lines(marked="已评分", passed="合格", waiting="评阅中")),
    Kind("exams.result_published", "成绩公布给学员", describe=_result),
    Kind("exams.score_appealed", "申请复核成绩", ("text",), _lines(score="原得分", text="理由")),
    Kind("exams.appeal_decided", "成绩复核答复", ("reply",), _lines(reply="答复")),
    Kind("exams.change_proposed", "提出改分", ("reason",), _lines(before="原得分", after="改后得分", reason="理由")),
    Kind("exams.change_rejected", "不同意改分", ("note",), _lines(note="理由")),
    Kind("exams.sheet_submitted", "提交实操评分表", describe=_lines(points="得分", of="满分")),
    Kind(
        "exams.certificate_issued",
        "发放证书",
        describe=_lines(number="证书编号", replaces="代替", facts_sha256="内容摘要", file_sha256="文件摘要"),
    ),
    Kind("exams.certificate_change_proposed", "提出撤销证书", ("reason",), _lines(number="证书编号", reason="理由")),
    Kind("exams.certificate_change_rejected", "不同意撤销证书", ("note",), _lines(number="证书编号", note="理由")),
    Kind("exams.certificate_revoked", "撤销证书", ("reason",), _lines(number="证书编号", reason="理由")),
    Kind("exams.certificates_taken", "批量取走证书", describe=_lines(count="张数", form="形式")),
    Kind("exams.practice_opened", "开放练习", describe=_lines(what="内容", minutes="分钟")),
    Kind("exams.practice_closed", "停止开放练习", describe=_lines(what="内容")),
    Kind("exams.attempt_voided", "考试作废", describe=_voided),
    Kind("exams.attempt_restored", "考试恢复有效", describe=_restored),
)


def _close_due(now: datetime) -> None:
    from zhenxue.exams.operations.attempts import close_due_attempts  # models are not loaded when apps register
    from zhenxue.exams.operations.exams import close_due_exams

    close_due_attempts(now=now)
    close_due_exams(now=now)


def _publish(now: datetime) -> None:
    from zhenxue.exams.operations.publication import publish_due, tell_results  # as above

    publish_due(now=now)
    tell_results(now=now)


def _compare_due(now: datetime) -> None:
    from zhenxue.exams.queries.comparison import exams_to_compare  # as above
    from zhenxue.exams.tasks import compare_exam

    for exam in exams_to_compare(now):
        compare_exam.enqueue(exam)


def _count_due(now: datetime) -> None:
    from zhenxue.exams.operations.statistics import organisations_due  # as above
    from zhenxue.exams.tasks import count_questions

    for organisation in organisations_due(now):
        count_questions.enqueue(organisation)


def _resume_certificates(now: datetime) -> None:
    from zhenxue.exams.operations.certificates import resume_stalled  # as above
    from zhenxue.exams.tasks import issue_certificates

    for batch in resume_stalled(now=now):
        issue_certificates.enqueue(batch.pk, batch.asked_by_id or 0, batch.asked_role)


def _collect_errors(now: datetime) -> None:
    from zhenxue.exams.operations.errors import collect_errors  # as above

    collect_errors(now=now)


class ExamsConfig(AppConfig):
    name = "zhenxue.exams"
    label = "exams"

    def ready(self) -> None:
        from zhenxue.exams import subscribers
        from zhenxue.exams.operations import certificate_files, conduct, presence, score_evidence
        from zhenxue.exams.queries import assets, facts
        from zhenxue.exams.queries.certificates import check_certificates
        from zhenxue.exams.queries.verification import check_scores
        from zhenxue.integrity import api as integrity
        from zhenxue.integrity import signals
        from zhenxue.ledger.signals import unit_tested

        for kind in KINDS:
            register(kind)
        register_projection("exams.scores", check_scores)
        register_projection("exams.certificates", check_certificates)
        storage.register_claims("certificates", certificate_files.claims)
        files = certificate_files
        resealing.register("certificates", files.reseal, files.heads, files.give_up)
        storage.register_claims("question files", assets.claims)
        periodic.register(periodic.Job("exams.close_due", 15, _close_due))
        periodic.register(periodic.Job("exams.publish", 15, _publish))
        storage.register_claims("score evidence", score_evidence.claims)
        resealing.register("score evidence", score_evidence.reseal, score_evidence.heads, score_evidence.give_up)
        unit_tested.connect(subscribers.on_unit_tested, dispatch_uid="exams.unit_tested")
        signals.ruling_made.connect(subscribers.on_ruling_made, dispatch_uid="exams.ruling_made")
        attempts = integrity.Looks.ATTEMPT
        integrity.register_facts(
            integrity.Source("exams.attempts", attempts, facts.attempts_between, facts.attempts_beside)
        )
        periodic.register(periodic.Job("exams.silence", 60, lambda now: conduct.watch_silence(now=now)))
        periodic.register(periodic.Job("exams.compare", 60, _compare_due))
        periodic.register(periodic.Job("exams.count_questions", 900, _count_due))
        periodic.register(periodic.Job("exams.errors", 300, _collect_errors))
        periodic.register(periodic.Job("exams.certificates", 60, _resume_certificates))
        periodic.register(periodic.Job("exams.certificate_files", 6 * 3600, lambda now: files.sweep(now=now)))
        periodic.register(periodic.Job("exams.presence", 5, lambda now: presence.ask_due(now=now)))
        signals.check_asked.connect(subscribers.on_check_asked, dispatch_uid="exams.check_asked")
        signals.check_passed.connect(subscribers.on_check_passed, dispatch_uid="exams.check_passed")
        signals.check_missed.connect(subscribers.on_check_missed, dispatch_uid="exams.check_missed")
        integrity.register_running(presence.running_in)
        item, everybody = navigation.Item, STAFF | {Role.LEARNER}
        navigation.register(item("考试", "exams:list", "clipboard-check", everybody, 30, "考核", EXAM_PLACES))
        navigation.register(item("试卷", "exams:papers", "file-text", STAFF, 31, "考核", PAPER_PLACES))
        navigation.register(item("组卷方案", "exams:blueprints", "list-details", STAFF, 31, "考核", BLUEPRINT_PLACES))
        navigation.register(item("题库", "exams:banks", "books", STAFF, 32, "考核", BANK_PLACES))
        navigation.register(item("评卷", "exams:desk", "checkbox", STAFF, 33, "考核", DESK_PLACES))
        navigation.register(item("成绩复核", "exams:appeals", "rubber-stamp", STAFF, 34, "考核", APPEAL_PLACES))
        navigation.register(item("证书", "exams:certificates", "award", STAFF, 35, "考核", CERTIFICATE_PLACES))
        places = ("exams:practice_cohort",)
        navigation.register(item("练习与错题", "exams:practice_cohorts", "pencil", STAFF, 36, "考核", places))
        navigation.register_home(navigation.HomeBlock("exams:practice_home", {Role.LEARNER}, 31))
        navigation.register_home(navigation.HomeBlock("exams:home_block", AUTHORS | {Role.LEARNER}, 30))
