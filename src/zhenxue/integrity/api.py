"""What other apps may call."""

from zhenxue.integrity.data import PresencePlan, RunningContext
from zhenxue.integrity.models import Check, Incident, Signal
from zhenxue.integrity.operations.checks import (
    answer_task,
    ask,
    begin_make_up,
    cancel,
    command,
    sweep,
    take_other,
    word,
)
from zhenxue.integrity.operations.faces import end_template, enrol, submit_job
from zhenxue.integrity.operations.incidents import appeal, explain, rule
from zhenxue.integrity.operations.scanning import Source, note, register_facts
from zhenxue.integrity.operations.signals import note_signal
from zhenxue.integrity.queries.checks import last_proof_at, open_check_of, proven_addresses, to_make_up, unit_misses
from zhenxue.integrity.queries.faces import engine_health, has_template, job_answer
from zhenxue.integrity.queries.incidents import open_incidents_of
from zhenxue.integrity.queries.plans import plan_of, register_running
from zhenxue.integrity.rules import (
    AnswerFact,
    AttemptFacts,
    BeatFact,
    CheckFacts,
    FaceFacts,
    Finding,
    Looks,
    NoteFacts,
    Owner,
    PairFacts,
    Rule,
    SessionFacts,
    SignInFacts,
    find_rule,
    register_rule,
)
from zhenxue.integrity.web.island import for_page

__all__ = [
    "AnswerFact",
    "AttemptFacts",
    "BeatFact",
    "Check",
    "CheckFacts",
    "FaceFacts",
    "Finding",
    "Incident",
    "Looks",
    "NoteFacts",
    "Owner",
    "PairFacts",
    "PresencePlan",
    "Rule",
    "RunningContext",
    "SessionFacts",
    "SignInFacts",
    "Signal",
    "Source",
    "answer_task",
    "appeal",
    "ask",
    "begin_make_up",
    "cancel",
    "command",
    "end_template",
    "engine_health",
    "enrol",
    "explain",
    "find_rule",
    "for_page",
    "has_template",
    "job_answer",
    "last_proof_at",
    "note",
    "note_signal",
    "open_check_of",
    "open_incidents_of",
    "plan_of",
    "proven_addresses",
    "register_facts",
    "register_rule",
    "register_running",
    "rule",
    "submit_job",
    "sweep",
    "take_other",
    "to_make_up",
    "unit_misses",
    "word",
]
