"""Checks as pages, islands and other apps read them; answers and seeds of open checks never leave here."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Max, Q, QuerySet

from zhenxue.catalogue.api import LETTERS
from zhenxue.catalogue.data import QuestionKind
from zhenxue.identity.data import Actor, Role
from zhenxue.integrity import protocol
from zhenxue.integrity.data import (
    CAUSE_WORDS,
    UNPROVEN_STATES,
    CheckCause,
    CheckKind,
    CheckState,
    JobKind,
    JobState,
)
from zhenxue.integrity.models import Check, Command, FaceJob
from zhenxue.kernel.clock import civil_day, milliseconds
from zhenxue.kernel.errors import NotFound
from zhenxue.training import api as training
from zhenxue.training.data import CohortState, EnrolmentState

#: With so many of the latest checks on a device a camera is compared.
LATEST_CAMERAS = 30
RIGHT, WRONG = "对", "错"


def visible_checks(actor: Actor) -> QuerySet[Check]:
    """A learner's own; staff those of the enrolments they see."""
    rows = Check.objects.select_related("person", "enrolment__cohort", "unit", "command")
    if actor.is_learner:
        return rows.filter(person_id=actor.person_id) if actor.person_id else rows.none()
    return rows.filter(enrolment__in=training.visible_enrolments(actor).select_related(None).values("pk"))


def visible_commands(actor: Actor) -> QuerySet[Command]:
    """Officers and operators see the commands to cohorts they see; others none."""
    rows = Command.objects.select_related("cohort", "organisation", "officer__person", "enrolment__person")
    if not (actor.is_bureau or actor.is_operator or actor.role is Role.SYSTEM):
        return rows.none()
    return rows.filter(cohort__in=training.visible_cohorts(actor).select_related(None).values("pk"))


def get_own_check(actor: Actor, check_id: int) -> Check:
    """A learner's own check, or ``NotFound``."""
    found = visible_checks(actor).filter(pk=check_id).first() if actor.is_learner else None
    if found is None:
        raise NotFound("integrity.check_not_found", "没有找到这次核验。")
    return found


def get_command(actor: Actor, command_id: int) -> Command:
    """A visible command, or ``NotFound``."""
    found = visible_commands(actor).filter(pk=command_id).first()
    if found is None:
        raise NotFound("integrity.command_not_found", "没有找到这次抽查，或您无权查看。")
    return found


def open_check_of(context: str) -> Check | None:
    """The check that a context waits for, if any."""
    return Check.objects.filter(context=context, state=CheckState.OPEN).first()


def last_proof_at(context: str) -> dt.datetime | None:
    """When presence was last shown in a context; none before its first passed check."""
    rows = Check.objects.filter(context=context, state=CheckState.PASSED)
    found: dt.datetime | None = rows.aggregate(at=Max("answered_at"))["at"]
    return found


def proven_addresses(context: str) -> set[str]:
    """The network addresses from which presence was shown in a context."""
    rows = Check.objects.filter(context=context, state=CheckState.PASSED, ip__isnull=False)
    return {str(ip) for ip in rows.values_list("ip", flat=True)}


def known_cameras(person_id: int, device: str) -> list[dict[str, Any]]:
    """What the browser said of the cameras with which a person lately passed, or enrolled, on a device; two queries.
    None of a sign-in without a device."""
    if not device:
        return []
    rows = Check.objects.filter(person_id=person_id, device=device, state=CheckState.PASSED, kind=CheckKind.FACE)
    found = list(rows.order_by("-asked_at").values_list("claims", flat=True)[:LATEST_CAMERAS])
    jobs = FaceJob.objects.filter(person_id=person_id, device=device, kind=JobKind.ENROL, passed=True)
    return found + list(jobs.order_by("-pk").values_list("claims", flat=True)[:LATEST_CAMERAS])


