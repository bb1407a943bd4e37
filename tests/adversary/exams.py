"""What bots need to cheat in exams: twins of one exam that differ only in their right answers, and readers of replies.

Two exams with the same questions and other keys must give the same pages and the same answers to whatever is sent, or
something of a key has left the server. What only a key or an explanation holds carries a word of its own (``SECRETS``).
"""

import datetime as dt
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any

from django.apps import apps
from django.db import connection
from django.urls import URLPattern

from tests.adversary.bots import Browser, Reply
from tests.adversary.world import Learner, World
from tests.factories.exams import CLOSES, OPENS, SITTING
from tests.factories.exams_kinds import facts_of_kinds, make_picture
from tests.factories.identity import NOW, make_bureau
from tests.factories.training import Running
from zhenxue.exams import api as exams
from zhenxue.exams.data import QuestionFacts
from zhenxue.exams.models import Attempt, Exam, Paper, Question, QuestionBank
from zhenxue.exams.operations import marking_desk, publication
from zhenxue.exams.operations.banks import add_question
from zhenxue.exams.operations.banks import create_bank as make_bank
from zhenxue.exams.web.urls import urlpatterns

OUT = CLOSES + dt.timedelta(days=1)
#: Words that stand only in keys and explanations.
SECRETS = ("暗号", "SECRET-")
_HIGH_AND_LOW = {"low": "2", "high": "2", "step": "1"}
#: The keys of one twin and of the other, by kind; no question has the same right answer in both.
KEYS: tuple[dict[str, dict[str, Any]], ...] = (
    {
        "single": {"right": ["B"]},
        "multiple": {"right": ["A", "C"]},
        "true_false": {"right": ["对"]},
        "fill_in": {
            "blanks": [{"accepted": ["SECRET-10"], "tolerance": ""}, {"accepted": ["绝缘暗号"], "tolerance": ""}],
            "ordered": True,
        },
        "short_answer": {"reference": "参考暗号一", "rubric": [{"text": "得分暗号一", "points": "2"}]},
        "calculation": {
            "formula": "a*b",
            "parameters": {"a": _HIGH_AND_LOW, "b": _HIGH_AND_LOW},
            "tolerance": "1%",
            "reference": "过程暗号一",
        },
        "matching": {"pairs": [2, 0]},
        "ordering": {"order": [1, 0, 2]},
        "case": {
            "parts": [{"right": ["A"]}, {"blanks": [{"accepted": ["SECRET-220"], "tolerance": ""}], "ordered": True}]
        },
        "hotspot": {"areas": [{"shape": "rect", "coords": [20, 20, 80, 80]}]},
        "practical": {"steps": [[{"text": "扣分暗号一", "points": "1"}]]},
    },
    {
        "single": {"right": ["A"]},
        "multiple": {"right": ["A", "B", "C"]},
        "true_false": {"right": ["错"]},
        "fill_in": {
            "blanks": [{"accepted": ["SECRET-7"], "tolerance": ""}, {"accepted": ["线暗号"], "tolerance": ""}],
            "ordered": False,
        },
        "short_answer": {"reference": "另一种参考暗号", "rubric": []},
        "calculation": {
            "formula": "a*b*10-3",
            "parameters": {"a": _HIGH_AND_LOW, "b": _HIGH_AND_LOW},
            "tolerance": "",
            "reference": "",
        },
        "matching": {"pairs": [0, 1]},
        "ordering": {"order": [2, 1, 0]},
        "case": {
            "parts": [{"right": ["B"]}, {"blanks": [{"accepted": ["SECRET-380"], "tolerance": ""}], "ordered": True}]
        },
        "hotspot": {"areas": [{"shape": "circle", "coords": [150, 100, 10]}]},
        "practical": {"steps": [[{"text": "另一个扣分暗号", "points": "2"}]]},
    },
)
#: Right for the first twin, wrong for the other; and the other way round.
RIGHT: tuple[dict[str, list[Any]], ...] = (
    {
        "single": ["B"],
        "multiple": ["A", "C"],
        "true_false": ["对"],
        "fill_in": ["SECRET-10", "绝缘暗号"],
        "short_answer": ["参考暗号一"],
        "calculation": ["4", ""],
        "matching": ["2", "0"],
        "ordering": ["1", "0", "2"],
        "case": [["A"], ["SECRET-220"]],
        "hotspot": ["50,50"],
    },
    {
        "single": ["A"],
        "multiple": ["A", "B", "C"],
        "true_false": ["错"],
        "fill_in": ["线暗号", "SECRET-7"],
        "short_answer": ["另一种参考暗号"],
        "calculation": ["37", ""],
        "matching": ["0", "1"],
        "ordering": ["2", "1", "0"],
        "case": [["B"], ["SECRET-380"]],
        "hotspot": ["150,100"],
    },
)
#: Right for the first twin as far as it can be chosen; without any word of a key.
CHOSEN = RIGHT[0] | {"fill_in": ["十", "皮"], "short_answer": ["不知道"], "case": [["A"], ["不知道"]]}


