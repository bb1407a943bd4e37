"""Cheats in exams: keys before the end, early papers, others' attempts, clocks, refreshes, devices, oracles."""

import datetime as dt
import itertools
from typing import Any

import pytest

from tests.adversary.bots import PHONE, Browser
from tests.adversary.exams import (
    CHOSEN,
    OUT,
    RIGHT,
    Hall,
    answer_all,
    begin,
    bureau_of,
    go_to,
    kinds_of,
    open_hall,
    over,
    own_addresses,
    question_of,
    secrets_in,
    send,
    sit_down,
    state_of_tables,
    told,
)
from tests.adversary.reporting import Report
from tests.adversary.world import World
from tests.factories.exams import OPENS
from tests.factories.exams_plans import rule
from tests.factories.identity import NOW
from zhenxue.exams.models import Answer, Attempt, ConductEvent, PracticeOpening
from zhenxue.exams.operations.blueprints import create_blueprint, finish_blueprint
from zhenxue.exams.operations.moving import release_device
from zhenxue.exams.operations.practice import open_practice

_halls: list[Hall] = []


@pytest.fixture
def hall(world: World) -> Hall:
    """One class for all tests here; each takes learners and exams of its own."""
    if not _halls:
        _halls.append(open_hall(world, 24))
    return _halls[0]


def test_nothing_of_the_keys_leaves_the_server_before_the_end(world: World, report: Report, hall: Hall) -> None:
    """Twins that differ only in their keys: every page is the same, at the desk, after handing in, to the last mark."""
    learner = hall.learner()
    pair = hall.twins(publish_at=OUT, attempts_allowed=1)
    go_to(world, OPENS + dt.timedelta(hours=1))
    browser = Browser(world, learner).sign_in()
    seats = [sit_down(browser, exam) for exam in pair]
    asked = 0
    for stage in ("empty", "answered", "handed in"):
        for seat in seats:
            if stage == "answered":
                answer_all(seat, CHOSEN)
            elif stage == "handed in":
                assert browser.post(f"{seat.room}submit/").status == 302
        for left, right in zip(*(own_addresses(hall, seat) for seat in seats), strict=True):
            replies = [browser.get(left), browser.get(right)]
            asked += 2
            assert not [secrets_in(one) for one in replies if secrets_in(one)], (stage, left)
            if left != right and "/result" not in left:
                assert told(replies[0], left) == told(replies[1], right), (stage, left)
        results = [told(browser.get(f"{seat.room}result/")) for seat in seats]
        assert results[0] == results[1], stage
    over(hall, *pair)
    shown = Browser(world, learner).sign_in().get(f"{seats[1].room}result/")
    assert secrets_in(shown)
    assert asked > 600
    report.attack(
        "Right answers out of pages, scripts, exports and errors",
        tried="every address of exams as the learner, three times (empty, answered, handed in), of two exams that "
        "differ only in the keys of all ten kinds that are sat",
        earned="nothing: both exams give the same bytes, and no word of a key or an explanation",
        reason="200, 302, 403, 404, 405; after the exam and its results the same page shows answers and reasons",
    )


MALFORMED: tuple[Any, ...] = (
    [["A"], "B"],
    [None],
    [{"a": 1}],
    ["Z"],
    ["A", "B", "C", "D", "E"],
    ["\x00"],
    [1e308],
    ["1", "1", "1"],
    ["9999999,1"],
    ["x" * 50_000],
    [[[[["A"]]]]],
    [True],
)


