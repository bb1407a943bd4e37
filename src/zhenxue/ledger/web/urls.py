"""Addresses of ``ledger``."""

from django.urls import URLPattern, URLResolver, path, register_converter

from zhenxue.ledger.web import views
from zhenxue.ledger.web.converters import DayConverter

register_converter(DayConverter, "ledger_day")

app_name = "ledger"
urlpatterns: list[URLPattern | URLResolver] = [
    path("progress/cohorts/<int:cohort_id>/", views.cohort, name="cohort"),
    path("progress/<int:enrolment_id>/", views.progress, name="progress"),
    path("progress/<int:enrolment_id>/<ledger_day:day>/", views.day, name="day"),
]
