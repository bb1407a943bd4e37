"""Addresses of ``portal``."""

from django.urls import URLPattern, URLResolver, path

from zhenxue.portal.web import checking, dossiers, gallery, records, views

app_name = "portal"
urlpatterns: list[URLPattern | URLResolver] = [
    path("", views.landing, name="landing"),
    path("home/", views.home, name="home"),
    path("help/", views.help_index, name="help"),
    path("help/<slug:slug>/", views.help_page, name="help_page"),
    path("large-type/", views.large_type, name="large_type"),
    path("archives/<int:enrolment_id>/", records.archive, name="archive"),
    path("evidence/<int:number>/", records.entry, name="entry"),
    path("evidence/<int:number>/proof.json", records.entry_proof, name="entry_proof"),
    path("evidence/learners/<int:enrolment_id>/", records.learner_timeline, name="learner_timeline"),
    path("dossiers/<int:dossier_id>/", dossiers.dossier_state, name="dossier_state"),
    path("dossiers/<int:dossier_id>/download/", dossiers.take_dossier, name="take_dossier"),
    path("dossiers/<slug:prefix>/<int:number>/", dossiers.dossiers, name="dossiers"),
    path("check/", checking.check, name="check"),
    path("gallery/", gallery.gallery, name="gallery"),
]
