"""What is strange, and how strange: the registry of rules and the rules themselves, pure functions over plain facts.

Importing this package registers every rule of the house; other apps may register more in ``apps.ready()``.
"""

from zhenxue.integrity.rules import checks, exams, study, together
from zhenxue.integrity.rules.facts import (
    CHECK_WORDS,
    AnswerFact,
    AttemptFacts,
    BeatFact,
    CheckFacts,
    FaceFacts,
    NoteFacts,
    Owner,
    PairFacts,
    SessionFacts,
    SignInFacts,
)
from zhenxue.integrity.rules.registry import (
    GATHERING,
    Finding,
    Gathering,
    Looks,
    Rule,
    all_rules,
    find_rule,
    heaviest_kind,
    register_rule,
    rules_on,
    score_of,
)

__all__ = [
    "CHECK_WORDS",
    "GATHERING",
    "AnswerFact",
    "AttemptFacts",
    "BeatFact",
    "CheckFacts",
    "FaceFacts",
    "Finding",
    "Gathering",
    "Looks",
    "NoteFacts",
    "Owner",
    "PairFacts",
    "Rule",
    "SessionFacts",
    "SignInFacts",
    "all_rules",
    "checks",
    "exams",
    "find_rule",
    "heaviest_kind",
    "register_rule",
    "rules_on",
    "score_of",
    "study",
    "together",
]
