"""Addresses of ``supervision``."""

from django.urls import URLPattern, URLResolver, path

from zhenxue.supervision.web import views

app_name = "supervision"
urlpatterns: list[URLPattern | URLResolver] = [
    path("supervision/home/", views.home_block, name="home_block"),
    path("supervision/cohorts/", views.cohorts, name="cohorts"),
    path("supervision/cohorts/<int:cohort_id>/", views.cohort, name="cohort"),
    path("supervision/cohorts/<int:cohort_id>/learners/", views.learners, name="learners"),
    path("supervision/cohorts/<int:cohort_id>/evidence/", views.cohort_evidence, name="cohort_evidence"),
    path("supervision/learners/<int:enrolment_id>/", views.learner, name="learner"),
]
