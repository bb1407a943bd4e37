"""Forms of ``exams``, by concern."""

from zhenxue.exams.data import Kind
from zhenxue.exams.web.forms.answers import AnswerForm, read_given
from zhenxue.exams.web.forms.arranging import CaseForm, HotspotForm, MatchingForm, OrderingForm, PracticalForm
from zhenxue.exams.web.forms.banks import AssetForm, BankForm, BulkForm, UploadForm
from zhenxue.exams.web.forms.editors import EditorForm
from zhenxue.exams.web.forms.exams import CancelForm, ExamForm, PaperForm, TitleForm, civil, read_scores
from zhenxue.exams.web.forms.mending import MendForm
from zhenxue.exams.web.forms.questions import CalculationForm, ChoiceForm, FillInForm, ShortAnswerForm

#: The editor of each kind.
EDITORS: dict[str, type[EditorForm]] = {
    Kind.SINGLE: ChoiceForm,
    Kind.MULTIPLE: ChoiceForm,
    Kind.TRUE_FALSE: ChoiceForm,
    Kind.FILL_IN: FillInForm,
    Kind.SHORT_ANSWER: ShortAnswerForm,
    Kind.CALCULATION: CalculationForm,
    Kind.MATCHING: MatchingForm,
    Kind.ORDERING: OrderingForm,
    Kind.CASE: CaseForm,
    Kind.HOTSPOT: HotspotForm,
    Kind.PRACTICAL: PracticalForm,
}

__all__ = [
    "EDITORS",
    "AnswerForm",
    "AssetForm",
    "BankForm",
    "BulkForm",
    "CancelForm",
    "CaseForm",
    "EditorForm",
    "ExamForm",
    "HotspotForm",
    "MendForm",
    "PaperForm",
    "TitleForm",
    "UploadForm",
    "civil",
    "read_given",
    "read_scores",
]
