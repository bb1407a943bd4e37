"""Addresses of certificates, practice and the book of errors; part of ``urls``."""

from django.urls import URLPattern, path

from zhenxue.exams.web.views import certificate_check as checking
from zhenxue.exams.web.views import certificates as views
from zhenxue.exams.web.views import practice, practice_staff

APPROVE, REJECT, ZIP, PRINT = {"verdict": "approve"}, {"verdict": "reject"}, {"form": "zip"}, {"form": "print"}
certifying: list[URLPattern] = [
    path("certificates/", views.certificate_list, name="certificates"),
    path("certificates/<int:certificate_id>/", views.certificate, name="certificate"),
    path("certificates/<int:certificate_id>/certificate.pdf", views.certificate_file, name="certificate_file"),
    path("certificates/<int:certificate_id>/take-back/", views.certificate_take_back, name="certificate_take_back"),
    path("certificates/changes/<int:change_id>/approve/", views.certificate_decide, APPROVE, "certificate_approve"),
    path("certificates/changes/<int:change_id>/reject/", views.certificate_decide, REJECT, "certificate_reject"),
    path("certificates/cohorts/<int:cohort_id>/", views.certificate_cohort, name="certificate_cohort"),
    path("certificates/cohorts/<int:cohort_id>/issue/", views.certificates_issue, name="certificates_issue"),
    path("certificates/cohorts/<int:cohort_id>/zip/", views.certificates_take, ZIP, "certificates_zip"),
    path("certificates/cohorts/<int:cohort_id>/print/", views.certificates_take, PRINT, "certificates_print"),
    path("practice/", practice.practice_home, name="practice"),
    path("practice/home/", practice.practice_block, name="practice_home"),
    path("practice/openings/<int:opening_id>/start/", practice.practice_start, name="practice_start"),
    path("practice/errors/", practice.errors, name="errors"),
    path("practice/errors/start/", practice.errors_start, name="errors_start"),
    path("practice/rounds/<int:round_id>/", practice.practice_round, name="practice_round"),
    path("practice/rounds/<int:round_id>/<int:position>/", practice.practice_answer, name="practice_answer"),
    path("practice/rounds/<int:round_id>/end/", practice.practice_end, name="practice_end"),
    path("practice/cohorts/", practice_staff.cohorts, name="practice_cohorts"),
    path("practice/cohorts/<int:cohort_id>/", practice_staff.cohort, name="practice_cohort"),
    path("practice/openings/<int:opening_id>/close/", practice_staff.close, name="practice_close"),
    path("check/certificates/", checking.certificate_check, name="certificate_check"),
    path("check/certificates/<str:number>/<str:code>/", checking.certificate_checked, name="certificate_checked"),
]
