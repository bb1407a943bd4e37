"""A city of thousands of learners for the page bench: patterns made through the operations, then copied in bulk.

Only benches may go around the operations: what is copied here was never filed, studied or examined, and its evidence
entries are well-formed but do not account for the copied ledger. Run as a script in the bench's environment; it prints
one JSON line that says who signs in and where the pages are.
"""

import copy
import datetime as dt
import hashlib
import json
import os
import random
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import django

django.setup()

from django.core.management import call_command  # noqa: E402 - Django is set up first
from django.db import models, transaction  # noqa: E402 - see above
from stdnum.cn import ric  # noqa: E402 - see above

from tests.factories.catalogue import make_published_version, make_ready_video, right_answers  # noqa: E402 - see above
from zhenxue.catalogue.data import UnitDraft, UnitKind  # noqa: E402 - see above
from zhenxue.catalogue.models import Video  # noqa: E402 - see above
from zhenxue.config.demo.city import City, build_city  # noqa: E402 - see above
from zhenxue.config.demo.cohorts import Cohorts, Group  # noqa: E402 - see above
from zhenxue.config.demo.exams import build_paper, plan_stage  # noqa: E402 - see above
from zhenxue.config.demo.subsidies import build_policy, claim_stage  # noqa: E402 - see above
from zhenxue.evidence.data import SALT_BYTES, moment_text  # noqa: E402 - see above
from zhenxue.evidence.models import Entry, EntryRef  # noqa: E402 - see above
from zhenxue.evidence.operations.recording import FORMAT, commit  # noqa: E402 - see above
from zhenxue.exams import api as exams  # noqa: E402 - see above
from zhenxue.exams.models import Answer, Attempt, Exam  # noqa: E402 - see above
from zhenxue.identity import api as identity  # noqa: E402 - see above
from zhenxue.identity.data import Actor, Role  # noqa: E402 - see above
from zhenxue.identity.models import Account, Membership, Person  # noqa: E402 - see above
from zhenxue.identity.queries import people as blind  # noqa: E402 - see above
from zhenxue.kernel import clock  # noqa: E402 - see above
from zhenxue.ledger import api as ledger  # noqa: E402 - see above
from zhenxue.ledger.models import Coverage, Day, Span  # noqa: E402 - see above
from zhenxue.study import api as study  # noqa: E402 - see above
from zhenxue.subsidy.models import Claim, ClaimLine  # noqa: E402 - see above
from zhenxue.tlog import canonical  # noqa: E402 - see above
from zhenxue.training import api as training  # noqa: E402 - see above
from zhenxue.training.data import CohortState  # noqa: E402 - see above
from zhenxue.training.models import Attendance, Cohort, Enrolment, PlanLine, Stage  # noqa: E402 - see above

PASSWORD = "Bench-2026-mima"
UNITS = 12
UNIT_MINUTES = 10
SURNAMES, GIVEN = "赵钱孙李周吴郑王冯陈", "子文学明春晓海山云平"
BATCH = 2000
SIGNED_IN = 12  # learners of the measured cohort who can sign in: the first half has finished stage 1


@dataclass(frozen=True, slots=True)
class Pattern:
    """A running cohort with two learners: one has finished stage 1 and passed it, one is half way."""

    group: Group
    done: Enrolment
    halfway: Enrolment
    exam: Exam
    claim: Claim


class Copies:
    """Rows that wait for one bulk insert a table, in the order in which tables were first named."""

    def __init__(self) -> None:
        self.made = 0

    def insert[M: models.Model](self, rows: Sequence[M]) -> list[M]:
        """Inserts in batches; the rows with their keys."""
        if not rows:
            return []
        self.made += len(rows)
        return type(rows[0])._base_manager.bulk_create(rows, batch_size=BATCH)


def twin[M: models.Model](row: M, **changes: Any) -> M:
    """The row again, unsaved, with some fields changed."""
    made = copy.copy(row)
    made._state = copy.copy(row._state)
    made._state.adding, made._state.fields_cache = True, {}
    made.pk = None
    for name, value in changes.items():
        setattr(made, name, value)
    return made


