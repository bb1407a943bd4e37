"""Every address, by room."""

from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("zhenxue.exams.web.urls")),  # first: a hall in an exam asks most
    path("", include("zhenxue.portal.web.urls")),
    path("", include("zhenxue.kernel.web.urls")),
    path("", include("zhenxue.identity.web.urls")),
    path("", include("zhenxue.notices.web.urls")),
    path("", include("zhenxue.evidence.web.urls")),
    path("", include("zhenxue.catalogue.web.urls")),
    path("", include("zhenxue.training.web.urls")),
    path("", include("zhenxue.ledger.web.urls")),
    path("", include("zhenxue.integrity.web.urls")),
    path("", include("zhenxue.study.web.urls")),
    path("", include("zhenxue.subsidy.web.urls")),
    path("", include("zhenxue.supervision.web.urls")),
]

handler400 = "zhenxue.kernel.web.errors.bad_request"
handler403 = "zhenxue.kernel.web.errors.refused"
handler404 = "zhenxue.kernel.web.errors.not_found"
handler500 = "zhenxue.kernel.web.errors.fault"