def unit_misses(enrolment_id: int) -> dict[int, int]:
    """How many checks of each unit were missed or failed and are not made up; for ``presence_misses_fail``."""
    rows = Check.objects.filter(
        enrolment_id=enrolment_id,
        state__in=UNPROVEN_STATES,
        made_up_at__isnull=True,
        makes_up__isnull=True,
        unit__isnull=False,
    )
    return {row["unit_id"]: row["count"] for row in rows.values("unit_id").annotate(count=Count("pk"))}


def rows_to_make_up(person_id: int, today: dt.date) -> QuerySet[Check]:
    """What a learner can still make up on a day."""
    return Check.objects.filter(
        person_id=person_id,
        state__in=UNPROVEN_STATES,
        make_up_by__gte=today,
        made_up_at__isnull=True,
        enrolment__state=EnrolmentState.ACTIVE,
        enrolment__cohort__state=CohortState.RUNNING,
    )


def to_make_up(person_id: int, now: dt.datetime) -> list[Check]:
    """What a learner can still make up, the most urgent first."""
    rows = rows_to_make_up(person_id, civil_day(now)).select_related("enrolment__cohort", "unit")
    return list(rows.order_by("make_up_by", "pk"))


def waiting_for_word(actor: Actor, now: dt.datetime) -> list[Check]:
    """The learners who wait for a teacher of their cohort, the one with least time first."""
    rows = visible_checks(actor).filter(state=CheckState.OPEN, kind=CheckKind.WORD, due_at__gt=now)
    return list(rows.exclude(person_id=actor.person_id or 0).order_by("due_at"))


@dataclass(frozen=True, slots=True)
class CommandResults:
    """How far a command has come."""

    checks: list[Check]
    asked: int
    passed: int
    waiting: int
    unproven: int

    @property
    def over(self) -> bool:
        """Whether nobody has to be waited for."""
        return self.waiting == 0


def command_results(command: Command) -> CommandResults:
    """The checks of a command with their people, those that wait first. One query."""
    rows = Check.objects.filter(command=command).select_related("person", "unit", "enrolment__cohort")
    checks = sorted(rows, key=lambda one: (one.state != CheckState.OPEN, one.state == CheckState.PASSED, one.pk))
    states = [one.state for one in checks]
    return CommandResults(
        checks=checks,
        asked=len(checks),
        passed=states.count(CheckState.PASSED),
        waiting=states.count(CheckState.OPEN),
        unproven=sum(state in UNPROVEN_STATES for state in states),
    )


def command_list(actor: Actor) -> QuerySet[Command]:
    """Commands with ``asked``, ``passed`` and ``unproven`` counts for a list."""
    return visible_commands(actor).annotate(
        asked=Count("checks"),
        passed=Count("checks", filter=Q(checks__state=CheckState.PASSED)),
        unproven=Count("checks", filter=Q(checks__state__in=UNPROVEN_STATES)),
    )


def commandable_cohorts(actor: Actor) -> list[training.Cohort]:
    """The running cohorts of an officer's region."""
    rows = training.visible_cohorts(actor).filter(state=CohortState.RUNNING)
    return [cohort for cohort in rows.order_by("title", "pk") if actor.covers(cohort.region_id)]


def commandable_people(actor: Actor, cohort: training.Cohort) -> list[training.Enrolment]:
    """The learners of a cohort, by name."""
    rows = training.visible_enrolments(actor).filter(cohort=cohort, state=EnrolmentState.ACTIVE)
    return list(rows.order_by("person__name", "pk"))


def island(check: Check, now: dt.datetime) -> dict[str, Any]:
    """What the page of a check may know of it: never an answer, never the seed."""
    task = check.task
    return {
        "check": check.pk,
        "state": check.state,
        "kind": check.kind,
        "kinds": list(check.offered),
        "nonce": check.nonce if check.state == CheckState.OPEN else "",
        "turns": task["turns"],
        "place": task["place"],
        "due_ms": milliseconds(check.due_at),
        "left_ms": max(0, milliseconds(check.due_at) - milliseconds(now)),
        "tries_left": max(0, task["tries"] - check.tries),
        "cause": check.cause,
        "words": CAUSE_WORDS[CheckCause(check.cause)] + limit_words(check),
        "task": _shown(check),
        "outcome": outcome_words(check, now),
        "gave_back": bool(task.get("made_up")),
        "waits": check.jobs.filter(state__in=[JobState.QUEUED, JobState.RUNNING], deadline_at__gt=now).exists(),
    }