def build(*, cohorts: int, learners: int, large: int) -> dict[str, Any]:
    """``cohorts`` cohorts, the first with ``large`` learners and the others with ``learners`` each."""
    call_command("prepare", stdout=sys.stderr)
    now = clock.now()
    city = build_city(PASSWORD, now - dt.timedelta(days=80))
    make = Cohorts(city, clock.civil_day(now))
    build_policy(city.city_bureau, make.today - dt.timedelta(days=70), make.at(-70))
    patterns = [
        make_pattern(city, make, city.provider, city.teacher, "skill"),
        make_pattern(city, make, city.second_provider, city.second_teacher, "skill"),
        make_pattern(city, make, city.enterprise, city.enterprise_teacher, "upskill"),
    ]
    random.seed(1)
    rows = Copies()
    with transaction.atomic():
        # Three of five cohorts belong to the first provider, so that its list fills more than a page of 50.
        shares = (
            [patterns[(0, 0, 0, 1, 2)[number % 5]] for number in range(cohorts)]
            if cohorts >= 90
            else [patterns[0 if number < 52 else 1 + number % 2] for number in range(cohorts)]
        )
        copied = [
            copy_cohort(rows, pattern, number, large if number == 0 else learners)
            for number, pattern in enumerate(shares)
        ]
        record_all(rows, copied)
    first = copied[0]
    usernames = open_accounts(first)
    call_command("sequencer", once=True, stdout=sys.stderr)
    units = [one.unit for one in training.plan_units(first[0].pk)]
    half = SIGNED_IN // 2
    return {
        "password": PASSWORD,
        "learners": Enrolment.objects.count(),
        "entries": Entry.objects.count(),
        "rows": rows.made,
        "cohort": first[0].pk,
        "exam": Exam.objects.get(cohort=first[0]).pk,
        "unit": next(unit.pk for unit in units if unit.kind == "video"),
        "done": [[name, one.pk] for name, one in zip(usernames[:half], first[1][:half], strict=True)],
        "halfway": [[name, one.pk] for name, one in zip(usernames[half:], first[1][half:SIGNED_IN], strict=True)],
    }


