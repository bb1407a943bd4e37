"""Addresses of scoring by hand, appeals and practical examinations; part of ``urls``."""

from django.urls import URLPattern, URLResolver, include, path

from zhenxue.exams.web.views import appeals, marking, practical

_mark: list[URLPattern] = [
    path("", marking.mark_page, name="mark"),
    path("back/", marking.mark_back, name="mark_back"),
]
_appeal: list[URLPattern] = [
    path("", appeals.appeal_page, name="appeal"),
    path("uphold/", appeals.appeal_uphold, name="appeal_uphold"),
    path("change/", appeals.appeal_change, name="appeal_change"),
]
_change: list[URLPattern] = [
    path("", appeals.change_page, name="change"),
    path("approve/", appeals.change_approve, name="change_approve"),
    path("reject/", appeals.change_reject, name="change_reject"),
]
_sheet: list[URLPattern] = [
    path("", practical.sheet_page, name="sheet"),
    path("submit/", practical.sheet_submit, name="sheet_submit"),
    path("files/", practical.file_add, name="sheet_file_add"),
]
_exam: list[URLPattern] = [
    path("scoring/", marking.exam_desk, name="exam_desk"),
    path("scoring/people/", marking.markers, name="markers"),
    path("scoring/<int:question_id>/next/", marking.claim, name="claim"),
    path("publish/", marking.publish, name="publish"),
    path("wrong-answers/", marking.wrong_answers, name="wrong_answers"),
    path("wrong-answers.xlsx", marking.wrong_answers_export, name="wrong_answers_export"),
    path("practical/", practical.practical, name="practical"),
    path("practical/<int:enrolment_id>/open/", practical.sheet_open, name="sheet_open"),
    path("practical/import/", practical.score_file, name="score_import"),
    path("practical/template.xlsx", practical.score_template, name="score_template"),
    path("practical/print/", practical.score_print, name="score_print"),
]
_scoring: list[URLPattern | URLResolver] = [
    path("<int:exam_id>/", include(_exam)),
    path("scoring/", marking.desk_list, name="desk"),
    path("scoring/marks/<int:mark_id>/", include(_mark)),
    path("attempts/<int:attempt_id>/appeal/", appeals.appeal_new, name="appeal_new"),
    path("attempts/<int:attempt_id>/change/", appeals.change_new, name="change_new"),
    path("appeals/", appeals.appeal_list, name="appeals"),
    path("appeals/<int:appeal_id>/", include(_appeal)),
    path("changes/<int:change_id>/", include(_change)),
    path("practical/sheets/<int:sheet_id>/", include(_sheet)),
    path("practical/files/<int:evidence_id>/", practical.file, name="score_file"),
    path("practical/files/<int:evidence_id>/delete/", practical.file_drop, name="score_file_drop"),
]
scoring: list[URLPattern | URLResolver] = [path("exams/", include(_scoring))]