def _shown(check: Check) -> dict[str, Any]:
    """The question or puzzle as the page shows it: ``input``, ``stem``, ``options``; a puzzle in both variants."""
    if check.state != CheckState.OPEN:
        return {}
    if check.kind == CheckKind.QUESTION:
        question = check.task["question"]
        if question["kind"] == QuestionKind.TRUE_FALSE:
            options = [(RIGHT, RIGHT), (WRONG, WRONG)]
        else:
            options = list(zip(LETTERS, question["options"], strict=False))
        several = question["kind"] == QuestionKind.MULTIPLE
        stem = question["stem"] + ("（多选）" if several else "")
        return {"input": "checkbox" if several else "radio", "stem": stem, "options": _options(options)}
    if check.kind == CheckKind.PUZZLE:
        puzzle = check.task["puzzle"]
        cells = [(str(place), f"第 {place} 格") for place in range(1, len(puzzle["cells"]) + 1)]
        words = [(str(place), word) for place, word in enumerate(puzzle["words"], start=1)]
        return {
            "input": "radio",
            "stem": f"图里的数字 {puzzle['wanted']} 在从左数第几格？",
            "options": _options(cells),
            "picture": protocol.picture(puzzle["cells"], puzzle["tilts"]),
            "words": {"stem": "哪一个词和其他几个不是一类？", "options": _options(words)},
        }
    return {}


def _options(pairs: list[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"value": value, "text": text} for value, text in pairs]


def limit_words(check: Check) -> str:
    """Why a check takes no weaker means; empty where it takes all."""
    if not check.task.get("least"):
        return ""
    if check.in_exam:
        return "进考场要用人脸，或者请老师当面、视频或电话确认是你本人。"
    most = check.task["most"]
    return f"你已连续 {most} 次没有用人脸或老师确认，这一次请用人脸，或请老师确认，之后又可以任选方式。"


def _weak_words(check: Check) -> str:
    """After a check that was passed by weaker means: how many more may follow."""
    if check.strength >= check.task.get("full", 0):
        return ""
    left = check.task["most"] - check.task["row"] - 1
    return f"再这样通过 {left} 次以后，要用人脸或请老师确认一次。" if left else "下一次要用人脸，或请老师确认。"


def outcome_words(check: Check, now: dt.datetime) -> str:
    """How it ended, and what to do now; empty while it is open."""
    if check.state == CheckState.PASSED:
        made_up = check.cause == CheckCause.MAKE_UP
        words = "补做通过，被扣下的时间会恢复。" if made_up else "核验通过，请继续学习。"
        if check.task.get("made_up"):
            words += "之前漏做的核验也算补上了，扣下的时间已恢复。"
        return words + _weak_words(check)
    if check.state == CheckState.CANCELLED:
        return "学习已经结束，这次核验不用做了。"
    if check.state == CheckState.OPEN and check.due_at > now:
        return ""
    words = "没有通过" if check.state == CheckState.FAILED else "没有在时限内完成"
    if check.cause == CheckCause.MAKE_UP:
        return f"这次补做{words}。在期限内可以再补一次，次数用完后请联系本班老师。"
    if check.in_exam:
        return f"这次核验{words}，已经记下，已答的题不受影响。请回到考试页继续。"
    if check.make_up_by is not None:
        told = f"这次核验{words}，上次核验之后的时间暂不计入学时。到{check.make_up_by:%m月%d日}为止补做通过就恢复。"
        return told + ("直接回到学习页，通过接着出现的那次核验，也算补做。" if check.task.get("returns") else "")
    return f"这次核验{words}，上次核验之后的时间不计入学时。请回到学习页继续。"


def still_missing(check: Check) -> bool:
    """Whether a missed check waits to be made up."""
    return check.state in UNPROVEN_STATES and check.make_up_by is not None and check.made_up_at is None
