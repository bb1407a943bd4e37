"""Photographs of a person: sending them in, and seeing one with a reason."""

import base64

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from zhenxue.identity.data import Role
from zhenxue.identity.operations import photos as operations
from zhenxue.identity.policies import check_can_store_photo
from zhenxue.identity.queries.people import get_visible_person
from zhenxue.identity.web.access import ActorRequest, roles
from zhenxue.identity.web.forms import PhotosForm, posted
from zhenxue.kernel import clock
from zhenxue.kernel.web.forms import attempt

STAFF = (Role.PROVIDER_MANAGER, Role.ENTERPRISE_MANAGER, Role.BUREAU_OFFICER, Role.OPERATOR_ADMIN)


@roles(*STAFF)
@require_http_methods(["GET", "POST"])
def photos(request: ActorRequest, person_id: int) -> HttpResponse:
    """Send in the photographs of a person in sight."""
    return _photos(request, person_id, "identity:person", person_id)


def _photos(request: ActorRequest, person_id: int, back: str, *arguments: int) -> HttpResponse:
    found = get_visible_person(request.actor, person_id)
    check_can_store_photo(request.actor, found)
    form = PhotosForm(posted(request), request.FILES or None)
    if attempt(request, form, lambda values: operations.store_photos(request.actor, found.pk, values, clock.now())):
        messages.success(request, "照片已加密保存。")
        return redirect(back, *arguments)
    context = {"form": form, "person": found, "narrow": True}
    return render(request, "identity/photos.html", context, status=422 if form.errors else 200)


@roles(*STAFF)
@never_cache
@require_POST
def unmask_photo(request: ActorRequest, person_id: int) -> HttpResponse:
    """Show one photograph once, inside the answer itself: it has no address of its own."""
    what, reason = request.POST.get("what", ""), request.POST.get("reason", "")
    kind, content = operations.unmask_photo(
        actor=request.actor, person_id=person_id, what=what, reason=reason, now=clock.now()
    )
    context = {
        "person": get_visible_person(request.actor, person_id),
        "label": operations.PHOTOS[what],
        "source": f"data:{kind};base64,{base64.b64encode(content).decode()}",
    }
    return render(request, "identity/photo.html", context)
