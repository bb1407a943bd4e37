"""Addresses of ``ledger``."""

from django.urls import URLPattern, URLResolver, path, register_converter

from zhenxue.ledger.web import batches, corrections, holds, statistics, views, why
from zhenxue.ledger.web.converters import DayConverter

register_converter(DayConverter, "ledger_day")

app_name = "ledger"
CORRECTION = "progress/corrections/<int:correction_id>/"
urlpatterns: list[URLPattern | URLResolver] = [
    path("progress/cohorts/<int:cohort_id>/", views.cohort, name="cohort"),
    path("progress/<int:enrolment_id>/", views.progress, name="progress"),
    path("progress/cohorts/<int:cohort_id>/statistics/", statistics.cohort_statistics, name="cohort_statistics"),
    path("progress/cohorts/<int:cohort_id>/export.<slug:form>", statistics.export_cohort, name="export_cohort"),
    path("progress/corrections/", corrections.corrections, name="corrections"),
    path("progress/corrections/block/", corrections.corrections_block, name="corrections_block"),
    path(f"{CORRECTION}", corrections.correction, name="correction"),
    path(f"{CORRECTION}adopt/", corrections.adopt_correction, name="adopt_correction"),
    path(f"{CORRECTION}approve/", corrections.approve_correction, name="approve_correction"),
    path(f"{CORRECTION}reject/", corrections.reject_correction, name="reject_correction"),
    path(f"{CORRECTION}cancel/", corrections.cancel_correction, name="cancel_correction"),
    path("progress/corrections/decide/", batches.decide_corrections, name="decide_corrections"),
    path("progress/corrections/batches/<int:batch_id>/", batches.batch, name="batch"),
    path("progress/corrections/batches/<int:batch_id>/approve/", batches.approve_batch, name="approve_batch"),
    path("progress/corrections/batches/<int:batch_id>/reject/", batches.reject_batch, name="reject_batch"),
    path("progress/corrections/batches/<int:batch_id>/cancel/", batches.cancel_batch, name="cancel_batch"),
    path("progress/cohorts/<int:cohort_id>/make-up/", batches.make_up_many, name="make_up_many"),
    path("progress/holds/", holds.holds, name="holds"),
    path("progress/holds/new/", holds.new_hold, name="new_hold"),
    path("progress/holds/<int:hold_id>/release/", holds.release_hold, name="release_hold"),
    path("progress/<int:enrolment_id>/statistics/", statistics.statistics, name="statistics"),
    path("progress/<int:enrolment_id>/export.<slug:form>", statistics.export, name="export"),
    path("progress/<int:enrolment_id>/make-up/", corrections.ask_make_up, name="ask_make_up"),
    path("progress/<int:enrolment_id>/withdraw/", corrections.ask_withdraw, name="ask_withdraw"),
    path("progress/<int:enrolment_id>/<ledger_day:day>/", why.day, name="day"),
    path("progress/<int:enrolment_id>/<ledger_day:day>.json", why.day_json, name="day_json"),
]