def make_pattern(city: City, make: Cohorts, manager: Actor, teacher: Actor, kind: str) -> Pattern:
    """Everything through the operations: course, programme, cohort, filing, study, lesson, exam, claim."""
    organisation = identity.get_organisation(manager.organisation_id or 0)
    video = make_ready_video(organisation, 8, now=make.at(-75))
    Video.objects.filter(material=video).update(duration_ms=UNIT_MINUTES * 60_000)
    drafts = [UnitDraft("video", "喂饭的体位", material_id=video.pk)]
    drafts += [
        UnitDraft("text", f"第 {n} 课：观察与记录", minutes=UNIT_MINUTES, body="## 要点\n\n- 先看\n- 再记")
        for n in range(2, UNITS + 1)
    ]
    version = make_published_version(organisation, title="养老护理入门", units=drafts, now=make.at(-74))
    programme = make.programme(manager, version.pk, -70, kind=kind, stages=2)
    group = make.draft(
        manager, teacher, programme, title="养老护理员", starts=-8, ends=20, learners=2, made=-16, lessons=(-4, 3)
    )
    make.approve(group, -14)
    make.start(group, -8)
    done, halfway = group.enrolments
    units = [planned.unit for planned in training.plan_units(group.cohort.pk)]
    for enrolment, count in ((done, UNITS), (halfway, UNITS // 2)):
        for index, unit in enumerate(units[:count]):
            begins = make.at(-6 + index // 4, 19) + dt.timedelta(minutes=(UNIT_MINUTES + 1) * (index % 4))
            ends = begins + dt.timedelta(seconds=unit.seconds)
            part = [ledger.Claim(0, unit.seconds * 1000, begins, ends)]
            ledger.credit(enrolment_id=enrolment.pk, unit_id=unit.pk, claims=part, source="study:0", now=ends)
            if unit.kind == UnitKind.TEXT:
                learner, answers = group.learner(enrolment), right_answers(unit)
                study.submit_self_test(
                    actor=learner, enrolment_id=enrolment.pk, unit_id=unit.pk, answers=answers, now=ends
                )
    make.attend(group, training.list_lessons(group.cohort.pk)[0])
    paper = build_paper(manager, make.at(-60))
    exam = plan_stage(manager, group.cohort, 1, paper, opens=make.at(-2, 8), made=make.at(-3), days=10)
    sit(group, done, exam, paper.answers, make.at(-2, 9))
    claim = claim_stage(manager, group.cohort, 1, make.at(-1))
    return Pattern(group, done, halfway, exam, claim)


def sit(group: Group, enrolment: Enrolment, exam: Exam, answers: list[tuple[int, list[str]]], now: dt.datetime) -> None:
    """One attempt, all right."""
    learner = group.learner(enrolment)
    attempt = exams.start_attempt(actor=learner, exam=exam, device="bench", now=now)
    for position, right in answers:
        exams.save_answer(actor=learner, attempt_id=attempt.pk, position=position, given=right, device="bench", now=now)
    exams.submit_attempt(actor=learner, attempt_id=attempt.pk, device="bench", now=now + dt.timedelta(minutes=20))


def copy_cohort(rows: Copies, pattern: Pattern, number: int, size: int) -> tuple[Cohort, list[Enrolment]]:
    """The pattern's cohort again with ``size`` learners; every third has done stage 1, the rest are half way.

    In the first cohort the learners who sign in have an attempt still before them.
    """
    source = Cohort.objects.get(pk=pattern.group.cohort.pk)
    title = f"养老护理员 {number + 1} 班"
    facts = {"state": CohortState.DRAFT, "plan_open": True, "rules": {}}  # an open plan takes rows
    [cohort] = rows.insert([twin(source, code=f"{source.code}-{number:03}", title=title, **facts)])
    stages = {one.pk: twin(one, cohort=cohort) for one in Stage.objects.filter(cohort=source)}
    rows.insert(list(stages.values()))
    lines = {
        one.pk: twin(one, cohort=cohort, stage=stages[one.stage_id]) for one in PlanLine.objects.filter(cohort=source)
    }
    rows.insert(list(lines.values()))
    persons = rows.insert([person(number * 1000 + index) for index in range(size)])
    enrolments = rows.insert([twin(pattern.done, cohort=cohort, person=one, target_group="rural") for one in persons])
    Cohort.objects.filter(pk=cohort.pk).update(
        state=source.state, plan_open=False, rules=source.rules, learner_count=size
    )
    sitters = SIGNED_IN // 2 if number == 0 else 0
    finished = [
        one for index, one in enumerate(enrolments) if index < sitters or (index >= SIGNED_IN and not index % 3)
    ]
    ahead = [one for one in enrolments if one not in finished]
    copy_ledger(rows, pattern.done, finished, lines)
    copy_ledger(rows, pattern.halfway, ahead, lines)
    copy_exam(rows, pattern, cohort, finished[sitters:])
    copy_claim(rows, pattern, cohort, enrolments)
    return cohort, enrolments


def copy_ledger(rows: Copies, of: Enrolment, to: Sequence[Enrolment], lines: dict[int, PlanLine]) -> None:
    """Coverage, spans, days and attendance."""
    spans = list(Span.objects.filter(enrolment=of))
    for table in (Coverage, Day):
        known = list(table._base_manager.filter(enrolment=of))
        person_too = table is Day
        rows.insert(
            [
                twin(row, enrolment=one, **({"person_id": one.person_id} if person_too else {}))
                for one in to
                for row in known
            ]
        )
    rows.insert(
        [twin(row, enrolment=one, line=lines[row.line_id] if row.line_id else None) for one in to for row in spans]
    )
    records = list(Attendance.objects.filter(enrolment=of))
    rows.insert([twin(row, enrolment=one, line=lines[row.line_id]) for one in to for row in records])


def copy_exam(rows: Copies, pattern: Pattern, cohort: Cohort, sat: Sequence[Enrolment]) -> None:
    """The cohort's exam with a passed attempt of some learners."""
    [exam] = rows.insert([twin(Exam.objects.get(pk=pattern.exam.pk), cohort=cohort)])
    source = Attempt.objects.get(exam=pattern.exam)
    attempts = rows.insert([twin(source, exam=exam, enrolment=one) for one in sat])
    answers = list(Answer.objects.filter(attempt=source))
    rows.insert([twin(row, attempt=one) for one in attempts for row in answers])


def copy_claim(rows: Copies, pattern: Pattern, cohort: Cohort, enrolments: Sequence[Enrolment]) -> None:
    """The cohort's submitted claim with a line a learner."""
    source = Claim.objects.get(pk=pattern.claim.pk)
    [claim] = rows.insert([twin(source, cohort=cohort, learners=len(enrolments), eligible=len(enrolments))])
    line = ClaimLine.objects.get(claim=source, eligible=True)
    rows.insert([twin(line, claim=claim, cohort=cohort, enrolment=one) for one in enrolments])


def person(index: int) -> Person:
    """Somebody with a valid number that nobody else has."""
    body = f"3715{21 + index // 36500 % 7:02}{1960 + index // 365 % 40}{1 + index // 28 % 12:02}{1 + index % 28:02}"
    body += f"{index // 13440 % 1000:03}"
    number = body + str(ric.calc_check_digit(body + "0"))
    phone = f"13{index:09}"
    return Person(
        name=random.choice(SURNAMES) + "".join(random.choice(GIVEN) for _ in range(2)),
        citizen_number=number,
        citizen_index=blind.citizen_index(f"{number}-{index}"),
        birth_date=dt.date(1960 + index % 40, 1 + index % 12, 1 + index % 28),
        gender="fm"[index % 2],
        phone=phone,
        phone_index=blind.phone_index(phone),
        created_at=clock.now(),
    )


def record_all(rows: Copies, copied: Iterable[tuple[Cohort, list[Enrolment]]]) -> None:
    """Five entries a learner: enrolled, and four units credited. In the form of ``evidence.record``, not by it."""
    now = clock.now()
    for cohort, enrolments in copied:
        entries: list[Entry] = []
        refs: list[list[str]] = []
        for one in enrolments:
            about = sorted([f"cohort:{cohort.pk}", f"enrolment:{one.pk}", f"person:{one.person_id}"])
            bodies = [("training.learner_added", {"person": one.person_id, "target_group": "rural"})]
            bodies += [
                ("ledger.credited", {"enrolment": one.pk, "unit": unit, "day": "2026-11-01", "seconds": 600})
                for unit in range(1, 5)
            ]
            for kind, body in bodies:
                entries.append(entry(kind, about, body, now))
                refs.append(about)
        made = rows.insert(entries)
        rows.insert([EntryRef(entry=one, ref=ref) for one, about in zip(made, refs, strict=True) for ref in about])


def entry(kind: str, about: list[str], body: dict[str, Any], now: dt.datetime) -> Entry:
    """One entry about an enrolment."""
    subject = next(ref for ref in about if ref.startswith("enrolment:"))
    private = {"actor": commit("actor", "系统", os.urandom(SALT_BYTES))}
    envelope = canonical.dumps(
        {
            "about": about,
            "account": None,
            "at": moment_text(now),
            "body": body,
            "kind": kind,
            "private": {name: part["digest"] for name, part in private.items()},
            "subject": subject,
            "v": FORMAT,
        }
    )
    salt = os.urandom(SALT_BYTES)
    return Entry(
        kind=kind,
        account_id=None,
        subject=subject,
        at=now,
        envelope=envelope.decode(),
        private=canonical.dumps(private).decode(),
        salt=salt,
        digest=hashlib.sha256(salt + envelope).digest(),
    )


def open_accounts(first: tuple[Cohort, list[Enrolment]]) -> list[str]:
    """Accounts for everybody; those of the first cohort's first learners have the password."""
    with_password = Account.objects.get(username="provider").password
    signing = {one.person_id for one in first[1][:SIGNED_IN]}
    taken = Account.objects.values("person_id")
    accounts = [
        Account(
            username=f"bench{person_id}",
            person_id=person_id,
            password=with_password if person_id in signing else "!",
            must_change_password=False,
            created_at=clock.now(),
        )
        for person_id in Person.objects.exclude(pk__in=taken).values_list("pk", flat=True)
    ]
    made = Account.objects.bulk_create(accounts, batch_size=BATCH)
    Membership.objects.bulk_create(
        [Membership(account=one, role=Role.LEARNER, created_at=clock.now()) for one in made], batch_size=BATCH
    )
    return [f"bench{one.person_id}" for one in first[1][:SIGNED_IN]]


if __name__ == "__main__":
    cohort_count, learner_count, large_count = (int(word) for word in sys.argv[1:4])
    print(json.dumps(build(cohorts=cohort_count, learners=learner_count, large=large_count)))
