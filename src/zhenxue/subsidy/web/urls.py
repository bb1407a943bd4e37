"""Addresses of ``subsidy``."""

from django.urls import URLPattern, URLResolver

app_name = "subsidy"
urlpatterns: list[URLPattern | URLResolver] = []
