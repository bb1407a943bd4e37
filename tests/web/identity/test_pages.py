"""Pages of organisations, people, accounts: masked, scoped, and kind to mistakes."""

import pytest
from django.test import Client

from tests.factories import identity as make
from zhenxue.evidence import api as evidence
from zhenxue.identity import api as identity
from zhenxue.identity.data import Role
from zhenxue.identity.models import Account, Organisation, Person

pytestmark = pytest.mark.django_db


def organisation_form(**changes: str) -> dict[str, str]:
    return {
        "kind": "provider",
        "region": "371502",
        "name": "东昌职业培训学校",
        "uscc": make.credit_code(),
        "address": "东昌西路1号",
        "legal_representative": "王大山",
        "contact_name": "李小云",
        "contact_post": "教务主任",
        "contact_phone": "13812345678",
        **changes,
    }


def person_form(**changes: str) -> dict[str, str]:
    return {"name": "王小明", "citizen_number": make.citizen_number(), "phone": "13812345678", **changes}


def test_a_bureau_registers_an_organisation_and_the_operator_verifies_it() -> None:
    bureau, operator = make.client_for(make.make_bureau()), make.client_for(make.make_operator())
    wrong = bureau.post("/organisations/new/", organisation_form(uscc="91371502MA3C0N1X2I", region=""))
    assert wrong.status_code == 422
    assert "东昌职业培训学校" in wrong.content.decode(), "what was typed is kept"
    wrong = bureau.post("/organisations/new/", organisation_form(uscc="91371502MA3C0N1X2I"))
    assert "不会出现“I”" in wrong.content.decode()
    made = bureau.post("/organisations/new/", organisation_form())
    address = made.headers["Location"]
    assert "待核验" in bureau.get(address).content.decode()
    assert bureau.post(f"{address}verify/").status_code == 403
    refused = operator.post(f"{address}verify/")
    assert refused.status_code in {403, 409}, "the licence comes first"
    make.make_licence(Organisation.objects.get(name="东昌职业培训学校"))
    assert operator.post(f"{address}verify/").headers["Location"] == address
    assert operator.post(f"{address}verify/").status_code == 409, "a second click is told so"
    page = operator.get(address).content.decode()
    assert "已实名" in page
    assert "138****5678" in page
    assert "13812345678" not in page


def test_a_bureau_cannot_register_outside_its_region_or_other_bureaus() -> None:
    client = make.client_for(make.make_bureau("371502"))
    for changes in ({"region": "371503"}, {"kind": "bureau"}):
        assert client.post("/organisations/new/", organisation_form(**changes)).status_code == 422
    assert Organisation.objects.filter(name="东昌职业培训学校").count() == 0


def test_a_phone_is_unmasked_on_the_page_once_with_a_reason() -> None:
    operator = make.make_operator()
    client = make.client_for(operator)
    organisation = make.make_organisation()
    path = f"/organisations/{organisation.pk}/"
    assert client.post(f"{path}unmask/", {"reason": ""}).status_code == 422
    shown = client.post(f"{path}unmask/", {"reason": "核查投诉"})
    assert organisation.contact_phone in shown.content.decode()
    assert "no-store" in shown.headers["Cache-Control"]
    assert organisation.contact_phone not in client.get(path).content.decode()
    kinds = [entry.kind for entry in evidence.list_entries(refs=[f"organisation:{organisation.pk}"])]
    assert kinds.count("identity.unmasked") == 1


def test_an_organisation_is_suspended_with_a_reason_and_its_people_are_out() -> None:
    manager = make.make_provider()
    staff, operator = make.client_for(manager), make.client_for(make.make_operator())
    path = f"/organisations/{manager.organisation_id}/"
    assert operator.post(f"{path}suspend/", {"reason": ""}).status_code == 422
    assert operator.post(f"{path}suspend/", {"reason": "许可证到期"}).status_code == 302
    assert staff.get("/people/").status_code == 401
    assert "许可证到期" in operator.get(path).content.decode()


def test_no_number_is_shown_in_full_on_any_page_of_identity() -> None:
    manager = make.make_provider()
    teacher = make.make_teacher(manager.organisation_id)
    people = list(Person.objects.filter(pk__in=[manager.person_id, teacher.person_id]))
    account = Account.objects.get(pk=teacher.account_id)
    for actor in (manager, make.make_bureau(), make.make_operator()):
        client = make.client_for(actor)
        for path in (
            "/me/",
            "/people/",
            f"/people/{teacher.person_id}/",
            "/accounts/",
            f"/accounts/{account.pk}/",
            f"/organisations/{manager.organisation_id}/",
            "/sign-ins/",
            "/access-log/",
        ):
            answer = client.get(path)
            assert answer.status_code == 200, path
            page = answer.content.decode()
            for person in people:
                assert person.citizen_number not in page, path
                assert person.phone not in page, path


def test_a_person_is_found_by_the_full_number_only() -> None:
    operator = make.client_for(make.make_operator())
    person = make.make_person(name="郑云海")
    assert "郑云海" in operator.get("/people/", {"q": person.citizen_number}).content.decode()
    assert "郑云海" in operator.get("/people/", {"q": person.phone}).content.decode()
    assert "郑云海" not in operator.get("/people/", {"q": person.citizen_number[:12]}).content.decode()
    assert "没有找到" in operator.get("/people/", {"q": "没有这个人"}).content.decode()


def test_a_person_is_registered_once_and_a_wrong_number_says_why() -> None:
    client = make.client_for(make.make_operator())
    form = person_form()
    wrong = client.post("/people/new/", {**form, "citizen_number": form["citizen_number"][:17]})
    assert wrong.status_code == 422
    assert "现在是17位" in wrong.content.decode()
    first = client.post("/people/new/", form)
    again = client.post("/people/new/", form)
    assert first.headers["Location"] == again.headers["Location"]
    other = client.post("/people/new/", {**form, "name": "李小明"})
    assert other.status_code == 422
    assert "另一个姓名" in other.content.decode()


