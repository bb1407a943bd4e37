"""The log health page: what it says, who acts on it, and the alarms on the home page."""

import datetime as dt

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tests.factories.evidence import NOW, make_log
from tests.factories.identity import client_for, make_bureau, make_operator, make_provider
from tests.factories.witnesses import make_cosignature, make_witness, witness_signer
from zhenxue.evidence import api as evidence
from zhenxue.evidence.data import RunState, TroubleKind
from zhenxue.evidence.models import Checkpoint, Entry, VerificationRun, Witness, WitnessTrouble
from zhenxue.evidence.operations.verifying import ask_verification, run_verification, verify_daily
from zhenxue.identity.data import Role
from zhenxue.kernel import clock
from zhenxue.kernel.errors import Conflict
from zhenxue.tlog.cosignatures import WitnessKey

pytestmark = pytest.mark.django_db
CITY = witness_signer()
KEY = str(WitnessKey.of(CITY))


def page(client: Client, name: str = "log_health") -> str:
    answer = client.get(reverse(f"supervision:{name}"))
    assert answer.status_code == 200
    return answer.content.decode()


def make_witnessed_log() -> Witness:
    make_log(3)
    witness = make_witness(CITY)
    make_cosignature(witness, CITY, at=clock.now())
    return witness


def add(client: Client, expect: int = 200, **changes: str) -> str:
    fields = {"organisation": "聊城市人社局", "vkey": KEY, "url": "http://127.0.0.1:8020", "compared": "on"}
    answer = client.post(reverse("supervision:new_witness"), {**fields, **changes}, follow=True)
    assert answer.status_code == expect, answer.content.decode()[:2000]
    return answer.content.decode()


def test_all_well_reads_so_for_operator_and_bureau_and_is_shut_to_others() -> None:
    make_witnessed_log()
    for actor in (make_operator(), make_operator(Role.OPERATOR_REVIEWER), make_bureau("3715"), make_bureau()):
        client = client_for(actor)
        evidence.integrate(clock.now())
        told = page(client)
        assert "没有警报" in told
        assert all(words in told for words in ("市人社局", "正常", "刚刚", "还没有核对过"))
        assert ("添加见证" in told, "停用见证" in told) == (actor.role is Role.OPERATOR_ADMIN,) * 2
        assert "最近见证：刚刚" in page(client, "log_block")
    outsider = client_for(make_provider())
    for name in ("log_health", "log_block", "new_witness"):
        assert outsider.get(reverse(f"supervision:{name}")).status_code == 403
    bureau = client_for(make_bureau())
    assert bureau.post(reverse("supervision:new_witness"), {}).status_code == 403
    assert outsider.post(reverse("supervision:verify_log")).status_code == 403


def test_without_a_witness_both_are_told_to_get_one() -> None:
    make_log(1)
    for client in (client_for(make_operator()), client_for(make_bureau())):
        assert "还没有见证" in page(client)
        assert "还没有见证" in page(client, "log_block")


@pytest.mark.parametrize(
    ("kind", "words"),
    [(TroubleKind.SILENT, "见证没有应答：市人社局"), (TroubleKind.DISAGREES, "见证不一致：市人社局")],
)
def test_an_alarm_stands_on_the_page_and_on_the_home_of_operator_and_bureau(kind: TroubleKind, words: str) -> None:
    witness = make_witnessed_log()
    WitnessTrouble.objects.create(witness=witness, kind=kind, since=NOW, words="发生了什么")
    operator, bureau = client_for(make_operator()), client_for(make_bureau())
    for client in (operator, bureau):
        for name in ("log_health", "log_block"):
            assert words in page(client, name)
    retire = reverse("supervision:retire_witness", args=[witness.pk])
    operator.post(retire, {"reason": "不想再看到警报"})
    assert Witness.objects.get().retired_at is not None
    for client in (operator, bureau):
        assert (words in page(client, "log_block")) == (kind is TroubleKind.DISAGREES)


