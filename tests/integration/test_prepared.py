"""Prepared queries ask and give just what the plain ones do, for every shape of their values."""

import datetime as dt
import gc
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.db import connection, models
from django.db.models import Count
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext

from tests.factories import incidents
from tests.factories.exams import Sitting, make_exam, sit
from tests.factories.identity import NOW, client_for, make_bureau, make_operator, make_teacher
from tests.factories.study import make_video_cohort, page_of
from tests.factories.training import make_running_cohort
from zhenxue.catalogue.models import MediaKey
from zhenxue.catalogue.queries import courses, materials
from zhenxue.exams.ingest import stores
from zhenxue.exams.models import Attempt
from zhenxue.exams.operations import attempts, common
from zhenxue.exams.operations.allowances import give_allowance
from zhenxue.exams.queries import allowances, conduct, learner, results, room, sitting
from zhenxue.exams.queries import scope as exam_scope
from zhenxue.identity.data import ANONYMOUS, SYSTEM
from zhenxue.identity.models import AccessLogEntry, Account, LoginSession, Person, Region
from zhenxue.identity.queries import accounts, sessions
from zhenxue.identity.web import session_store
from zhenxue.integrity.queries import own
from zhenxue.kernel.fields import Sealed
from zhenxue.kernel.listing import Filter, Listing
from zhenxue.kernel.prepared import LARGEST, LONGEST_LIST, Prepared, PreparedInsert, padded
from zhenxue.ledger.models import Coverage
from zhenxue.ledger.operations import crediting
from zhenxue.ledger.queries import progress
from zhenxue.study.models import StudySession
from zhenxue.study.operations import settling
from zhenxue.subsidy.queries import claims
from zhenxue.supervision import queries as supervision
from zhenxue.training.models import Cohort
from zhenxue.training.queries import cohorts, plan, scope

type Case = tuple[Prepared[Any], tuple[Any, ...]]


def shown(found: Any, above: tuple[object, ...] = ()) -> object:
    """Everything that a result holds: the fields that were loaded, and the objects that came with it."""
    if isinstance(found, tuple):
        return tuple(map(shown, found))
    if not isinstance(found, models.Model):
        return str(found) if isinstance(found, Sealed) else found
    if any(found is one for one in above):  # what came with an object may know it
        return type(found), found.pk
    fields = {name: shown(value) for name, value in vars(found).items() if name != "_state"}
    return type(found), fields, {name: shown(one, (*above, found)) for name, one in found._state.fields_cache.items()}


def asked(prepared: Prepared[Any], values: tuple[Any, ...], *, plain: bool) -> tuple[list[str], list[object]]:
    """The SQL and the results."""
    with CaptureQueriesContext(connection) as captured:
        found = list(prepared.build(*values)) if plain else prepared(*values)
    return [one["sql"] for one in captured], [shown(one) for one in found]


