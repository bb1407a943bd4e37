"""Addresses of certificates, practice and the book of errors; part of ``urls``."""

from django.urls import URLPattern, URLResolver, include, path

from zhenxue.exams.web.views import certificate_check as checking
from zhenxue.exams.web.views import certificates as views
from zhenxue.exams.web.views import practice, practice_staff

APPROVE, REJECT, ZIP, PRINT = {"verdict": "approve"}, {"verdict": "reject"}, {"form": "zip"}, {"form": "print"}
_certificate: list[URLPattern] = [
    path("", views.certificate, name="certificate"),
    path("certificate.pdf", views.certificate_file, name="certificate_file"),
    path("take-back/", views.certificate_take_back, name="certificate_take_back"),
]
_cohort: list[URLPattern] = [
    path("", views.certificate_cohort, name="certificate_cohort"),
    path("issue/", views.certificates_issue, name="certificates_issue"),
    path("zip/", views.certificates_take, ZIP, "certificates_zip"),
    path("print/", views.certificates_take, PRINT, "certificates_print"),
]
_certificates: list[URLPattern | URLResolver] = [
    path("", views.certificate_list, name="certificates"),
    path("<int:certificate_id>/", include(_certificate)),
    path("changes/<int:change_id>/approve/", views.certificate_decide, APPROVE, "certificate_approve"),
    path("changes/<int:change_id>/reject/", views.certificate_decide, REJECT, "certificate_reject"),
    path("cohorts/<int:cohort_id>/", include(_cohort)),
]
_round: list[URLPattern] = [
    path("", practice.practice_round, name="practice_round"),
    path("<int:position>/", practice.practice_answer, name="practice_answer"),
    path("end/", practice.practice_end, name="practice_end"),
]
_practice: list[URLPattern | URLResolver] = [
    path("", practice.practice_home, name="practice"),
    path("home/", practice.practice_block, name="practice_home"),
    path("openings/<int:opening_id>/start/", practice.practice_start, name="practice_start"),
    path("openings/<int:opening_id>/close/", practice_staff.close, name="practice_close"),
    path("errors/", practice.errors, name="errors"),
    path("errors/start/", practice.errors_start, name="errors_start"),
    path("rounds/<int:round_id>/", include(_round)),
    path("cohorts/", practice_staff.cohorts, name="practice_cohorts"),
    path("cohorts/<int:cohort_id>/", practice_staff.cohort, name="practice_cohort"),
]
certifying: list[URLPattern | URLResolver] = [
    path("certificates/", include(_certificates)),
    path("practice/", include(_practice)),
    path("check/certificates/", checking.certificate_check, name="certificate_check"),
    path("check/certificates/<str:number>/<str:code>/", checking.certificate_checked, name="certificate_checked"),
]