def twin_facts(asset: int, which: int) -> list[QuestionFacts]:
    """One question of each kind with the keys of one twin; stems and bodies are the same in both."""
    return [
        replace(one, key=KEYS[which][one.kind], explanation=f"解析暗号，第 {which} 种。")
        for one in facts_of_kinds(asset)
    ]


@dataclass
class Hall:
    """A class that sits exams, with everybody around it; each test makes its own exams and takes its own learners."""

    world: World
    running: Running
    learners: list[Learner]
    banks: list[QuestionBank] = field(default_factory=list)
    papers: list[Paper] = field(default_factory=list)
    count: int = 0

    def learner(self) -> Learner:
        """Somebody who sat nothing yet."""
        return self.learners.pop()

    def exam(self, paper: Paper | None = None, **plan: Any) -> Exam:
        """A published chapter test (no lessons come before it) of the first twin's paper."""
        self.count += 1
        facts: dict[str, Any] = {"duration_minutes": 60, "attempts_allowed": 2, "opens_at": OPENS, "closes_at": CLOSES}
        facts |= {"title": f"章节测验{self.count:03}", "kind": "chapter"}
        if "blueprint_id" not in plan:
            facts["paper_id"] = (paper or self.papers[0]).pk
        manager = self.running.manager
        made = exams.create_exam(
            actor=manager, cohort=self.running.cohort, facts=exams.ExamFacts(**{**facts, **plan}), now=NOW
        )
        return exams.schedule_exam(actor=manager, exam=made, now=NOW)

    def twins(self, **plan: Any) -> list[Exam]:
        """The same exam twice, but for its right answers."""
        return [self.exam(paper, **plan) for paper in self.papers]


def open_hall(world: World, learners: int) -> Hall:
    """A class of its own with two banks, question by question the same but for the keys, and a paper of each."""
    running = world.running(learners)
    hall = Hall(world, running, world.learners_of(running))
    for which, name in enumerate(("甲", "乙")):
        bank = make_bank(actor=running.manager, title=f"作弊题库{name}{running.cohort.pk}", now=NOW)
        asset = make_picture(running.manager, bank)
        made = [
            add_question(actor=running.manager, bank=bank, facts=one, now=NOW) for one in twin_facts(asset.pk, which)
        ]
        lines = [(one.pk, None) for one in made if one.kind != "practical"]
        title = f"作弊卷{name}{running.cohort.pk}"
        paper = exams.create_paper(actor=running.manager, title=title, lines=lines, now=NOW)
        hall.papers.append(exams.finish_paper(actor=running.manager, paper=paper, now=NOW))
        hall.banks.append(bank)
    return hall


# -- a sitting


