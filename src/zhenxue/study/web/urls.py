"""Addresses of ``study``; beats (``/study/beats/…``) never come here, the ingest answers them."""

from django.urls import URLPattern, URLResolver, path

from zhenxue.study.web import archives, media, opening, presence, records, views

app_name = "study"
UNIT = "study/<int:enrolment_id>/units/<int:unit_id>/"
SESSION = "study/sessions/<int:session_id>/"
urlpatterns: list[URLPattern | URLResolver] = [
    path("study/", views.home, name="home"),
    path("study/home-block/", views.home_block, name="home_block"),
    path("study/hand-over/", views.hand_over, name="hand_over"),
    path("study/archives/", archives.archives, name="archives"),
    path("study/archives/<int:archive_id>/check/", archives.archive_check, name="archive_check"),
    path("study/archives/<int:archive_id>/verify/", archives.verify_archive, name="verify_archive"),
    path("study/<int:enrolment_id>/", views.course, name="course"),
    path(UNIT, views.unit, name="unit"),
    path(f"{UNIT}open/", opening.open_session, name="open"),
    path(f"{UNIT}self-test/", views.self_test, name="self_test"),
    path("study/<int:enrolment_id>/days/<ledger_day:day>/", records.day_sessions, name="day_sessions"),
    path(f"{UNIT}poster.jpg", media.poster, name="poster"),
    path(f"{UNIT}images/<int:material_id>/", media.image, name="image"),
    path(f"{SESSION}close/", views.close_session, name="close"),
    path(f"{SESSION}presence/", presence.ask, name="presence"),
    path(f"{SESSION}master.m3u8", media.master, name="master"),
    path(f"{SESSION}<slug:rung>.m3u8", media.rung, name="rung"),
    path(f"{SESSION}keys/<slug:rung>/<int:index>/", media.key, name="key"),
    path(f"{SESSION}media/<path:name>", media.segment, name="segment"),
    path(f"{SESSION}pages/<int:number>.webp", media.document_page, name="document_page"),
    path(f"{SESSION}document.pdf", media.document, name="document"),
]
