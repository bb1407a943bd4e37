"""Tables of ``exams``, by concern."""

from zhenxue.exams.models.attempts import Answer, Attempt
from zhenxue.exams.models.banks import Question, QuestionAsset, QuestionBank, QuestionStatistics
from zhenxue.exams.models.certificates import Certificate, CertificateBatch, CertificateChange, CertificateNumber
from zhenxue.exams.models.conduct import Comparison, ComparisonRun, ConductEvent, ConductStream, RoomMessage
from zhenxue.exams.models.exams import Allowance, Exam
from zhenxue.exams.models.imports import ImportItem, QuestionImport
from zhenxue.exams.models.marking import Mark, ScoreAppeal, ScoreChange
from zhenxue.exams.models.papers import Blueprint, BlueprintRule, Paper, PaperLine
from zhenxue.exams.models.practical import Examiner, ScoreEvidence, ScoreSheet
from zhenxue.exams.models.practice import ErrorCard, PracticeOpening, PracticeRound

__all__ = [
    "Allowance",
    "Answer",
    "Attempt",
    "Blueprint",
    "BlueprintRule",
    "Certificate",
    "CertificateBatch",
    "CertificateChange",
    "CertificateNumber",
    "Comparison",
    "ComparisonRun",
    "ConductEvent",
    "ConductStream",
    "ErrorCard",
    "Exam",
    "Examiner",
    "ImportItem",
    "Mark",
    "Paper",
    "PaperLine",
    "PracticeOpening",
    "PracticeRound",
    "Question",
    "QuestionAsset",
    "QuestionBank",
    "QuestionImport",
    "QuestionStatistics",
    "RoomMessage",
    "ScoreAppeal",
    "ScoreChange",
    "ScoreEvidence",
    "ScoreSheet",
]