def test_a_person_is_unmasked_with_a_reason_and_not_out_of_sight() -> None:
    manager = make.make_provider()
    teacher = make.make_teacher(manager.organisation_id)
    person = identity.get_person(teacher.person_id or 0)
    client = make.client_for(manager)
    path = f"/people/{person.pk}/unmask/"
    assert client.post(path, {"what": "phone", "reason": "x"}).status_code == 422
    assert person.phone in client.post(path, {"what": "phone", "reason": "通知上课"}).content.decode()
    far = make.client_for(make.make_provider(region="371503"))
    assert far.post(path, {"what": "phone", "reason": "通知上课"}).status_code == 404
    assert far.get(f"/people/{person.pk}/").status_code == 404


def test_a_manager_opens_a_teachers_account_and_the_password_is_shown_once() -> None:
    manager = make.make_provider()
    client = make.client_for(manager)
    path = f"/organisations/{manager.organisation_id}/accounts/new/"
    form = {**person_form(), "role": "teacher", "username": "laoshi-wang"}
    assert client.post(path, {**form, "role": "provider_manager"}).status_code == 422
    shown = client.post(path, form)
    account = Account.objects.get(username="laoshi-wang")
    password = shown.context["password"]
    assert password in shown.content.decode()
    assert "no-store" in shown.headers["Cache-Control"]
    assert password not in client.get(f"/accounts/{account.pk}/").content.decode()
    fresh = Client()
    assert fresh.post("/sign-in/", {"username": "laoshi-wang", "password": password}).status_code == 302
    assert fresh.get("/home/").headers["Location"] == "/password/"
    assert Organisation.objects.filter(pk=manager.organisation_id).exists()
    other = make.make_organisation()
    assert client.get(f"/organisations/{other.pk}/accounts/new/").status_code == 404


def test_a_taken_login_name_is_answered_at_its_field() -> None:
    client = make.client_for(manager := make.make_provider())
    path = f"/organisations/{manager.organisation_id}/accounts/new/"
    form = {"role": "teacher", "username": "laoshi-wang"}
    assert client.post(path, {**person_form(), **form}).status_code == 200
    people = Person.objects.count()
    again = client.post(path, {**person_form(name="李小明"), **form})
    assert again.status_code == 422
    assert "已被使用" in again.content.decode()
    assert Person.objects.count() == people


def test_a_city_bureau_handles_accounts_of_its_counties() -> None:
    city = make.client_for(make.make_bureau("3715"))
    county = make.make_bureau("371502")
    path = f"/organisations/{county.organisation_id}/accounts/new/"
    shown = city.post(path, {**person_form(), "role": "bureau_officer", "username": "dongchangfu2"})
    assert shown.status_code == 200
    opened = Account.objects.get(username="dongchangfu2")
    assert city.post(f"/accounts/{opened.pk}/reset-password/").context["password"]
    assert city.post(f"/accounts/{opened.pk}/active/", {"active": "0"}).status_code == 302
    assert city.post(f"/accounts/{opened.pk}/active/", {"active": "0"}).status_code == 409
    assert make.client_for(county).get(path).status_code == 403


def test_a_role_is_granted_and_revoked_on_the_page() -> None:
    operator = make.client_for(make.make_operator())
    organisation = make.make_organisation()
    account = make.make_account(Role.TEACHER, organisation)
    path = f"/accounts/{account.pk}/"
    assert operator.post(f"{path}roles/", {"grant": "nonsense"}).status_code == 422
    assert operator.post(f"{path}roles/", {"grant": f"{organisation.pk}:provider_manager"}).status_code == 302
    roles = identity.list_memberships(account.pk)
    assert [one.role for one in roles] == [Role.TEACHER, Role.PROVIDER_MANAGER]
    assert operator.post(f"{path}roles/{roles[1].pk}/revoke/").status_code == 302
    assert operator.post(f"{path}roles/{roles[1].pk}/revoke/").status_code == 409


def test_own_phone_changes_with_the_password_only() -> None:
    learner = make.make_learner()
    client = make.client_for(learner)
    wrong = client.post("/me/phone/", {"phone": "13900000000", "password": "wrong"})
    assert wrong.status_code == 422
    assert "当前密码不正确" in wrong.content.decode()
    assert client.post("/me/phone/", {"phone": "139", "password": make.PASSWORD}).status_code == 422
    done = client.post("/me/phone/", {"phone": "13900000000", "password": make.PASSWORD})
    assert done.headers["Location"] == "/me/"
    assert "139****0000" in client.get("/me/").content.decode()


@pytest.mark.usefixtures("bare_ground")
def test_the_rules_are_public_with_their_sources(client: Client) -> None:
    assert "还没有导入规则" in client.get("/rules/").content.decode()
    make.make_rules()
    page = client.get("/rules/").content.decode()
    assert "聊人社字〔2025〕3号 四（三）：每课时45分钟" in page
    assert "平台默认值（各地可调整）" in page


@pytest.mark.parametrize("path", ["/organisations/", "/people/", "/accounts/", "/sign-ins/", "/access-log/"])
def test_lists_cost_the_same_however_long_they_are(path: str) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    client = make.client_for(make.make_operator())

    def cost() -> int:
        client.get(path)
        with CaptureQueriesContext(connection) as queries:
            assert client.get(path).status_code == 200
        return len(queries)

    before = cost()
    for _ in range(4):
        client_of = make.make_provider()
        make.client_for(client_of).get("/people/")
    assert cost() <= before
    assert before <= 12
