"""Addresses of ``kernel``."""

from django.urls import URLPattern, URLResolver, path

from zhenxue.kernel.web import uploads

app_name = "kernel"
urlpatterns: list[URLPattern | URLResolver] = [
    path("uploads/", uploads.collection, name="uploads"),
    path("uploads/<uuid:upload_id>/", uploads.one, name="upload"),
]
