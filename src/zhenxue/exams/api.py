"""What other apps may call."""

from zhenxue.exams.data import AttemptState, ExamFacts, ExamState, Result
from zhenxue.exams.models import Attempt, Exam, Paper, Question, QuestionBank
from zhenxue.exams.operations.attempts import close_due_attempts, save_answer, start_attempt, submit_attempt
from zhenxue.exams.operations.banks import create_bank
from zhenxue.exams.operations.exams import close_due_exams, create_exam, schedule_exam
from zhenxue.exams.operations.importing import import_questions
from zhenxue.exams.operations.papers import create_paper, finish_paper
from zhenxue.exams.operations.presence import ask_presence
from zhenxue.exams.operations.presence import is_at_the_door as waits_at_the_door
from zhenxue.exams.queries import passed, results_of, visible_attempts, visible_exams

__all__ = [
    "Attempt",
    "AttemptState",
    "Exam",
    "ExamFacts",
    "ExamState",
    "Paper",
    "Question",
    "QuestionBank",
    "Result",
    "ask_presence",
    "close_due_attempts",
    "close_due_exams",
    "create_bank",
    "create_exam",
    "create_paper",
    "finish_paper",
    "import_questions",
    "passed",
    "results_of",
    "save_answer",
    "schedule_exam",
    "start_attempt",
    "submit_attempt",
    "visible_attempts",
    "visible_exams",
    "waits_at_the_door",
]
