"""The classification of occupations: a page to look it up, and the suggestions of the picker."""

from django.http import HttpResponse
from django.shortcuts import render

from zhenxue.catalogue.policies import STAFF
from zhenxue.catalogue.queries.standards import LEVEL_LABELS, search_occupations, visible_occupations
from zhenxue.identity.api import ActorRequest, roles
from zhenxue.kernel.listing import Filter, Listing


@roles(*STAFF)
def occupations(request: ActorRequest) -> HttpResponse:
    listing = Listing(
        request,
        visible_occupations(),
        search=("code", "name"),
        filters=(Filter("level", "层级", list(LEVEL_LABELS.items())),),
        sorts={"code": "编码", "name": "名称"},
        default_sort="code",
        search_label="职业编码或名称",
    )
    return render(request, "catalogue/occupations.html", {"listing": listing, "levels": LEVEL_LABELS})


@roles(*STAFF)
def occupation_options(request: ActorRequest) -> HttpResponse:
    """``<option>`` elements for what stands in the picker, whatever its field is called."""
    text = next((str(value) for value in request.GET.values() if str(value).strip()), "")
    return render(request, "catalogue/_occupation_options.html", {"occupations": search_occupations(text)})