def go_to(world: World, moment: dt.datetime) -> None:
    """Lets time pass until then."""
    world.wait((moment - world.clock.now()).total_seconds())


def sit_down(browser: Browser, exam: Exam) -> "Seat":
    """Starts by the page's form; the seat in the room."""
    reply = browser.post(f"/exams/{exam.pk}/start/")
    assert reply.status == 302, reply.text[:500]
    room = reply.headers["location"]
    return Seat(browser, exam, Attempt.objects.get(pk=int(room.strip("/").rpartition("/")[2])), room)


def begin(world: World, who: Learner, exam: Exam) -> "Seat":
    """Signs in when the exam is open, and starts."""
    if world.clock.now() < SITTING:
        go_to(world, SITTING)
    return sit_down(Browser(world, who).sign_in(), exam)


@dataclass
class Seat:
    """An attempt, as its page sees it."""

    browser: Browser
    exam: Exam
    attempt: Attempt
    room: str
    number: int = 0

    def save(self, position: int, given: Any, *, browser: Browser | None = None, **changes: Any) -> Reply:
        """An answer as the room's script sends it: through the ingest."""
        self.number += 1
        message = {"given": given, "client_sequence": self.number, **changes}
        return send(browser or self.browser, f"{self.room}answers/{position}/", message)

    def save_form(self, position: int, given: list[Any], *, browser: Browser | None = None) -> Reply:
        """An answer as the plain form sends it: through the pages."""
        form: dict[str, Any] = {"given": given}
        if given and isinstance(given[0], list):
            form = {f"given-{at}": part for at, part in enumerate(given)}
        return (browser or self.browser).post(f"{self.room}answers/{position}/", form)

    def saved(self) -> Attempt:
        """The attempt as it is kept."""
        return Attempt.objects.get(pk=self.attempt.pk)

    def given(self) -> dict[int, list[Any]]:
        """What stands, by position."""
        places = {row[0]: at for at, row in enumerate(self.attempt.sheet, start=1)}
        return {places[one.question_id]: one.given for one in self.attempt.answers.all()}


def send(browser: Browser, path: str, message: Any, **headers: str) -> Reply:
    """JSON with the page's token."""
    body = message if isinstance(message, bytes) else json.dumps(message, ensure_ascii=False).encode()
    sent = {"Content-Type": "application/json", "Accept": "application/json"}
    sent |= {"X-CSRFToken": browser.cookies.get("csrftoken", "")} | {k.replace("_", "-"): v for k, v in headers.items()}
    return browser.request("POST", path, body, sent)


def answer_all(seat: Seat, given: Mapping[str, list[Any]]) -> None:
    """By script, each question once."""
    for kind, position in kinds_of(seat.exam).items():
        assert seat.save(position, given[kind]).status == 200


def over(hall: Hall, *over_now: Exam, moment: dt.datetime = OUT) -> None:
    """The exams are over for all, marked by hand where they need that, and their results are out; whatever else the
    class was to sit is called off."""
    kept = [one.pk for one in over_now]
    Exam.objects.filter(cohort=hall.running.cohort, state="scheduled").exclude(pk__in=kept).update(state="cancelled")
    go_to(hall.world, moment)
    now, marker = hall.world.clock.now(), hall.running.teacher
    exams.close_due_attempts(now=now)
    for exam in over_now:
        assert exam.paper is not None
        for question in exam.paper.lines.filter(question__kind="short_answer").values_list("question_id", flat=True):
            while (mark := marking_desk.claim_next(actor=marker, exam=exam, question_id=question, now=now)) is not None:
                marking_desk.give_points(actor=marker, mark_id=mark.pk, given=["1"], comment="", now=now)
    exams.close_due_exams(now=now)
    publication.publish_due(now=now)


