"""Addresses of ``portal``."""

from django.urls import URLPattern, URLResolver, path

from zhenxue.portal.web import gallery, records, views

app_name = "portal"
urlpatterns: list[URLPattern | URLResolver] = [
    path("", views.landing, name="landing"),
    path("home/", views.home, name="home"),
    path("help/", views.help_index, name="help"),
    path("help/<slug:slug>/", views.help_page, name="help_page"),
    path("large-type/", views.large_type, name="large_type"),
    path("archives/<int:enrolment_id>/", records.archive, name="archive"),
    path("evidence/<int:number>/", records.entry, name="entry"),
    path("gallery/", gallery.gallery, name="gallery"),
]
