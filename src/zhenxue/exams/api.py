"""What other apps may call."""

from zhenxue.exams.data import AttemptState, ExamFacts, ExamState, Result
from zhenxue.exams.models import Attempt, Blueprint, Exam, Paper, Question, QuestionBank, ScoreSheet
from zhenxue.exams.operations.appeals import make_appeal, propose_change
from zhenxue.exams.operations.assets import add_asset
from zhenxue.exams.operations.attempts import close_due_attempts, save_answer, start_attempt, submit_attempt
from zhenxue.exams.operations.banks import add_question, create_bank
from zhenxue.exams.operations.blueprints import create_blueprint, finish_blueprint
from zhenxue.exams.operations.certificates import ask_certificates, issue_batch
from zhenxue.exams.operations.exams import close_due_exams, create_exam, schedule_exam
from zhenxue.exams.operations.importing import import_questions
from zhenxue.exams.operations.marking_desk import claim_next, give_points, name_markers
from zhenxue.exams.operations.papers import create_paper, finish_paper
from zhenxue.exams.operations.practical import open_sheet, save_sheet, submit_sheet
from zhenxue.exams.operations.practice import answer as answer_practice
from zhenxue.exams.operations.practice import open_practice, start_bank
from zhenxue.exams.operations.presence import ask_presence
from zhenxue.exams.operations.presence import is_at_the_door as waits_at_the_door
from zhenxue.exams.queries import passed, results_of, visible_attempts, visible_exams

__all__ = [
    "Attempt",
    "AttemptState",
    "Blueprint",
    "Exam",
    "ExamFacts",
    "ExamState",
    "Paper",
    "Question",
    "QuestionBank",
    "Result",
    "ScoreSheet",
    "add_asset",
    "add_question",
    "answer_practice",
    "ask_certificates",
    "ask_presence",
    "claim_next",
    "close_due_attempts",
    "close_due_exams",
    "create_bank",
    "create_blueprint",
    "create_exam",
    "create_paper",
    "finish_blueprint",
    "finish_paper",
    "give_points",
    "import_questions",
    "issue_batch",
    "make_appeal",
    "name_markers",
    "open_practice",
    "open_sheet",
    "passed",
    "propose_change",
    "results_of",
    "save_answer",
    "save_sheet",
    "schedule_exam",
    "start_attempt",
    "start_bank",
    "submit_attempt",
    "submit_sheet",
    "visible_attempts",
    "visible_exams",
    "waits_at_the_door",
]