def own_addresses(hall: Hall, seat: Seat) -> list[str]:
    """Every address of exams about this attempt, its exam, paper and bank."""
    which = hall.papers.index(seat.exam.paper) if seat.exam.paper in hall.papers else 0
    bank = hall.banks[which]
    ids = {"exam_id": seat.exam.pk, "attempt_id": seat.attempt.pk, "bank_id": bank.pk, "round_id": 1}
    ids |= {"paper_id": hall.papers[which].pk, "asset_id": bank.assets.get().pk, "cohort_id": seat.exam.cohort_id}
    ids |= {"question_id": question_of(bank, "single").pk, "enrolment_id": seat.attempt.enrolment_id}
    return addresses(**ids)


# -- what a reply tells

_OWN = re.compile(
    r'(/exams/(?:attempts/)?|/banks/files/|data-attempt="|作弊卷[甲乙]|作弊题库[甲乙]|章节测验|rounds/)\d+'
)
_TOKEN = re.compile(r'(csrfmiddlewaretoken"? value="|CSRFToken": "|nonce(?:-|="))[\w-]+')
_UNLIKE = {"date", "content-length", "set-cookie", "etag", "expires", "last-modified"}


def told(reply: Reply, path: str = "") -> str:
    """Everything that a reply tells (its headers, too), without its own address, numbers of rows and tokens."""
    headers = sorted(f"{name}: {value}" for name, value in reply.headers.items() if name.lower() not in _UNLIKE)
    body = reply.body.decode(errors="replace")
    text = "\n".join([str(reply.status), *headers, body]).replace(path or "\0", "#")
    return _TOKEN.sub(r"\1T", _OWN.sub(r"\1#", text))


def secrets_in(reply: Reply) -> list[str]:
    """Words of keys and explanations in a reply, whatever way they are written."""
    text = reply.body.decode(errors="replace")
    escaped = (json.dumps(one)[1:-1] for one in SECRETS)
    return [one for one in (*SECRETS, *escaped) if one in text]


def addresses(**ids: int) -> list[str]:
    """Every address of exams, filled with what is there; ``{exam_id: 3}`` and the like."""
    words = {"form": "xlsx", "act": "message", "number": "CN-1", "code": "x"}
    known: Mapping[str, Any] = {**words, "position": 1, **ids}
    routes = _routes(urlpatterns)
    return [re.sub(r"<(?:\w+:)?(\w+)>", lambda part: str(known.get(part[1], 1)), route) for route in routes]


def _routes(patterns: Iterable[Any], before: str = "/") -> Iterator[str]:
    """The routes of patterns and of what they include."""
    for one in patterns:
        route = before + str(one.pattern)
        if isinstance(one, URLPattern):
            yield route
        else:
            yield from _routes(one.url_patterns, route)


#: What a request may write although it only reads: that somebody asked, and that the sign-in lives.
_ASKING = {"identity_loginsession", "identity_accesslogentry", "django_session", "django_cache"}


def state_of_tables(besides: Iterable[str] = ()) -> dict[str, str]:
    """A digest of every table but those in which asking itself is noted."""
    left_out = _ASKING | set(besides)
    found = {}
    with connection.cursor() as cursor:
        for model in apps.get_models(include_auto_created=True):
            table = model._meta.db_table
            if model._meta.managed and table not in left_out and not table.startswith("axes_"):
                cursor.execute(f'SELECT * FROM "{table}" ORDER BY 1')
                found[table] = sha256(repr(cursor.fetchall()).encode()).hexdigest()
    return found


def bureau_of(hall: Hall) -> Any:
    """An officer of the bureau in whose region the class is."""
    return make_bureau(hall.running.cohort.organisation.region.code)


def kinds_of(exam: Exam) -> dict[str, int]:
    """By kind the position of its question."""
    assert exam.paper is not None
    lines = exam.paper.lines.order_by("position").values_list("question__kind", flat=True)
    return {str(kind): at for at, kind in enumerate(lines, start=1)}


def question_of(bank: QuestionBank, kind: str) -> Question:
    return Question.objects.get(bank=bank, kind=kind, state="active")
