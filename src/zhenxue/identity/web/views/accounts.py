"""Accounts: list, opening, detail, password reset, roles; sign-ins and the access log."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from zhenxue.evidence import api as evidence
from zhenxue.identity import policies
from zhenxue.identity.data import Role, SessionEnd
from zhenxue.identity.models import Account
from zhenxue.identity.operations import accounts as operations
from zhenxue.identity.queries import accounts as queries
from zhenxue.identity.queries import organisations
from zhenxue.identity.web import granting
from zhenxue.identity.web.access import ActorRequest, roles
from zhenxue.identity.web.forms import AccountForm, GrantForm, posted
from zhenxue.kernel import clock
from zhenxue.kernel.listing import Filter, Listing
from zhenxue.kernel.web.forms import attempt

STAFF = (Role.PROVIDER_MANAGER, Role.ENTERPRISE_MANAGER, Role.BUREAU_OFFICER, Role.OPERATOR_ADMIN)
ACTIVE = [("1", "启用"), ("0", "停用")]


@roles(*STAFF)
@require_GET
def accounts(request: ActorRequest) -> HttpResponse:
    """Accounts in sight with their roles; ``?organisation=`` narrows to one organisation."""
    listing = Listing(
        request,
        queries.of_organisation(queries.visible_accounts(request.actor), request.GET.get("organisation", "")),
        search=("username", "person__name"),
        filters=(
            Filter("role", "角色", [one for one in Role.choices() if one[0] != Role.SYSTEM], apply=queries.with_role),
            Filter("active", "状态", ACTIVE, apply=lambda rows, value: rows.filter(is_active=value == "1")),
        ),
        sorts={"person__name": "姓名", "username": "登录名", "created_at": "开通时间"},
        default_sort="-created_at",
        search_label="搜索姓名、登录名",
    )
    found = queries.roles_by_account(account.pk for account in listing.rows)
    rows = [(account, found[account.pk]) for account in listing.rows]
    context = {"listing": listing, "rows": rows, "places": granting.places_for(request.actor)}
    return render(request, "identity/accounts.html", context)


@roles(*STAFF)
@never_cache
@require_http_methods(["GET", "POST"])
def new_account(request: ActorRequest, organisation_id: int) -> HttpResponse:
    """Register a person and open an account at one organisation; the initial password is shown once."""
    organisation = organisations.get_visible_organisation(request.actor, organisation_id)
    grantable = policies.grantable_roles(request.actor, organisation)
    policies.check_can_open_accounts(request.actor, organisation)
    form = AccountForm(posted(request), roles=grantable)
    made = attempt(request, form, lambda values: granting.open_for(request.actor, organisation, values, clock.now()))
    if made:
        return _show_password(request, *made)
    context = {"form": form, "organisation": organisation}
    return render(request, "identity/new_account.html", context, status=422 if form.errors else 200)


@roles(*STAFF)
@require_GET
def account(request: ActorRequest, account_id: int) -> HttpResponse:
    """One account: person, roles, sign-ins, what the actor may do."""
    return _detail(request, queries.get_visible_account(request.actor, account_id))


@roles(*STAFF)
@never_cache
@require_POST
def reset_password(request: ActorRequest, account_id: int) -> HttpResponse:
    """A new initial password, shown once."""
    return _show_password(
        request, *operations.reset_password(actor=request.actor, account_id=account_id, now=clock.now())
    )


@roles(*STAFF)
@require_POST
def set_active(request: ActorRequest, account_id: int) -> HttpResponse:
    """Deactivate or activate an account."""
    active = request.POST.get("active") == "1"
    operations.set_active(actor=request.actor, account_id=account_id, active=active, now=clock.now())
    messages.success(request, "账号已启用。" if active else "账号已停用，其登录已退出。")
    return redirect("identity:account", account_id)


@roles(*STAFF)
@require_POST
def grant_role(request: ActorRequest, account_id: int) -> HttpResponse:
    """Give the account one more role."""
    found = queries.get_visible_account(request.actor, account_id)
    form = GrantForm(request.POST, grants=granting.grants_for(request.actor))
    if attempt(request, form, lambda values: granting.grant(request.actor, found, values["grant"], clock.now())):
        messages.success(request, "角色已授予。")
        return redirect("identity:account", account_id)
    return _detail(request, found, form)


@roles(*STAFF)
@require_POST
def revoke_role(request: ActorRequest, account_id: int, membership_id: int) -> HttpResponse:
    """Take a role away."""
    queries.get_visible_account(request.actor, account_id)
    operations.revoke_role(actor=request.actor, membership_id=membership_id, now=clock.now())
    messages.success(request, "角色已撤销。")
    return redirect("identity:account", account_id)


@roles(*STAFF)
@require_GET
def sign_ins(request: ActorRequest) -> HttpResponse:
    """Sign-ins in sight."""
    listing = Listing(
        request,
        queries.visible_sessions(request.actor),
        search=("account__username", "account__person__name", "ip", "device_key__fingerprint"),
        filters=(Filter("end", "结束原因", SessionEnd.choices(), field="end_reason"),),
        sorts={"opened_at": "登录时间", "seen_at": "最近活动"},
        default_sort="-opened_at",
        search_label="搜索姓名、登录名、网络地址、设备指纹",
    )
    return render(request, "identity/sign_ins.html", {"listing": listing})


@roles(*STAFF)
@require_GET
def access_log(request: ActorRequest) -> HttpResponse:
    """Who opened what, and what was refused (A4)."""
    refused = Filter("refused", "结果", [("1", "被拒绝")], apply=lambda rows, _: rows.filter(status__in=(401, 403)))
    listing = Listing(
        request,
        queries.visible_access_log(request.actor),
        search=("account__username", "account__person__name", "path", "ip"),
        filters=(refused,),
        sorts={"at": "时间"},
        default_sort="-at",
        search_label="搜索姓名、登录名、地址",
    )
    return render(request, "identity/access_log.html", {"listing": listing})


def _detail(request: ActorRequest, found: Account, form: GrantForm | None = None) -> HttpResponse:
    held = queries.list_memberships(found.pk)
    context = {
        "account": found,
        "memberships": [(one, policies.can_revoke(request.actor, one)) for one in held],
        "may_manage": policies.can_manage_account(request.actor, found, held),
        "form": form or GrantForm(grants=granting.grants_for(request.actor)),
        "sign_ins": queries.list_sessions_of(request.actor, found.pk),
        "entries": evidence.list_entries(refs=[f"account:{found.pk}"], limit=20),
    }
    return render(request, "identity/account.html", context, status=422 if form else 200)


def _show_password(request: ActorRequest, opened: Account, initial: str) -> HttpResponse:
    context = {"account": opened, "password": initial, "narrow": True}
    return render(request, "identity/account_password.html", context)
