"""Addresses of ``kernel``."""

from django.urls import URLPattern, URLResolver

app_name = "kernel"
urlpatterns: list[URLPattern | URLResolver] = []