def test_no_answer_to_an_answer_tells_whether_it_is_right(world: World, report: Report, hall: Hall) -> None:
    """The same to both twins: what is right for one is wrong for the other."""
    pair, learner = hall.twins(publish_at=OUT, attempts_allowed=1), hall.learner()
    go_to(world, OPENS + dt.timedelta(hours=1))
    browser = Browser(world, learner).sign_in()
    seats = [sit_down(browser, exam) for exam in pair]
    tried, codes = 0, set()
    for kind, position in kinds_of(pair[0]).items():
        combinations: list[Any] = [RIGHT[0][kind], RIGHT[1][kind], []]
        if kind in {"single", "multiple", "true_false"}:
            letters = ["对", "错"] if kind == "true_false" else ["A", "B", "C"][: 3 if kind == "multiple" else 2]
            combinations += [list(some) for n in range(1, 4) for some in itertools.combinations(letters, n)]
        for given in (*combinations, *MALFORMED):
            world.wait(2)  # not faster than the pace allows
            replies = [seat.save(position, given) for seat in seats]
            assert told(replies[0]) == told(replies[1]), (kind, given)
            assert not any(map(secrets_in, replies))
            codes.add(replies[0].status)
            tried += 1
        for given in combinations:
            replies = [seat.save_form(position, given) for seat in seats]
            assert told(replies[0]) == told(replies[1]), (kind, given)
            tried += 1
    assert codes == {200, 422}
    states = [told(browser.get(f"{seat.room}state/")) for seat in seats]
    assert states[0] == states[1]
    handed_in = [told(browser.post(f"{seat.room}submit/")) for seat in seats]
    assert handed_in[0] == handed_in[1]
    marked = [Attempt.objects.get(pk=seat.attempt.pk) for seat in seats]
    assert len({tuple(one.answers.values_list("correct", flat=True)) for one in marked}) == 2, "they were marked apart"
    assert tried > 150
    report.attack(
        "All combinations, and errors as an oracle",
        tried="every choice of every question, right and wrong texts, and twelve malformed answers to each kind, to "
        "two exams with other keys, by script and by form; then the state and handing in",
        earned="nothing: both answer the same, byte by byte, whether right or wrong",
        reason="200 with the answer's number, 422 `exams.no_such_option`; no score before results are out",
    )


def test_a_paper_is_not_opened_before_its_time(world: World, report: Report, hall: Hall) -> None:
    exam, learner = hall.exam(), hall.learner()
    go_to(world, OPENS - dt.timedelta(seconds=1))
    browser = Browser(world, learner).sign_in()
    start, later = (
        f"/exams/{exam.pk}/start/",
        {"now": "2026-03-09T09:00:00", "started_at": "1773100800", "at": "9" * 13},
    )
    tried = [browser.post(start), browser.post(start, later), browser.get(start)]
    tried.append(send(browser, start, later, Date="Mon, 09 Mar 2026 09:00:00 GMT", X_Now="9" * 13))
    foreign = Attempt.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    for number in (foreign, foreign + 1):
        room = f"/exams/attempts/{number}/"
        tried += [browser.get(room), browser.get(f"{room}state/"), browser.get(f"{room}submit/")]
        tried.append(send(browser, f"{room}answers/1/", {"given": ["A"], "client_sequence": 1}))
    tried.append(browser.get(f"/banks/files/{hall.banks[0].assets.get().pk}/"))
    tried += [browser.get(f"/banks/papers/{exam.paper_id}/{end}") for end in ("", "print/")]
    stem = question_of(hall.banks[0], "single").stem
    assert {one.status for one in tried} <= {403, 404, 405, 409}
    assert not any(stem in one.text for one in [*tried, browser.get(f"/exams/{exam.pk}/entry/")])
    assert not Attempt.objects.filter(exam=exam).exists()
    world.wait(1)
    assert stem in browser.get(sit_down(browser, exam).room).text
    report.attack(
        "Opening a paper early",
        tried="start, with claimed times in form, JSON and headers; other attempts by number; answers by script; the "
        "paper, its print and its pictures, a second before the exam opens",
        earned="no question; a second later the same start opens the paper",
        reason="403 `exams.not_open`; 404, 405",
    )


