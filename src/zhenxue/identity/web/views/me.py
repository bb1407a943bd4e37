"""The own account: data, password, phone, role, large type, sign-ins."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from zhenxue.identity.operations import accounts, people, sessions
from zhenxue.identity.queries import accounts as queries
from zhenxue.identity.queries.people import get_person
from zhenxue.identity.web.access import ActorRequest, signed_in
from zhenxue.identity.web.forms import PasswordForm, PhoneForm, posted
from zhenxue.identity.web.signing_in import home_address, keep_signed_in, safe_next
from zhenxue.kernel import clock
from zhenxue.kernel.web.forms import attempt


@signed_in
@never_cache
@require_GET
def me(request: ActorRequest) -> HttpResponse:
    """Own data, masked; roles; latest sign-ins."""
    context = {
        "account": queries.get_account(request.actor.account_id or 0),
        "person": get_person(request.actor.person_id or 0),
        "memberships": queries.list_memberships(request.actor.account_id or 0),
        "current": request.login_session,
        "sign_ins": queries.list_own_sessions(request.actor, limit=10),
    }
    return render(request, "identity/me.html", context)


@signed_in
@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
def password(request: ActorRequest) -> HttpResponse:
    """Change the own password; the first sign-in leads here and nowhere else."""
    account = queries.get_account(request.actor.account_id or 0)
    current = request.login_session.pk if request.login_session else None
    form = PasswordForm(posted(request))
    done = attempt(
        request,
        form,
        lambda values: sessions.change_password(
            account=account, session_id=current, old=values["old"], new=values["new"], now=clock.now()
        ),
    )
    if done:
        keep_signed_in(request, account)
        messages.success(request, "密码已修改。其他设备上的登录已退出。")
        return redirect(home_address())
    context = {
        "form": form,
        "first": account.must_change_password,
        "narrow": True,
        "bare": account.must_change_password,
    }
    return render(request, "identity/password.html", context, status=422 if form.errors else 200)


@signed_in
@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def phone(request: ActorRequest) -> HttpResponse:
    """Change the own phone, with the password again."""
    account = queries.get_account(request.actor.account_id or 0)
    form = PhoneForm(posted(request))
    done = attempt(
        request,
        form,
        lambda values: people.change_phone(
            actor=request.actor, account=account, password=values["password"], phone=values["phone"], now=clock.now()
        ),
    )
    if done:
        messages.success(request, "手机号码已更新。")
        return redirect("identity:me")
    context = {"form": form, "person": account.person, "narrow": True}
    return render(request, "identity/phone.html", context, status=422 if form.errors else 200)


@signed_in
@require_http_methods(["GET", "POST"])
def choose_role(request: ActorRequest) -> HttpResponse:
    """Pick the role to act in; all pages then show what that role may see."""
    back = safe_next(request, request.POST.get("next") or request.GET.get("next", ""))
    chosen = request.POST.get("membership", "")
    if request.method == "POST" and chosen.isdecimal() and request.login_session:
        sessions.choose_role(session_id=request.login_session.pk, actor=request.actor, membership_id=int(chosen))
        return redirect(back or home_address())
    memberships = queries.list_memberships(request.actor.account_id or 0)
    current = request.login_session.membership_id if request.login_session else None
    context = {"memberships": memberships, "current_id": current, "next": back, "narrow": True}
    return render(request, "identity/choose_role.html", context, status=422 if request.method == "POST" else 200)


@signed_in
@require_POST
def large_type(request: ActorRequest) -> HttpResponse:
    """Keep the wish for large type with the account."""
    accounts.set_large_type(actor=request.actor, on=request.POST.get("on") == "1")
    if request.htmx:
        return HttpResponse(status=204)
    return redirect(safe_next(request, request.POST.get("next", "")) or "identity:me")
