"""Addresses of ``exams``."""

from django.urls import URLPattern, URLResolver, path

from zhenxue.exams.web.views import attempts, banks, exams, learner, papers, presence

app_name = "exams"
urlpatterns: list[URLPattern | URLResolver] = [
    path("exams/", exams.exam_list, name="list"),
    path("exams/home/", exams.home_block, name="home_block"),
    path("exams/new/", exams.exam_new, name="exam_new"),
    path("exams/<int:exam_id>/", exams.exam_page, name="exam"),
    path("exams/<int:exam_id>/edit/", exams.exam_edit, name="exam_edit"),
    path("exams/<int:exam_id>/schedule/", exams.exam_schedule, name="exam_schedule"),
    path("exams/<int:exam_id>/cancel/", exams.exam_cancel, name="exam_cancel"),
    path("exams/<int:exam_id>/results.xlsx", exams.exam_export, name="exam_export"),
    path("exams/<int:exam_id>/entry/", learner.entry, name="entry"),
    path("exams/<int:exam_id>/start/", learner.start, name="start"),
    path("exams/attempts/<int:attempt_id>/", attempts.attempt_page, name="attempt"),
    path("exams/attempts/<int:attempt_id>/state/", attempts.attempt_state, name="attempt_state"),
    path("exams/attempts/<int:attempt_id>/answers/<int:position>/", attempts.answer, name="answer"),
    path("exams/attempts/<int:attempt_id>/presence/", presence.ask, name="presence"),
    path("exams/attempts/<int:attempt_id>/move/", attempts.move, name="move"),
    path("exams/attempts/<int:attempt_id>/submit/", attempts.submit, name="submit"),
    path("exams/attempts/<int:attempt_id>/result/", attempts.result, name="result"),
    path("banks/", banks.bank_list, name="banks"),
    path("banks/new/", banks.bank_new, name="bank_new"),
    path("banks/template.xlsx", banks.template, name="template"),
    path("banks/<int:bank_id>/", banks.bank_page, name="bank"),
    path("banks/<int:bank_id>/questions/new/", banks.question_new, name="question_new"),
    path("banks/questions/<int:question_id>/", banks.question_page, name="question"),
    path("banks/questions/<int:question_id>/retire/", banks.question_retire, name="question_retire"),
    path("banks/<int:bank_id>/import/", banks.import_new, name="import"),
    path("banks/<int:bank_id>/import/<int:import_id>/", banks.import_page, name="preview"),
    path("banks/<int:bank_id>/import/<int:import_id>/save/", banks.import_save, name="import_save"),
    path("banks/papers/", papers.paper_list, name="papers"),
    path("banks/papers/new/", papers.paper_new, name="paper_new"),
    path("banks/papers/<int:paper_id>/", papers.paper_page, name="paper"),
    path("banks/papers/<int:paper_id>/add/", papers.paper_add, name="paper_add"),
    path("banks/papers/<int:paper_id>/scores/", papers.paper_scores, name="paper_scores"),
    path("banks/papers/<int:paper_id>/lines/<int:question_id>/<str:act>/", papers.paper_line, name="paper_line"),
    path("banks/papers/<int:paper_id>/finish/", papers.paper_finish, name="paper_finish"),
    path("banks/papers/<int:paper_id>/copy/", papers.paper_copy, name="paper_copy"),
    path("banks/papers/<int:paper_id>/retire/", papers.paper_retire, name="paper_retire"),
]
