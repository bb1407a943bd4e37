"""How the evidence log stands: size, witnesses, verifications, alarms; for operator and bureaus."""

import datetime as dt

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from zhenxue.evidence import api as evidence
from zhenxue.identity.api import ActorRequest, roles
from zhenxue.identity.data import Role
from zhenxue.kernel import clock
from zhenxue.kernel.policies import allows
from zhenxue.kernel.web.confirm import Ask, confirm_page
from zhenxue.kernel.web.forms import attempt
from zhenxue.kernel.web.once import creates
from zhenxue.supervision import operations, policies

watchers = roles(Role.BUREAU_OFFICER, Role.OPERATOR_ADMIN, Role.OPERATOR_REVIEWER)
RETIRE = Ask(
    "停用见证",
    "停用后不再向它送检查点，它的签名不再算作见证。尚未解决的“不一致”警报仍会保留。停用会记入存证。",
    tone="danger",
    reason="reason",
)


class WitnessForm(forms.Form):
    """A bureau's witness, as the bureau tells it."""

    organisation = forms.CharField(
        label="见证所属部门", max_length=120, help_text="页面和档案包上显示的名称，例如：聊城市人力资源和社会保障局。"
    )
    vkey = forms.CharField(
        label="见证公钥",
        max_length=300,
        help_text="见证方运行 zhenxue witness init 时打印的一整行。",
        widget=forms.Textarea(attrs={"rows": 2, "maxlength": 300, "spellcheck": "false", "autocomplete": "off"}),
    )
    url = forms.CharField(
        label="见证服务网址", max_length=300, help_text="平台能访问到的地址，例如 https://witness.example.gov.cn。"
    )
    compared = forms.BooleanField(
        label="已当面或电话与见证方逐字核对公钥的后 8 位",
        error_messages={"required": "请先与见证方核对公钥，再打勾。"},
    )


class MoveForm(forms.Form):
    """Where a witness answers now."""

    url = forms.CharField(label="见证服务网址", max_length=300, help_text="密钥不变；更换密钥请另行添加见证。")


@watchers
@require_safe
def health(request: ActorRequest) -> HttpResponse:
    """The log, who watches it, and what is wrong."""
    now = clock.now()
    found = evidence.describe_health(now)
    context = {
        "health": found,
        "witnesses": [(one, age_of(one.cosigned_at, now)) for one in found.witnesses],
        "may_keep": allows(policies.check_can_keep_witnesses, request.actor),
        "may_verify": allows(policies.check_can_ask_verification, request.actor),
        "retire": RETIRE,
        "lag": seconds_of(found.lag),
    }
    return render(request, "supervision/log.html", context)


@watchers
@require_safe
def home_block(request: ActorRequest) -> HttpResponse:
    """One line when all is well, every alarm when it is not."""
    now = clock.now()
    found = evidence.describe_health(now)
    context = {"health": found, "age": age_of(found.newest_cosignature, now)}
    return render(request, "supervision/_log.html", context)


@roles(Role.BUREAU_OFFICER, Role.OPERATOR_ADMIN)
@require_POST
def verify(request: ActorRequest) -> HttpResponse:
    """Have the whole log recomputed in the background."""
    operations.ask_verification(actor=request.actor, now=clock.now())
    messages.success(request, "已开始全链核对。可以离开，结果会显示在这一页。")
    return redirect("supervision:log_health")


@roles(Role.OPERATOR_ADMIN)
@require_http_methods(["GET", "POST"])
@creates
def new_witness(request: ActorRequest) -> HttpResponse:
    """Register a bureau's witness."""
    form = WitnessForm(request.POST or None)
    if attempt(request, form, lambda values: _add(request, values)):
        messages.success(request, "见证已登记，并记入存证。几秒后即可看到它的第一次见证。")
        return redirect("supervision:log_health")
    return render(request, "supervision/witness_form.html", {"form": form}, status=422 if form.errors else 200)


@roles(Role.OPERATOR_ADMIN)
@require_http_methods(["GET", "POST"])
def move_witness(request: ActorRequest, witness_id: int) -> HttpResponse:
    """Another address for a witness."""
    witness = evidence.get_standing(witness_id, clock.now())
    form = MoveForm(request.POST or None, initial={"url": witness.url})
    if attempt(request, form, lambda values: _move(request, witness_id, values["url"])):
        messages.success(request, "见证的网址已更改，并记入存证。")
        return redirect("supervision:log_health")
    context = {"form": form, "witness": witness}
    return render(request, "supervision/witness_form.html", context, status=422 if form.errors else 200)


@roles(Role.OPERATOR_ADMIN)
@require_http_methods(["GET", "POST"])
def retire_witness(request: ActorRequest, witness_id: int) -> HttpResponse:
    """Ask, then end a witness with a reason."""
    back = reverse("supervision:log_health")
    if request.method == "GET":
        witness = evidence.get_standing(witness_id, clock.now())
        return confirm_page(request, RETIRE, subject=f"{witness.organisation}（{witness.name}）", back=back)
    reason = request.POST.get("reason", "")[:500]
    operations.retire_witness(actor=request.actor, witness_id=witness_id, reason=reason, now=clock.now())
    messages.success(request, "见证已停用，并记入存证。")
    return redirect(back)


def age_of(moment: dt.datetime | None, now: dt.datetime) -> str:
    """How long ago, in words; empty for never."""
    return evidence.age(moment, now) if moment else ""


def seconds_of(lag: dt.timedelta | None) -> int:
    """Whole seconds; 0 when nothing waits."""
    return int(lag.total_seconds()) if lag else 0


def _add(request: ActorRequest, values: dict[str, str]) -> bool:
    kept = {name: values[name] for name in ("vkey", "url", "organisation")}
    operations.add_witness(actor=request.actor, now=clock.now(), **kept)
    return True


def _move(request: ActorRequest, witness_id: int, url: str) -> bool:
    operations.move_witness(actor=request.actor, witness_id=witness_id, url=url, now=clock.now())
    return True