def test_a_witness_is_added_moved_and_retired_by_the_administrator() -> None:
    make_log(1)
    admin = client_for(make_operator())
    assert "见证公钥" in page(admin, "new_witness")
    assert "请整行复制" in add(admin, 422, vkey=KEY[:-4])
    assert "不带参数" in add(admin, 422, url="witness")
    assert "请先与见证方核对" in add(admin, 422, compared="")
    assert not Witness.objects.exists()
    assert "等待首次见证" in add(admin)
    assert "已经登记过" in add(admin, 422, url="http://127.0.0.1:8021")
    witness = Witness.objects.get()
    move = reverse("supervision:move_witness", args=[witness.pk])
    assert "127.0.0.1:8020" in admin.get(move).content.decode()
    assert admin.post(move, {"url": "ftp://x"}).status_code == 422
    assert admin.post(move, {"url": "https://w.example"}).status_code == 302
    retire = reverse("supervision:retire_witness", args=[witness.pk])
    assert "停用后" in admin.get(retire).content.decode()
    assert admin.post(retire, {"reason": " "}).status_code == 422
    assert admin.post(retire, {"reason": "更换密钥"}).status_code == 302
    assert "已停用的见证（1）" in page(admin)
    for address in (move, retire):
        assert admin.get(address).status_code == 404
    assert admin.post(retire, {"reason": "再一次"}).status_code == 409
    kinds = [entry.kind for entry in evidence.list_entries(refs=[f"witness:{witness.pk}"])]
    assert kinds == ["evidence.witness_retired", "evidence.witness_moved", "evidence.witness_added"]
    number = evidence.integrate(clock.now()) and evidence.list_entries(refs=[f"witness:{witness.pk}"])[0].number
    assert client_for(make_bureau()).get(f"/evidence/{number}/").status_code == 200
    assert client_for(make_provider()).get(f"/evidence/{number}/").status_code == 404


@pytest.mark.usefixtures("unguarded")
def test_a_log_whose_last_signature_does_not_fit_is_an_alarm_and_no_broken_page() -> None:
    make_witnessed_log()
    newest = Checkpoint.objects.order_by("-size")[0]
    Checkpoint.objects.filter(pk=newest.pk).update(note=newest.note.replace(str(newest.size), str(newest.size + 1), 1))
    for client in (client_for(make_operator()), client_for(make_bureau())):
        for name in ("log_health", "log_block"):
            assert "存证链不能签名" in page(client, name)


def test_a_verification_is_run_in_the_background_and_its_result_stays() -> None:
    make_log(2)
    bureau = client_for(make_bureau())
    button = reverse("supervision:verify_log")
    assert bureau.post(button).status_code == 302
    assert "正在核对" in page(bureau)
    assert bureau.post(button).status_code == 409
    run = run_verification(run_id=VerificationRun.objects.get().pk, clock=clock.now)
    assert (run.state, run.faults) == (RunState.CLEAN, 0)
    assert run.size == run.entries > 0
    assert "全部相符" in page(bureau)
    assert run_verification(run_id=run.pk, clock=clock.now).ended_at == run.ended_at, "it is not run twice"


@pytest.mark.usefixtures("unguarded")
def test_what_a_verification_finds_is_an_alarm_until_one_is_clean() -> None:
    make_log(2)
    before = Entry.objects.order_by("-number")[0].envelope
    Entry.objects.filter(envelope=before).update(envelope=before.replace("cohort", "cohurt"))
    ask_verification(account_id=None, now=NOW)
    run_verification(run_id=VerificationRun.objects.get().pk, clock=lambda: NOW)
    client = client_for(make_bureau())
    assert "全链核对不相符" in page(client, "log_block")
    assert "内容被改动" in page(client)
    Entry.objects.filter(envelope=before.replace("cohort", "cohurt")).update(envelope=before)
    again = ask_verification(account_id=None, now=NOW)
    run_verification(run_id=again.pk, clock=lambda: NOW)
    assert "全链核对不相符" not in page(client)


def test_a_verification_whose_worker_died_is_given_up_and_one_comes_every_day() -> None:
    make_log(1)
    verify_daily(NOW)
    assert not VerificationRun.objects.exists(), "the log is younger than a day"
    verify_daily(NOW + dt.timedelta(days=1))
    run = VerificationRun.objects.get()
    with pytest.raises(Conflict):
        ask_verification(account_id=None, now=run.asked_at + dt.timedelta(hours=2))
    ask_verification(account_id=None, now=run.asked_at + dt.timedelta(hours=4))
    run.refresh_from_db()
    assert run.state == RunState.FAILED
    verify_daily(run.asked_at + dt.timedelta(hours=20))
    assert VerificationRun.objects.count() == 2


def test_the_page_costs_the_same_however_many_witnesses_there_are() -> None:
    make_witnessed_log()
    client = client_for(make_operator())

    def queries() -> int:
        with CaptureQueriesContext(connection) as caught:
            page(client)
        return len(caught)

    queries()
    before = queries()
    for number in range(5):
        make_witness(witness_signer(f"witness.example/{number}", bytes([number]) * 32))
    assert queries() == before