def cases_of(made: Sitting) -> list[Case]:
    """Every prepared query with values of all the shapes that its pages have."""
    attempt = Attempt.objects.values_list("pk", flat=True)[0]
    studied, key, session = Coverage.objects.all()[0], MediaKey.objects.all()[0], StudySession.objects.get()
    cohort, enrolments = made.running.cohort.pk, [one.pk for one in made.enrolments]
    actors = [made.manager, made.running.bureau, made.learners[0], make_teacher(made.manager.organisation_id)]
    actors += [make_operator(), make_bureau("3715"), make_bureau("371526"), SYSTEM, ANONYMOUS]
    found: list[Case] = [
        (accounts._sign_ins, (LoginSession.objects.values_list("key_digest", flat=True)[0],)),
        (accounts._sign_ins, ("nobody's",)),
        (accounts._by_name, (Account.objects.values_list("username", flat=True)[0],)),
        (accounts._by_name, ("%s nobody's",)),
        (accounts._by_numbers, (list(Person.objects.values_list("citizen_index", flat=True)[:1]), ["-"])),
        (accounts._by_numbers, (["-", "nobody's"], ["-"])),
        (accounts._many_sign_ins, (list(LoginSession.objects.values_list("key_digest", flat=True)),)),
        (accounts._many_sign_ins, (["nobody's", "' OR '1'='1", "%s"],)),
        (accounts._memberships, (made.manager.account_id, True)),
        (accounts._memberships, (made.learners[0].account_id, False)),
        (accounts._memberships, (0, True)),
        (plan._online_lines, ([cohort],)),
        (plan._online_lines, ([cohort, cohort + 1],)),
        (courses._units, ([one.course_version_id for one in plan.list_lines(cohort) if one.course_version_id],)),
        (courses._units, ([],)),
        (sessions._data_of, (list(Session.objects.values_list("pk", flat=True)), NOW)),
        (sessions._data_of, (["no such key"], NOW)),
        (sessions.lasting_sessions, ("no such key", NOW)),
        (sessions.lasting_sessions, (None, NOW)),
        (scope._enrolments_of_person, (made.learners[0].person_id,)),
        (cohorts._imports, (cohort,)),
        (exam_scope._exams_of_cohorts, ([cohort], True)),
        (exam_scope._exams_of_cohorts, ([cohort, cohort + 1], False)),
        (learner._attempts, (enrolments, [made.exam.pk])),
        (own._waiting, (made.learners[0].person_id, NOW.date())),
        (own._waiting, (0, NOW.date())),
        (allowances._given, ([made.exam.pk], enrolments)),
        (allowances._given, ([made.exam.pk], enrolments[1:])),
        (exam_scope._own_attempt, (made.learners[0].person_id, attempt)),
        (exam_scope._own_attempt, (made.learners[1].person_id, attempt)),
        (exam_scope._own_sitting, (made.learners[0].person_id, attempt)),
        (exam_scope._own_sitting, (made.learners[1].person_id, attempt)),
        (exam_scope._own_exam, (made.learners[0].person_id, made.exam.pk)),
        (exam_scope._own_exam, (made.learners[0].person_id, made.exam.pk + 1)),
        (common._locked, (attempt,)),
        (settling._locked, (session.pk,)),
        (crediting._coverage, (studied.enrolment_id, studied.unit_id)),
        (materials._content_keys, (key.video.material_id, key.rung, key.index)),
        (materials._content_keys, (key.video.material_id, "no such rung", 99)),
        (attempts._enrolments, (made.learners[0].person_id, cohort)),
        (sitting._answers, (attempt,)),
        (stores._held, ([attempt],)),
        (stores._held, ([attempt, attempt + 1, attempt + 2],)),
        (room._rooms, ([attempt, attempt + 1],)),
        (room._words, ([made.exam.pk], [attempt, attempt + 1])),
        (conduct._messages, (made.exam.pk, attempt, NOW)),
    ]
    lists: list[list[int]] = [enrolments, enrolments[:1], [], [0, -1], list(range(LONGEST_LIST + 1)), [LARGEST + 1]]
    of_lists = (progress._sums, progress._offline_sums, progress._begun, results._marked)
    found += [(prepared, (numbers,)) for prepared in of_lists for numbers in lists]
    for shelf in (cohorts.roster_shelf, supervision.roster_shelf):
        found += [(shelf.count, (cohort,)), (shelf.first, (("person__name", 50), cohort))]
    for actor in actors:
        within = scope.scope_of(actor)
        found += [(prepared, (*within, cohort)) for prepared in (scope._cohort, supervision._heads)]
        for shelf in (cohorts._cohorts, supervision._cohorts, claims._claims):
            found += [
                (shelf.count, within),
                (shelf.first, (("", 20), *within)),
                (shelf.first, (("-state", 50), *within)),
            ]
        found += [(scope._cohort, (*within, 10**30)), (scope._own_enrolment, (*within, enrolments[0]))]
    return found


@pytest.mark.django_db
def test_a_prepared_query_asks_and_finds_what_the_plain_one_does() -> None:
    made = make_exam()
    client_for(made.learners[0])
    sit(made, made.learners[0])
    incidents.note(made.running)
    page_of(make_video_cohort()).open().study(10).settle()
    more = {"extra_minutes": 5, "extra_attempts": 0, "reason": "停电", "now": NOW}
    give_allowance(actor=made.manager, exam=made.exam, enrolment_id=made.enrolments[0].pk, **more)  # type: ignore[arg-type]  # as named
    cases = cases_of(made)

    seen = set()
    for prepared, values in [*cases, *cases]:  # the second time by the statement of the first
        sql, found = asked(prepared, values, plain=False)
        assert (sql, found) == asked(prepared, values, plain=True), values
        if found:
            seen.add(prepared)

    gc.unfreeze()  # what was loaded with the settings is out of sight
    living = [one for one in gc.get_objects() if type(one) is Prepared]
    gc.freeze()
    every = {one for one in living if one.build.__module__.startswith("zhenxue.")}
    assert every == {prepared for prepared, _ in cases}, "each prepared query is held against the plain one here"
    silent = {conduct._messages, room._words, sessions.lasting_sessions, cohorts._imports, claims._claims.first}
    assert every - seen <= silent, "and finds something"


