"""The measure for everything: a bare Django view that renders 50 rows of one query, without any middleware."""

import django
from django.conf import settings

django.setup()

from django.core.handlers.wsgi import WSGIHandler  # noqa: E402 - Django is set up first
from django.http import HttpRequest, HttpResponse  # noqa: E402 - see above
from django.template import engines  # noqa: E402 - see above
from django.urls import path  # noqa: E402 - see above

from zhenxue.config.bridge import PageMiddleware  # noqa: E402 - see above
from zhenxue.training.models import Enrolment  # noqa: E402 - see above

TEMPLATE = engines["django"].from_string(
    "<!doctype html><title>50</title><table>{% for row in rows %}<tr><td>{{ row.pk }}</td><td>{{ row.person_id }}</td>"
    "<td>{{ row.state }}</td><td>{{ row.target_group }}</td><td>{{ row.enrolled_at }}</td></tr>{% endfor %}</table>"
)


def rows(request: HttpRequest) -> HttpResponse:
    """Fifty rows."""
    content = TEMPLATE.render({"rows": Enrolment.objects.order_by("pk")[:50]}).encode()
    return HttpResponse(content, headers={"Content-Length": str(len(content))})


urlpatterns = [path("", rows)]
settings.ROOT_URLCONF = __name__
settings.MIDDLEWARE = []
application = PageMiddleware(WSGIHandler(), workers=8)
