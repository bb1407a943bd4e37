"""Addresses of ``supervision``."""

from django.urls import URLPattern, URLResolver, path

from zhenxue.supervision.web import log, views

app_name = "supervision"
urlpatterns: list[URLPattern | URLResolver] = [
    path("supervision/home/", views.home_block, name="home_block"),
    path("supervision/cohorts/", views.cohorts, name="cohorts"),
    path("supervision/cohorts/<int:cohort_id>/", views.cohort, name="cohort"),
    path("supervision/cohorts/<int:cohort_id>/learners/", views.learners, name="learners"),
    path("supervision/cohorts/<int:cohort_id>/evidence/", views.cohort_evidence, name="cohort_evidence"),
    path("supervision/learners/<int:enrolment_id>/", views.learner, name="learner"),
    path("supervision/log/", log.health, name="log_health"),
    path("supervision/log/home/", log.home_block, name="log_block"),
    path("supervision/log/verify/", log.verify, name="verify_log"),
    path("supervision/log/witnesses/new/", log.new_witness, name="new_witness"),
    path("supervision/log/witnesses/<int:witness_id>/move/", log.move_witness, name="move_witness"),
    path("supervision/log/witnesses/<int:witness_id>/retire/", log.retire_witness, name="retire_witness"),
]
