"""实名认证: the steps a person takes, each saved when it is done."""

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from zhenxue.identity.data import (
    CARRIER,
    REVIEW,
    SOCIAL_CARD,
    STRENGTHS,
    WORD,
    CardField,
    CardState,
    ConsentPurpose,
    MethodKind,
    Role,
    Step,
    VerificationState,
)
from zhenxue.identity.operations import cards, codes, consents, registers, verifying
from zhenxue.identity.queries import verifying as queries
from zhenxue.identity.queries.cards import find_card, reading_of
from zhenxue.identity.queries.codes import latest_code
from zhenxue.identity.queries.consents import consent_text
from zhenxue.identity.web.access import ActorRequest, roles, signed_in
from zhenxue.identity.web.forms import posted
from zhenxue.identity.web.verifying_forms import CardFactsForm, CardForm, CodeForm, NoteForm
from zhenxue.kernel import clock
from zhenxue.kernel.errors import Conflict, NotFound
from zhenxue.kernel.web.forms import attempt

#: The page of each step.
PAGES = {
    Step.CONSENT: "identity:verify_consent",
    Step.CARD: "identity:verify_card",
    Step.CHECK: "identity:verify_check",
    Step.PHONE: "identity:verify_phone",
    Step.METHOD: "identity:verify_method",
}
#: What is told to whom by each method that asks outside (PIPL art. 23).
TOLD = {
    "carrier": "姓名、公民身份号码和手机号码会发送给运营商核验服务",
    "police": "姓名、公民身份号码和证件上的照片会发送给公安身份比对服务",
    "social_card": "您将前往电子社保卡的页面登录，由它把姓名、公民身份号码和社保卡号告诉本平台",
}


@signed_in
@never_cache
@require_GET
def verify(request: ActorRequest) -> HttpResponse:
    """What is done and what is next."""
    return render(request, "identity/verify.html", _context(request))


@signed_in
@never_cache
@require_http_methods(["GET", "POST"])
def verify_consent(request: ActorRequest) -> HttpResponse:
    """Read one text and agree to it; each purpose has its own."""
    purpose = _purpose(request)
    if request.method == "POST":
        consents.give_consent(
            actor=request.actor,
            person_id=_me(request),
            purpose=purpose,
            version=request.POST.get("version", ""),
            now=clock.now(),
        )
        messages.success(request, "已记录您的同意，可以随时在这里撤回。")
        return _onward(request)
    context = _context(request) | {"text": consent_text(purpose), "given": purpose in _progress(request).consents}
    return render(request, "identity/verify_consent.html", context)


@signed_in
@require_POST
def withdraw_consent(request: ActorRequest) -> HttpResponse:
    """Take consent back; what hangs on it is deleted at once."""
    purpose = _purpose(request)
    consents.withdraw_consent(actor=request.actor, person_id=_me(request), purpose=purpose, now=clock.now())
    messages.success(request, f"已撤回“{purpose.label}”的同意，相关照片和数据已经删除。")
    return redirect("identity:verify")


@signed_in
@never_cache
@require_http_methods(["GET", "POST"])
def verify_card(request: ActorRequest) -> HttpResponse:
    """Photographs of both sides."""
    form = CardForm(posted(request), request.FILES or None)
    sent = attempt(
        request,
        form,
        lambda values: cards.send_card(actor=request.actor, person_id=_me(request), now=clock.now(), **values),
    )
    if sent:
        return redirect("identity:verify_check")
    context = _context(request, Step.CARD) | {"form": form}
    return render(request, "identity/verify_card.html", context, status=422 if form.errors else 200)


@signed_in
@never_cache
@require_http_methods(["GET", "POST"])
def verify_check(request: ActorRequest) -> HttpResponse:
    """What was read, to be confirmed field by field; waits by itself while the machine reads."""
    card = find_card(_me(request))
    if card is None:
        return redirect("identity:verify_card")
    read = reading_of(card)
    initial = {name: getattr(read, name) for name in CardFactsForm.base_fields} if read else {}
    form = CardFactsForm(posted(request), initial=initial)
    done = attempt(
        request,
        form,
        lambda values: cards.confirm_card(
            actor=request.actor, person_id=_me(request), facts=form.facts_of(values), now=clock.now()
        ),
    )
    if done:
        return _onward(request)
    return render(request, "identity/verify_check.html", _check_context(request, form), status=_status(form))


@signed_in
@never_cache
@require_GET
def verify_card_state(request: ActorRequest) -> HttpResponse:
    """The part of the page that waits for the reading; asked every two seconds, then the page loads anew."""
    card = find_card(_me(request))
    response = render(request, "identity/_card_waiting.html", {"card": card})
    if card is None or card.state != CardState.WAITING:
        response["HX-Refresh"] = "true"
    return response


@signed_in
@never_cache
@require_http_methods(["GET", "POST"])
def verify_phone(request: ActorRequest) -> HttpResponse:
    """Type the code that came by SMS."""
    form = CodeForm(posted(request))
    done = attempt(request, form, lambda values: _type_code(request, values["code"]))
    if done:
        messages.success(request, "手机号码已验证。")
        return _onward(request)
    progress = _progress(request)
    context = _context(request, Step.PHONE) | {
        "form": form,
        "can_send": codes.can_send_codes(),
        "code": latest_code(progress.person) if progress.person.phone else None,
    }
    return render(request, "identity/verify_phone.html", context, status=_status(form))


