"""Addresses of ``exams``."""

from django.urls import URLPattern, URLResolver, include, path

from zhenxue.exams.web.urls_certificates import certifying
from zhenxue.exams.web.urls_scoring import scoring
from zhenxue.exams.web.views import (
    assets,
    attempts,
    banks,
    blueprints,
    comparison,
    conduct,
    exams,
    imports,
    invigilation,
    learner,
    papers,
    planning,
    presence,
    questions,
    statistics,
)

app_name = "exams"
type Paths = list[URLPattern | URLResolver]

_attempt: Paths = [
    path("", attempts.attempt_page, name="attempt"),
    path("state/", attempts.attempt_state, name="attempt_state"),
    path("answers/<int:position>/", attempts.answer, name="answer"),
    path("conduct/", conduct.conduct, name="conduct"),
    path("submit/", attempts.submit, name="submit"),
    path("result/", attempts.result, name="result"),
    path("presence/", presence.ask, name="presence"),
    path("move/", attempts.move, name="move"),
    path("break/", planning.begin_break, name="break"),
    path("break/end/", planning.end_break, name="break_end"),
    path("room/", invigilation.seat, name="seat"),
    path("room/<slug:act>/", invigilation.seat_act, name="seat_act"),
]
_exam: Paths = [
    path("", exams.exam_page, name="exam"),
    path("edit/", exams.exam_edit, name="exam_edit"),
    path("schedule/", exams.exam_schedule, name="exam_schedule"),
    path("cancel/", exams.exam_cancel, name="exam_cancel"),
    path("allowances/", planning.allowance_list, name="allowances"),
    path("allowances/<int:enrolment_id>/end/", planning.allowance_end, name="allowance_end"),
    path("make-up/", planning.make_up, name="make_up"),
    path("results.xlsx", exams.exam_export, name="exam_export"),
    path("entry/", learner.entry, name="entry"),
    path("start/", learner.start, name="start"),
    path("room/", invigilation.room, name="room"),
    path("room/<slug:act>/", invigilation.room_act, name="room_act"),
    path("comparison/", comparison.comparison, name="comparison"),
    path("comparison/again/", comparison.comparison_again, name="comparison_again"),
]
_exams: Paths = [
    path("", exams.exam_list, name="list"),
    path("home/", exams.home_block, name="home_block"),
    path("new/", exams.exam_new, name="exam_new"),
    path("<int:exam_id>/", include(_exam)),
    path("comparison/<int:comparison_id>/", comparison.pair, name="pair"),
    path("comparison/<int:comparison_id>/refer/", comparison.pair_refer, name="pair_refer"),
]
_import: Paths = [
    path("", imports.import_page, name="preview"),
    path("save/", imports.import_save, name="import_save"),
    path("choose/", imports.import_choose, name="import_choose"),
    path("items/<int:position>/", imports.import_item, name="import_item"),
    path("files/<int:index>/", imports.import_file, name="import_file"),
    path("resume/", imports.import_resume, name="import_resume"),
    path("refused.xlsx", imports.import_refused, name="import_refused"),
]
_bank: Paths = [
    path("", banks.bank_page, name="bank"),
    path("change/", questions.bank_change, name="bank_change"),
    path("doubles/", questions.doubles, name="doubles"),
    path("files/", assets.asset_list, name="assets"),
    path("statistics/", statistics.bank_statistics, name="bank_statistics"),
    path("statistics.xlsx", statistics.bank_statistics_sheet, name="bank_statistics_sheet"),
    path("questions/new/", questions.question_new, name="question_new"),
    path("questions/preview/", questions.question_preview, name="question_preview"),
    path("import/", imports.import_new, name="import"),
    path("import/<int:import_id>/", include(_import)),
    path("export/", imports.exports, name="exports"),
    path("export/<str:form>/", imports.bank_export, name="bank_export"),
]
_question: Paths = [
    path("", questions.question_page, name="question"),
    path("edit/", questions.question_edit, name="question_edit"),
    path("retire/", questions.question_retire, name="question_retire"),
    path("restore/", questions.question_restore, name="question_restore"),
    path("statistics/", statistics.question_statistics, name="question_statistics"),
]
_blueprint: Paths = [
    path("", blueprints.blueprint_page, name="blueprint"),
    path("edit/", blueprints.blueprint_edit, name="blueprint_edit"),
    path("rules/add/", blueprints.rule_add, name="rule_add"),
    path("rules/<int:position>/", blueprints.rule_edit, name="rule_edit"),
    path("rules/<int:position>/<str:act>/", blueprints.rule_act, name="rule_act"),
    path("samples/", blueprints.blueprint_samples, name="blueprint_samples"),
    path("finish/", blueprints.blueprint_finish, name="blueprint_finish"),
    path("copy/", blueprints.blueprint_copy, name="blueprint_copy"),
    path("retire/", blueprints.blueprint_retire, name="blueprint_retire"),
]
_paper: Paths = [
    path("", papers.paper_page, name="paper"),
    path("print/", papers.paper_print, name="paper_print"),
    path("add/", papers.paper_add, name="paper_add"),
    path("scores/", papers.paper_scores, name="paper_scores"),
    path("lines/<int:question_id>/<str:act>/", papers.paper_line, name="paper_line"),
    path("finish/", papers.paper_finish, name="paper_finish"),
    path("copy/", papers.paper_copy, name="paper_copy"),
    path("retire/", papers.paper_retire, name="paper_retire"),
]
_banks: Paths = [
    path("", banks.bank_list, name="banks"),
    path("new/", banks.bank_new, name="bank_new"),
    path("template.xlsx", imports.import_template, name="template"),
    path("<int:bank_id>/", include(_bank)),
    path("files/<int:asset_id>/", assets.asset_file, name="asset"),
    path("questions/<int:question_id>/", include(_question)),
    path("blueprints/", blueprints.blueprint_list, name="blueprints"),
    path("blueprints/new/", blueprints.blueprint_new, name="blueprint_new"),
    path("blueprints/count/", blueprints.rule_count, name="rule_count"),
    path("blueprints/<int:blueprint_id>/", include(_blueprint)),
    path("papers/", papers.paper_list, name="papers"),
    path("papers/new/", papers.paper_new, name="paper_new"),
    path("papers/<int:paper_id>/", include(_paper)),
]
#: By what they begin with, and first what rooms ask for all the time: a request is held against few of them.
urlpatterns: Paths = [
    path("exams/attempts/<int:attempt_id>/", include(_attempt)),
    path("exams/", include(_exams)),
    path("banks/", include(_banks)),
    *scoring,
    *certifying,
]