def test_practice_is_no_oracle_for_an_exam(world: World, report: Report, hall: Hall) -> None:
    """Practice opened on the exam's own bank, and an older result with the same questions."""
    learner, manager = hall.learner(), hall.running.manager
    before = hall.exam(opens_at=NOW + dt.timedelta(hours=2), closes_at=NOW + dt.timedelta(hours=4))
    bank, other = hall.banks
    opening = open_practice(actor=manager, cohort=hall.running.cohort, bank=bank, now=NOW)
    go_to(world, NOW + dt.timedelta(hours=2))
    browser = Browser(world, learner).sign_in()
    seat = sit_down(browser, before)
    answer_all(seat, CHOSEN)
    browser.post(f"{seat.room}submit/")
    over(hall, before, moment=NOW + dt.timedelta(hours=5))
    free = browser.post(f"/practice/openings/{opening.pk}/start/", {"kind": "single", "count": "10"})
    assert free.status == 302, free.text[:300]
    practised = free.headers["location"]
    shown = browser.get(practised)
    picture = f"/banks/files/{bank.assets.get().pk}/"
    assert "先做什么？" in shown.text
    exam = hall.exam()
    refused = [
        browser.post(f"/practice/openings/{opening.pk}/start/", {"kind": "single", "count": "10"}),
        browser.post(f"{practised}1/", {"given": "A"}),
    ]
    assert [one.status for one in refused] == [409, 409]
    assert "先做什么？" not in browser.get(practised).text
    assert not any(map(secrets_in, [*refused, browser.get(practised), browser.get("/practice/errors/")]))
    other_bank = open_practice(actor=manager, cohort=hall.running.cohort, bank=other, now=NOW)
    same_words = browser.post(f"/practice/openings/{other_bank.pk}/start/", {"kind": "single", "count": "10"})
    assert same_words.status == 409
    assert browser.get(picture).status == 200, "of the attempt that is over"
    result = browser.get(f"{seat.room}result/")
    assert "别的考试还要考这道题" in result.text
    assert not secrets_in(result)
    over(hall, exam)
    browser = Browser(world, learner).sign_in()
    assert browser.post(f"{practised}1/", {"given": "B"}).status == 302
    assert secrets_in(browser.get(f"{practised}?at=1"))
    assert secrets_in(browser.get(f"{seat.room}result/"))
    PracticeOpening.objects.filter(pk__in=[opening.pk, other_bank.pk]).update(closed_at=NOW)
    report.attack(
        "Practice and older results as an oracle",
        tried="rounds of the exam's bank, one begun before the exam was planned; the same words in another bank; the "
        "result of an older exam with the same paper",
        earned="no answer while an exam that is not over asks the question; all of them afterwards",
        reason="409 `exams.nothing_to_practise`, `exams.barred_now`; the older result withholds its solutions",
    )


def test_another_learners_attempt_takes_no_answer(world: World, report: Report, hall: Hall) -> None:
    seat = begin(world, hall.learner(), hall.exam(breaks_allowed=1, break_minutes=5))
    assert seat.save(1, ["A"]).status == 200
    outsider = world.learners(1)[0]
    people: list[Browser] = [Browser(world, hall.learner()).sign_in(), Browser(world, outsider).sign_in()]
    people += [
        Browser(world, world.staff(one)).sign_in(bind=False)
        for one in (hall.running.manager, hall.running.teacher, bureau_of(hall))
    ]
    nobody = Browser(world, hall.learners[0])
    statuses = set()
    for browser in [*people, nobody]:
        browser.get("/sign-in/")
        for reply in (
            seat.save(1, ["B"], browser=browser, client_sequence=99),
            seat.save_form(1, ["B"], browser=browser),
            *(browser.post(f"{seat.room}{act}/") for act in ("submit", "move", "break", "break/end", "presence")),
            send(browser, f"{seat.room}conduct/", {"events": []}),
        ):
            statuses.add(reply.status)
        if browser not in people[2:]:
            assert browser.get(seat.room).status in {302, 404}
            assert browser.get(f"{seat.room}state/").status in {302, 401, 404}
    own = send(people[0], f"{seat.room}answers/1/", {"given": ["B"]}, X_CSRFToken="x" * 32)
    assert own.status == 403
    assert statuses <= {302, 401, 403, 404, 409}, statuses
    assert (seat.given(), seat.saved().state, seat.saved().moves) == ({1: ["A"]}, "open", 0)
    assert seat.save(1, ["B"]).status == 200
    assert seat.given() == {1: ["B"]}
    report.attack(
        "Answers to another's attempt",
        tried="answers by script and by form, handing in, moving, breaks, conduct, by a classmate, a learner of "
        "another class, manager, teacher, bureau and nobody",
        earned="nothing is changed; the owner's next answer is kept",
        reason="403 `exams.not_your_attempt`, 404; 401 and 403 without sign-in or token",
    )


