"""People: list, registration, detail with masked numbers, unmasking."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from zhenxue.evidence import api as evidence
from zhenxue.identity import policies
from zhenxue.identity.data import METHOD_LABELS, Role
from zhenxue.identity.operations import people as operations
from zhenxue.identity.operations.photos import PHOTOS
from zhenxue.identity.queries import accounts
from zhenxue.identity.queries import people as queries
from zhenxue.identity.web.access import ActorRequest, roles
from zhenxue.identity.web.forms import PersonForm, posted
from zhenxue.kernel import clock
from zhenxue.kernel.listing import Filter, Listing
from zhenxue.kernel.web.forms import attempt
from zhenxue.kernel.web.once import creates

PERSON_KINDS = tuple(
    f"identity.{word}"
    for word in (
        "person_registered",
        "people_registered",
        "person_completed",
        "people_completed",
        "phone_changed",
        "unmasked",
        "account_opened",
        "accounts_opened",
        "role_granted",
        "roles_granted",
        "first_passwords_issued",
    )
)
STAFF = (Role.PROVIDER_MANAGER, Role.ENTERPRISE_MANAGER, Role.BUREAU_OFFICER, Role.OPERATOR_ADMIN)


@roles(*STAFF)
@never_cache
@require_GET
def people(request: ActorRequest) -> HttpResponse:
    """People in sight, numbers masked; a number is found only when typed in full."""
    listing = Listing(
        request,
        queries.visible_people(request.actor),
        search=queries.search_people,
        filters=(Filter("gender", "性别", [("m", "男"), ("f", "女")]),),
        sorts={"name": "姓名", "created_at": "登记时间"},
        default_sort="-created_at",
        search_label="姓名，或完整的手机号、公民身份号码",
    )
    may_register = policies.can_register_person(request.actor)
    return render(request, "identity/people.html", {"listing": listing, "may_register": may_register})


@roles(*STAFF)
@require_http_methods(["GET", "POST"])
@creates
def new_person(request: ActorRequest) -> HttpResponse:
    """Register a person by real name, or find the one already known."""
    form = PersonForm(posted(request))
    made = attempt(
        request, form, lambda values: operations.register_person(actor=request.actor, now=clock.now(), **values)
    )
    if made:
        messages.success(request, f"{made.name}已实名登记。")
        seen = queries.visible_people(request.actor).filter(pk=made.pk).exists()
        return redirect("identity:person", made.pk) if seen else redirect("identity:people")
    return render(request, "identity/new_person.html", {"form": form}, status=422 if form.errors else 200)


@roles(*STAFF)
@never_cache
@require_GET
def person(request: ActorRequest, person_id: int) -> HttpResponse:
    """One person, numbers masked."""
    return render(request, "identity/person.html", _detail(request, person_id))


@roles(*STAFF)
@never_cache
@require_POST
def unmask_person(request: ActorRequest, person_id: int) -> HttpResponse:
    """Show one number once; the answer is the page itself, so that the number is kept nowhere."""
    what = request.POST.get("what", "")
    plain = operations.unmask_person(
        actor=request.actor, person_id=person_id, what=what, reason=request.POST.get("reason", ""), now=clock.now()
    )
    context = {**_detail(request, person_id), "plain": plain, "plain_label": operations.UNMASKABLE[what]}
    return render(request, "identity/person.html", context)


def _detail(request: ActorRequest, person_id: int) -> dict[str, object]:
    found = queries.get_visible_person(request.actor, person_id)
    account = queries.find_account_of(found.pk)
    return {
        "entries": evidence.list_entries(refs=[f"person:{found.pk}"], kinds=PERSON_KINDS, limit=20),
        "person": found,
        "account": account,
        "memberships": accounts.list_memberships(account.pk) if account else [],
        "photos": [(name, label, bool(getattr(found, name))) for name, label in PHOTOS.items()],
        "may_unmask": policies.can_unmask(request.actor),
        "may_verify_in_person": policies.can_verify_in_person(request.actor, found),
        "method_label": METHOD_LABELS.get(found.verified_by_method, found.verified_by_method),
    }
