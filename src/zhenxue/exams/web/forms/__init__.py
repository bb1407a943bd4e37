"""Forms of ``exams``, by concern."""

from zhenxue.exams.web.forms.answers import AnswerForm
from zhenxue.exams.web.forms.banks import BankForm, UploadForm
from zhenxue.exams.web.forms.exams import CancelForm, ExamForm, PaperForm, TitleForm, civil, read_scores
from zhenxue.exams.web.forms.questions import QuestionForm

__all__ = [
    "AnswerForm",
    "BankForm",
    "CancelForm",
    "ExamForm",
    "PaperForm",
    "QuestionForm",
    "TitleForm",
    "UploadForm",
    "civil",
    "read_scores",
]