@signed_in
@require_POST
def send_code(request: ActorRequest) -> HttpResponse:
    """Send a code to the registered phone."""
    codes.send_code(actor=request.actor, person_id=_me(request), now=clock.now())
    messages.success(request, "验证码已发出，请查看短信。")
    return redirect("identity:verify_phone")


@signed_in
@never_cache
@require_GET
def verify_method(request: ActorRequest) -> HttpResponse:
    """The ways that are offered here, with what each gives."""
    context = _context(request, Step.METHOD) | {"told": TOLD, "note": NoteForm()}
    return render(request, "identity/verify_method.html", context)


@signed_in
@require_POST
def use_method(request: ActorRequest, method: str) -> HttpResponse:
    """Begin a method: ask a register now, send the person to the card's page, or ask people."""
    me, now = _me(request), clock.now()
    found = queries.find_method(method)
    if found.kind is MethodKind.PAGE:
        return redirect(found.url_name)
    if method == SOCIAL_CARD:
        back = request.build_absolute_uri(reverse("identity:social_card_return"))
        address = registers.start_social_card(actor=request.actor, person_id=me, redirect_uri=back, now=now)
        return render(request, "identity/verify_leave.html", _context(request, Step.METHOD) | {"address": address})
    if method in {REVIEW, WORD}:
        note = request.POST.get("note", "")
        verifying.ask_review(actor=request.actor, person_id=me, method=method, note=note, now=now)
        messages.success(request, "已提交，审核有结果会通知您。")
        return redirect("identity:verify")
    row = registers.ask_register(actor=request.actor, person_id=me, method=method, now=now)
    return _result(request, passed=row.state == VerificationState.PASSED, words=row.reason)


@signed_in
@never_cache
@require_GET
def social_card_return(request: ActorRequest) -> HttpResponse:
    """Where the social-security card sends people back to."""
    if "state" not in request.GET:
        return redirect("identity:verify")
    row = registers.finish_social_card(
        actor=request.actor,
        state=request.GET.get("state", ""),
        code=request.GET.get("code", ""),
        error=request.GET.get("error", ""),
        now=clock.now(),
    )
    return _result(request, passed=row.state == VerificationState.PASSED, words=row.reason)


@roles(Role.LEARNER)
@require_GET
def home_verify(request: ActorRequest) -> HttpResponse:
    """The block 实名认证 of a learner's home: what is missing, or nothing."""
    strength = request.login_session.strength if request.login_session else 0
    return render(request, "identity/_home_verify.html", {"lack": queries.find_lack(_me(request), strength)})


def _me(request: ActorRequest) -> int:
    return request.actor.person_id or 0


def _progress(request: ActorRequest) -> queries.Progress:
    return queries.progress_of(_me(request))


def _purpose(request: ActorRequest) -> ConsentPurpose:
    asked = request.POST.get("purpose") or request.GET.get("purpose") or ConsentPurpose.DOCUMENTS.value
    try:
        return ConsentPurpose(asked)
    except ValueError:
        raise NotFound("identity.no_consent_text", "没有这份同意书。") from None


def _context(request: ActorRequest, step: Step | None = None) -> dict[str, object]:
    progress = _progress(request)
    return {
        "progress": progress,
        "person": progress.person,
        "strength_words": STRENGTHS[progress.person.verified_strength],
        "next_url": PAGES[progress.next] if progress.next else "",
        "step": step,
        "sandbox": settings.SANDBOX,
        "purposes": [(one, progress.consents.get(one)) for one in ConsentPurpose],
        "narrow": True,
        "carrier": CARRIER,
    }


def _check_context(request: ActorRequest, form: CardFactsForm) -> dict[str, object]:
    context = _context(request, Step.CHECK)
    card = context["progress"].card  # type: ignore[attr-defined]  # a Progress, put in above
    registered = {"name": card.person.name, "citizen_number": card.person.citizen_number}
    return context | {
        "form": form,
        "card": card,
        "waits": card.state == CardState.WAITING,
        "registered": registered,
        "differences": [CardField(one) for one in card.differences],
        "confirmed": card.state == CardState.CONFIRMED,
    }


def _type_code(request: ActorRequest, code: str) -> bool:
    codes.check_code(actor=request.actor, person_id=_me(request), code=code, now=clock.now())
    return True


def _onward(request: ActorRequest) -> HttpResponse:
    """To the next step that is left."""
    following = _progress(request).next
    return redirect(PAGES[following] if following else "identity:verify")


def _result(request: ActorRequest, *, passed: bool, words: str) -> HttpResponse:
    if passed:
        messages.success(request, "核验通过。")
        return redirect("identity:verify")
    raise Conflict("identity.not_verified", words or "没有通过核验，请换一种方式。")


def _status(form: CardFactsForm | CodeForm) -> int:
    return 422 if form.errors else 200
