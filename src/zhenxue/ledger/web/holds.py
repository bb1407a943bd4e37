"""Pages of legal holds: the list, a new one, its release."""

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from zhenxue.identity.api import ActorRequest, roles
from zhenxue.identity.data import Actor, Role
from zhenxue.kernel import clock
from zhenxue.kernel.listing import Filter, Listing
from zhenxue.kernel.policies import allows
from zhenxue.kernel.web.confirm import Ask, confirm_page
from zhenxue.kernel.web.forms import attempt
from zhenxue.kernel.web.once import creates
from zhenxue.ledger import operations, policies, queries
from zhenxue.training import api as training

KEEPERS = (Role.OPERATOR_ADMIN, Role.BUREAU_OFFICER)
RELEASE = Ask("解除保全", "解除后，这些记录按规定的年限保存。解除会记入存证。", tone="danger", reason="reason")

STANDING = Filter(
    "standing",
    "状态",
    [("on", "执行中"), ("off", "已解除")],
    apply=lambda rows, value: rows.filter(released_at__isnull=value == "on"),
)


class HoldForm(forms.Form):
    """Whose records, and why. A learner is found by name, or by the number of the enrolment where names are alike."""

    code = forms.CharField(label="班期编号", max_length=40, help_text="例如 371502-2026-0003，在班期页可以看到。")
    learner = forms.CharField(
        label="学员姓名或学籍号", max_length=60, required=False, help_text="不填：保全整个班期的记录。"
    )
    reason = forms.CharField(
        label="理由",
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3, "maxlength": 500}),
        help_text="写清依据，例如：案件编号、来函文号。5 至 500 个字，会记入存证。",
    )

    def __init__(self, *args: object, actor: Actor, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # handed through to Django's form
        self.actor = actor
        self.cohort_id = 0
        self.enrolment_id: int | None = None

    def clean_code(self) -> str:
        code: str = self.cleaned_data["code"].strip()
        found = training.visible_cohorts(self.actor).filter(code=code).values_list("pk", flat=True)[:1]
        if not found:
            raise forms.ValidationError("没有这个编号的班期，请核对。")
        self.cohort_id = found[0]
        return code

    def clean_learner(self) -> str:
        words: str = self.cleaned_data["learner"].strip()
        if not words or not self.cohort_id:
            return words
        rows = training.visible_enrolments(self.actor).filter(cohort_id=self.cohort_id)
        rows = rows.filter(pk=int(words)) if words.isdecimal() else rows.filter(person__name=words)
        found = list(rows.order_by("pk").values_list("pk", flat=True)[:5])
        if len(found) != 1:
            numbers = "、".join(map(str, found))
            raise forms.ValidationError(
                f"这个班期有同名学员，请改填学籍号：{numbers}。" if found else "这个班期没有这名学员，请核对。"
            )
        self.enrolment_id = found[0]
        return words


@roles(*KEEPERS)
@require_GET
def holds(request: ActorRequest) -> HttpResponse:
    """Every hold in sight, those in force and those released."""
    may_keep = allows(policies.check_can_keep, request.actor)
    listing = Listing(
        request,
        queries.visible_holds(request.actor),
        search=("cohort__code", "cohort__title", "enrolment__person__name", "reason"),
        filters=[STANDING],
        sorts={"set_at": "设立时间", "cohort__code": "班期"},
        default_sort="-set_at",
        search_label="搜索班期、姓名、理由",
    )
    return render(request, "ledger/holds.html", {"listing": listing, "release": RELEASE, "may_keep": may_keep})


@roles(*KEEPERS)
@require_http_methods(["GET", "POST"])
@creates
def new_hold(request: ActorRequest) -> HttpResponse:
    """Set a hold; ``?code=`` fills the cohort in."""
    policies.check_can_keep(request.actor)
    form = HoldForm(request.POST or None, actor=request.actor, initial={"code": request.GET.get("code", "")[:40]})
    if attempt(request, form, lambda values: _set(request.actor, form, values["reason"])):
        messages.success(request, "法律保全已设立，所涉记录在解除之前不能删除。")
        return redirect("ledger:holds")
    return render(request, "ledger/hold_form.html", {"form": form}, status=422 if form.errors else 200)


@roles(*KEEPERS)
@require_http_methods(["GET", "POST"])
def release_hold(request: ActorRequest, hold_id: int) -> HttpResponse:
    """Ask, then end a hold with a reason."""
    hold = queries.get_hold(request.actor, hold_id)
    if request.method == "GET":
        return confirm_page(request, RELEASE, subject=str(hold.cohort.code), back=reverse("ledger:holds"))
    reason = request.POST.get("reason", "")
    operations.release_hold(actor=request.actor, hold_id=hold_id, reason=reason, now=clock.now())
    messages.success(request, "法律保全已解除，并记入存证。")
    return redirect("ledger:holds")


def _set(actor: Actor, form: HoldForm, reason: str) -> object:
    return operations.set_hold(
        actor=actor, cohort_id=form.cohort_id, enrolment_id=form.enrolment_id, reason=reason, now=clock.now()
    )
