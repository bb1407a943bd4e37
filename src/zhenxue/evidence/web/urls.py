"""Addresses of ``evidence``: the log's prefix is ``/log``."""

from django.urls import URLPattern, URLResolver, path, register_converter
from django.urls.converters import IntConverter

from zhenxue.evidence.web import views


class TileLevel(IntConverter):
    """0 to 63 without leading zeroes."""

    regex = "[0-9]|[1-5][0-9]|6[0-3]"


register_converter(TileLevel, "tile_level")

app_name = "evidence"
urlpatterns: list[URLPattern | URLResolver] = [
    path("log/checkpoint", views.checkpoint, name="checkpoint"),
    path("log/key", views.key, name="key"),
    path("log/tile/entries/<path:path>", views.entries, name="entries"),
    path("log/tile/<tile_level:level>/<path:path>", views.tile, name="tile"),
]