def test_a_changed_client_clock_moves_no_deadline(world: World, report: Report, hall: Hall) -> None:
    seat = begin(world, hall.learner(), hall.exam(attempts_allowed=1))
    deadline = seat.attempt.deadline_at
    for year, given in (("1999", "A"), ("2039", "B")):
        claims = {"at": f"{year}-01-01T00:00:00Z", "saved_at": f"{year}-01-01", "now": 0, "deadline_at": "2039-01-01"}
        reply = seat.save(1, [given], **claims)
        assert (reply.status, reply.json["at"]) == (200, f"{world.clock.now() + dt.timedelta(hours=8):%H:%M:%S}")
        world.wait(60)
    go_to(world, deadline - dt.timedelta(seconds=1))
    assert seat.save(2, ["A"]).status == 200
    world.wait(1)
    early = {"at": "2026-03-07T10:00:00+08:00", "client_time": 1, "sent_at": f"{deadline - dt.timedelta(minutes=5)}"}
    late = [
        seat.save(1, ["A"], **early),
        send(seat.browser, f"{seat.room}answers/1/", {"given": ["A"], "client_sequence": 50}, Date=early["at"]),
        seat.save_form(1, ["A"]),
    ]
    seat.browser.get(seat.room)
    attempt = seat.saved()
    assert [one.status for one in late] == [409, 409, 409]
    assert (attempt.submitted_at, attempt.ended_by, seat.given()) == (deadline, "deadline", {1: ["B"], 2: ["A"]})
    report.attack(
        "Changed client clock in an exam",
        tried="answers with claimed times of 1999 and 2039; after the deadline, answers that claim to be older, in "
        "body, header and form",
        earned="nothing: the answer of the last second counts, none after it",
        reason="409 `exams.deadline_passed`; the attempt counts as handed in at its deadline",
    )


def test_a_refresh_gives_no_new_time_questions_or_tries(world: World, report: Report, hall: Hall) -> None:
    rules = (rule(hall.banks[0], kind="single", count=1), rule(hall.banks[0], kind="multiple", count=1))
    title = f"抽题方案{hall.running.cohort.pk}"
    made = create_blueprint(actor=hall.running.manager, title=title, rules=rules, now=NOW)
    drawn = finish_blueprint(actor=hall.running.manager, blueprint=made, now=NOW)
    exam = hall.exam(blueprint_id=drawn.pk, shuffles_options=True, shuffles_questions=True, attempts_allowed=2)
    seat = begin(world, hall.learner(), exam)
    first = told(seat.browser.get(seat.room))
    for _ in range(5):
        again = sit_down(seat.browser, exam)
        assert (again.attempt.pk, again.attempt.deadline_at) == (seat.attempt.pk, seat.attempt.deadline_at)
        assert told(seat.browser.get(seat.room)) == first
    world.wait(600)
    fresh = Browser(world, seat.browser.learner, device=seat.browser.device).sign_in()
    assert fresh.post(f"{seat.room}move/").status == 302
    moved = Attempt.objects.get(pk=seat.attempt.pk)
    assert (moved.sheet, moved.deadline_at) == (seat.attempt.sheet, seat.attempt.deadline_at)
    for _ in range(2):
        assert fresh.post(f"{sit_down(fresh, exam).room}submit/").status == 302
    assert fresh.post(f"/exams/{exam.pk}/start/").status == 403
    assert Attempt.objects.filter(exam=exam).count() == 2
    report.attack(
        "Refresh, start again, sign in again",
        tried="five starts and reloads of a drawn, shuffled paper, a new sign-in ten minutes later, a third try of two",
        earned="the same paper in the same order, the same deadline, two tries",
        reason="302 to the attempt that is open; 403 `exams.no_attempts`",
    )