@pytest.mark.django_db
def test_a_shelf_shows_and_counts_what_its_queryset_holds_whatever_is_asked_of_it(rf: RequestFactory) -> None:
    made = make_running_cohort(learners=3)
    whole = cohorts.roster_shelf(made.cohort.pk)
    names = sorted(one.person.name for one in made.enrolments)

    def ask(address: str) -> tuple[int, list[str], int]:
        listing = Listing(
            rf.get(address),
            whole,
            search=("person__name",),
            filters=(Filter("state", "状态", [("active", "在学"), ("left", "已退出")]),),
            sorts={"person__name": "姓名"},
            default_sort="person__name",
            size=2,
        )
        return listing.total, [row[1] for row in listing.rows], listing.page.paginator.num_pages

    assert whole.count() == whole.all().count() == 3
    assert ask("/") == ask("/?page=0x&size=9") == (3, names[:2], 2)
    assert ask("/?page=2") == ask("/?page=99") == (3, names[2:], 2)
    assert ask("/?sort=-person__name") == (3, names[:0:-1], 2)
    assert ask("/?size=20") == (3, names, 1)
    assert ask(f"/?q={names[1]}") == (1, [names[1]], 1)
    assert ask("/?state=left") == (0, [], 1)
    assert cohorts.cohort_shelf(ANONYMOUS).count() == 0


@pytest.mark.django_db
def test_a_session_is_found_until_it_expires_and_not_by_another_key() -> None:
    client = client_for(make_exam().learners[0])
    store, now = session_store.SessionStore(client.session.session_key), dt.datetime.now(dt.UTC)

    assert store.load()["sign_in"]
    assert [one.session_key for one in sessions.lasting_sessions(store.session_key, now)] == [store.session_key]
    assert sessions.lasting_sessions(store.session_key, now + dt.timedelta(days=2)) == []
    assert session_store.SessionStore("x" * 32).load() == {}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("build", "reason"),
    [
        (lambda word: Cohort.objects.filter(title__icontains=word), "compares a text"),
        (lambda word: Cohort.objects.filter(title=word).prefetch_related("stages"), "no prefetching"),
        (lambda word: Cohort.objects.filter(title=word).annotate(Count("stages")), "plain objects"),
        (lambda word: Cohort.objects.filter(title=word).values("pk"), "plain objects"),
    ],
)
def test_what_cannot_be_prepared_is_refused(build: Any, reason: str) -> None:
    with pytest.raises(TypeError, match=reason):
        Prepared[Any](build)("养老")


@pytest.mark.django_db
def test_what_begins_with_a_text_is_found_though_it_holds_signs_of_the_database() -> None:
    begins = Prepared(lambda word: Region.objects.filter(name__startswith=word).values_list("name", flat=True))
    Region.objects.create(code="99", name="50%_班\\一")

    assert begins("50%_班\\") == ["50%_班\\一"]
    assert begins("50_") == begins("%") == begins("5\\") == []


@pytest.mark.django_db
def test_a_padded_list_finds_what_the_list_does() -> None:
    names = Prepared(
        lambda codes: Region.objects.filter(code__in=codes).order_by("code").values_list("name", flat=True)
    )
    for code in "abcde":
        Region.objects.create(code=code, name=code.upper())

    assert [len(padded(range(length))) for length in range(6)] == [0, 1, 2, 4, 4, 8]
    assert names(padded("abcde")) == names(list("abcde")) == ["A", "B", "C", "D", "E"]


@pytest.mark.django_db
@pytest.mark.parametrize("ip", ["10.0.0.1", "2001:db8::1", None])
def test_a_prepared_insert_writes_what_the_plain_one_does(ip: str | None) -> None:
    add = PreparedInsert(AccessLogEntry)
    values: dict[str, Any] = {"account_id": None, "organisation_id": None, "role": "", "at": NOW, "ip": ip}
    values |= {"method": "GET", "path": "/people/%s/", "status": 200}

    with CaptureQueriesContext(connection) as captured:
        AccessLogEntry.objects.create(**values)
        add(**values)
        add.many([values, {**values, "status": 404}])
        add.many([])
    plain, prepared, *many = (one["sql"] for one in captured)
    assert plain.startswith(prepared), "but for the key that comes back"
    assert len(many) == 1, "however many rows"
    rows = list(AccessLogEntry.objects.order_by("pk").values())
    assert len(rows) == 4
    assert [row | {"id": 0} for row in rows] == [values | {"id": 0, "status": one} for one in (200, 200, 200, 404)]
    with pytest.raises(TypeError, match="no columns colour"):
        add(**values, colour="red")
    with pytest.raises(KeyError, match="status"):
        add(**{name: value for name, value in values.items() if name != "status"})


def test_a_value_in_the_sql_itself_is_refused() -> None:
    with pytest.raises(TypeError, match="stands in its SQL"):
        Prepared[Any](lambda count: Cohort.objects.order_by("pk")[:count])(3)
