"""Addresses of scoring by hand, appeals and practical examinations; part of ``urls``."""

from django.urls import URLPattern, path

from zhenxue.exams.web.views import appeals, marking, practical

scoring: list[URLPattern] = [
    path("exams/scoring/", marking.desk_list, name="desk"),
    path("exams/<int:exam_id>/scoring/", marking.exam_desk, name="exam_desk"),
    path("exams/<int:exam_id>/scoring/people/", marking.markers, name="markers"),
    path("exams/<int:exam_id>/scoring/<int:question_id>/next/", marking.claim, name="claim"),
    path("exams/scoring/marks/<int:mark_id>/", marking.mark_page, name="mark"),
    path("exams/scoring/marks/<int:mark_id>/back/", marking.mark_back, name="mark_back"),
    path("exams/<int:exam_id>/publish/", marking.publish, name="publish"),
    path("exams/<int:exam_id>/wrong-answers/", marking.wrong_answers, name="wrong_answers"),
    path("exams/<int:exam_id>/wrong-answers.xlsx", marking.wrong_answers_export, name="wrong_answers_export"),
    path("exams/attempts/<int:attempt_id>/appeal/", appeals.appeal_new, name="appeal_new"),
    path("exams/attempts/<int:attempt_id>/change/", appeals.change_new, name="change_new"),
    path("exams/appeals/", appeals.appeal_list, name="appeals"),
    path("exams/appeals/<int:appeal_id>/", appeals.appeal_page, name="appeal"),
    path("exams/appeals/<int:appeal_id>/uphold/", appeals.appeal_uphold, name="appeal_uphold"),
    path("exams/appeals/<int:appeal_id>/change/", appeals.appeal_change, name="appeal_change"),
    path("exams/changes/<int:change_id>/", appeals.change_page, name="change"),
    path("exams/changes/<int:change_id>/approve/", appeals.change_approve, name="change_approve"),
    path("exams/changes/<int:change_id>/reject/", appeals.change_reject, name="change_reject"),
    path("exams/<int:exam_id>/practical/", practical.practical, name="practical"),
    path("exams/<int:exam_id>/practical/<int:enrolment_id>/open/", practical.sheet_open, name="sheet_open"),
    path("exams/<int:exam_id>/practical/import/", practical.score_file, name="score_import"),
    path("exams/<int:exam_id>/practical/template.xlsx", practical.score_template, name="score_template"),
    path("exams/<int:exam_id>/practical/print/", practical.score_print, name="score_print"),
    path("exams/practical/sheets/<int:sheet_id>/", practical.sheet_page, name="sheet"),
    path("exams/practical/sheets/<int:sheet_id>/submit/", practical.sheet_submit, name="sheet_submit"),
    path("exams/practical/sheets/<int:sheet_id>/files/", practical.file_add, name="sheet_file_add"),
    path("exams/practical/files/<int:evidence_id>/", practical.file, name="score_file"),
    path("exams/practical/files/<int:evidence_id>/delete/", practical.file_drop, name="score_file_drop"),
]