def test_two_devices_do_not_answer_one_attempt(world: World, report: Report, hall: Hall) -> None:
    learner = hall.learner()
    seat = begin(world, learner, hall.exam())
    first = seat.browser
    assert seat.save(1, ["A"]).status == 200
    kept = dict(first.cookies)
    phone = Browser(world, learner, agent=PHONE).sign_in()
    assert phone.handed_over
    refused = [
        seat.save(1, ["B"], browser=phone),
        seat.save_form(1, ["B"], browser=phone),
        phone.post(f"{seat.room}move/"),
        phone.get(seat.room),
    ]
    assert [one.status for one in refused] == [409, 409, 409, 409]
    assert "先做什么？" not in refused[-1].text
    assert ConductEvent.objects.filter(attempt=seat.attempt, kind="second").count() == 1
    release_device(actor=hall.running.manager, attempt=seat.saved(), reason="手机没电", now=world.clock.now())
    assert phone.post(f"{seat.room}move/").status == 302
    assert seat.save(1, ["B"], browser=phone).status == 200
    first.cookies = kept  # the sign-in that was handed over
    assert seat.save(1, ["A"], client_sequence=99).status in {401, 403}
    thief = Browser(world, learner)
    thief.cookies = {**phone.cookies, "csrftoken": kept["csrftoken"]}
    thief.cookies["csrftoken"] = "x" * 32
    assert send(thief, f"{seat.room}answers/1/", {"given": ["A"]}, X_CSRFToken=kept["csrftoken"]).status == 403
    assert seat.given() == {1: ["B"]}
    thief.cookies = dict(phone.cookies)
    seat.number = 10
    assert seat.save(2, ["A"], browser=thief).status == 200
    assert seat.saved().sequence == Answer.objects.filter(attempt=seat.attempt).count() + 1
    report.attack(
        "Two devices at one attempt",
        tried="a phone that signs in and answers or moves without leave; the old device after the invigilator let the "
        "phone in; another token; then the phone's cookie itself in another client",
        earned="nothing, but for the whole cookie: who has it answers in the one chain of numbers, never beside it. "
        "Not stopped here; presence checks ask who sits there",
        reason="409 `exams.other_device`, `exams.not_released`; 401, 403 for the old sign-in and a foreign token",
    )


def test_asking_changes_nothing(world: World, report: Report, hall: Hall) -> None:
    """Every address of exams with GET and HEAD, by everybody whom it may concern: tables before and after."""
    seat = begin(world, hall.learner(), hall.exam())
    done = begin(world, hall.learner(), seat.exam)
    answer_all(done, RIGHT[0])
    done.browser.post(f"{done.room}submit/")
    people = [
        seat.browser,
        *(Browser(world, world.staff(one)).sign_in(bind=False) for one in (hall.running.manager, bureau_of(hall))),
    ]
    for browser in people:
        before = state_of_tables()
        handed_in = [path for path in own_addresses(hall, done) if f"/{done.attempt.pk}/" in path]
        for path in (*own_addresses(hall, seat), *handed_in):
            for method in ("GET", "HEAD") if browser is not people[-1] else ("GET",):
                assert browser.request(method, path).status < 500, (method, path)
        world.drain()
        after = state_of_tables()
        assert [table for table in before if before[table] != after[table]] == []
    world.wait(1)
    assert seat.save(1, ["A"]).status == 200
    changed = state_of_tables()
    assert {"exams_answer", "exams_attempt"} <= {table for table in after if after[table] != changed[table]}
    report.attack(
        "Reading that writes",
        tried="GET and HEAD on every address of exams by the learner who sits, a manager and the bureau, with acts "
        "in the address (start, submit, move, publish, approve, delete …)",
        earned="no table differs before and after, but for the log of who asked; the learner's next answer changes two",
        reason="405, or a page that only asks",
    )
