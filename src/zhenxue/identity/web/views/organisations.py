"""The register of organisations."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from zhenxue.evidence import api as evidence
from zhenxue.identity import policies
from zhenxue.identity.data import OrganisationKind, OrganisationState, Role
from zhenxue.identity.operations import organisations as operations
from zhenxue.identity.queries import organisations as queries
from zhenxue.identity.queries import people
from zhenxue.identity.web.access import ActorRequest, roles
from zhenxue.identity.web.forms import NewOrganisationForm, OrganisationForm, kinds_for, posted
from zhenxue.kernel import clock
from zhenxue.kernel.listing import Filter, Listing
from zhenxue.kernel.web.forms import attempt
from zhenxue.kernel.web.once import creates

OVERSEERS = (Role.BUREAU_OFFICER, Role.OPERATOR_REVIEWER, Role.OPERATOR_ADMIN)
ORGANISATION_KINDS = tuple(
    f"identity.{word}"
    for word in (
        "organisation_registered",
        "organisation_edited",
        "organisation_verified",
        "organisation_suspended",
        "document_added",
        "document_reviewed",
        "document_expiring",
        "account_opened",
        "role_granted",
        "role_revoked",
    )
)
MANAGERS = (Role.PROVIDER_MANAGER, Role.ENTERPRISE_MANAGER)


@roles(*OVERSEERS)
@require_GET
def organisations(request: ActorRequest) -> HttpResponse:
    """Organisations in sight."""
    regions = queries.list_regions_in_use(request.actor)
    listing = Listing(
        request,
        queries.visible_organisations(request.actor),
        search=("name", "uscc", "contact_name"),
        filters=(
            Filter("kind", "类别", OrganisationKind.choices()),
            Filter("state", "状态", OrganisationState.choices()),
            Filter("region", "地区", regions, apply=queries.within_region),
        ),
        sorts={"name": "机构名称", "region": "地区", "created_at": "登记时间"},
        default_sort="-created_at",
        search_label="搜索名称、信用代码、联系人",
    )
    may_register = bool(kinds_for(request.actor, policies.can_register_organisation))
    return render(request, "identity/organisations.html", {"listing": listing, "may_register": may_register})


@roles(Role.BUREAU_OFFICER, Role.OPERATOR_ADMIN)
@require_http_methods(["GET", "POST"])
@creates
def new_organisation(request: ActorRequest) -> HttpResponse:
    """Enter an organisation into the register."""
    kinds = kinds_for(request.actor, policies.can_register_organisation)
    form = NewOrganisationForm(posted(request), kinds=kinds, regions=queries.region_choices(request.actor))
    made = attempt(
        request,
        form,
        lambda values: operations.register_organisation(
            actor=request.actor,
            kind=OrganisationKind(values["kind"]),
            region_code=values["region"],
            fields=form.fields_of(values),
            now=clock.now(),
        ),
    )
    if made:
        messages.success(request, f"已登记“{made.name}”，等待平台实名核验。")
        return redirect("identity:organisation", made.pk)
    return render(request, "identity/new_organisation.html", {"form": form}, status=422 if form.errors else 200)


@roles(*OVERSEERS, *MANAGERS, Role.TEACHER)
@require_GET
def own_organisation(request: ActorRequest) -> HttpResponse:
    """The way to the actor's own organisation, for the navigation."""
    return redirect("identity:organisation", request.actor.organisation_id or 0)


@roles(*OVERSEERS, *MANAGERS, Role.TEACHER)
@never_cache
@require_GET
def organisation(request: ActorRequest, organisation_id: int) -> HttpResponse:
    """One organisation: real-name fields, state, people, what happened."""
    return render(request, "identity/organisation.html", _detail(request, organisation_id))


@roles(Role.BUREAU_OFFICER, Role.OPERATOR_ADMIN, *MANAGERS)
@require_http_methods(["GET", "POST"])
def edit_organisation(request: ActorRequest, organisation_id: int) -> HttpResponse:
    """Correct the real-name fields."""
    found = queries.get_visible_organisation(request.actor, organisation_id)
    policies.check_can_edit_organisation(request.actor, found)
    initial = {name: getattr(found, name) for name in OrganisationForm.base_fields if name != "contact_phone"}
    form = OrganisationForm(posted(request), initial=initial)
    done = attempt(
        request,
        form,
        lambda values: operations.edit_organisation(
            actor=request.actor, organisation_id=found.pk, fields=form.fields_of(values), now=clock.now()
        ),
    )
    if done:
        messages.success(request, "机构资料已保存。" if done.verified_at else "机构资料已保存，等待重新核验。")
        return redirect("identity:organisation", found.pk)
    context = {"form": form, "organisation": found}
    return render(request, "identity/edit_organisation.html", context, status=422 if form.errors else 200)


@roles(Role.OPERATOR_ADMIN)
@require_POST
def verify_organisation(request: ActorRequest, organisation_id: int) -> HttpResponse:
    """State that the fields were checked, or lift a suspension with a reason."""
    found = operations.verify_organisation(
        actor=request.actor, organisation_id=organisation_id, note=request.POST.get("reason", ""), now=clock.now()
    )
    messages.success(request, f"“{found.name}”已通过实名核验。")
    return redirect("identity:organisation", organisation_id)


@roles(Role.OPERATOR_ADMIN)
@require_POST
def suspend_organisation(request: ActorRequest, organisation_id: int) -> HttpResponse:
    """Stop an organisation with a reason."""
    found = operations.suspend_organisation(
        actor=request.actor, organisation_id=organisation_id, reason=request.POST.get("reason", ""), now=clock.now()
    )
    messages.success(request, f"“{found.name}”已停用，其人员的登录已退出。")
    return redirect("identity:organisation", organisation_id)


@roles(Role.BUREAU_OFFICER, Role.OPERATOR_ADMIN, *MANAGERS)
@never_cache
@require_POST
def unmask_organisation(request: ActorRequest, organisation_id: int) -> HttpResponse:
    """Show the contact's phone once; the answer is the page itself, so that the number is kept nowhere."""
    plain = operations.unmask_organisation(
        actor=request.actor, organisation_id=organisation_id, reason=request.POST.get("reason", ""), now=clock.now()
    )
    return render(request, "identity/organisation.html", {**_detail(request, organisation_id), "plain_phone": plain})


def _detail(request: ActorRequest, organisation_id: int) -> dict[str, object]:
    found = queries.get_visible_organisation(request.actor, organisation_id)
    return {
        "organisation": found,
        "kind": OrganisationKind(found.kind),
        "state": OrganisationState(found.state),
        "region_path": queries.region_path(found.region_id),
        "members": people.list_members(found.pk, limit=50),
        "entries": evidence.list_entries(refs=[f"organisation:{found.pk}"], kinds=ORGANISATION_KINDS, limit=20),
        "may_see_documents": request.actor.role in {*OVERSEERS, *MANAGERS},
        "may_edit": policies.can_edit_organisation(request.actor, found),
        "may_verify": policies.can_verify_organisation(request.actor),
        "may_unmask": policies.can_unmask(request.actor),
        "may_open_accounts": bool(policies.grantable_roles(request.actor, found)),
    }
