"""What the pages of a question's editor share: files that come with it, the preview, saving."""

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

from django.http import QueryDict

from zhenxue.exams import kinds, markup
from zhenxue.exams.data import AssetKind, Kind, QuestionFacts
from zhenxue.exams.models import Question, QuestionBank
from zhenxue.exams.operations.assets import add_asset
from zhenxue.exams.queries.assets import find_asset, pictures_of
from zhenxue.exams.queries.banks import find_point
from zhenxue.exams.web.forms import EDITORS, CaseForm, EditorForm, HotspotForm
from zhenxue.identity.api import ActorRequest
from zhenxue.kernel import clock
from zhenxue.kernel.errors import Invalid

#: What a parameterised question shows before anything was drawn.
SAMPLE = 20_000


@dataclass(frozen=True, slots=True)
class Sample:
    """A question as its author sees it: the learner's side, and the key in words."""

    kind: str
    stem: str
    view: Mapping[str, Any]
    solution: list[str]
    explanation: str
    values: Mapping[str, str] | None = None

    @property
    def kind_label(self) -> str:
        return Kind(self.kind).label


def sample_of(question: Question | QuestionFacts) -> Sample:
    """A question with sample values for its parameters; its shapes must be good."""
    rules = kinds.of(question.kind)
    values = rules.draw(question.key, Random(SAMPLE))
    return Sample(
        question.kind,
        kinds.fill_places(question.stem, values),
        rules.view(question.body, kinds.OnSheet(values=values)),
        rules.solution(question.body, question.key, values),
        question.explanation,
        values,
    )


def kind_of(request: ActorRequest) -> str:
    """The kind that the form says, or the address, or a single choice."""
    asked = request.POST.get("kind") or request.GET.get("kind") or ""
    return asked if asked in EDITORS else Kind.SINGLE.value


def is_saving(request: ActorRequest) -> bool:
    """Whether the form asks to be saved, not to be shown again with one row more, a file, or its preview."""
    return request.method == "POST" and request.POST.get("act", "save") in {"save", "again"}


def editor_for(request: ActorRequest, bank: QuestionBank, question: Question | None = None) -> EditorForm:
    """The form as it was sent, with the files that came with it put away; or empty, or filled with a question."""
    editor = EDITORS[question.kind if question and question.kind not in CHOICES else kind_of(request)]
    if request.method == "POST":
        refused = take_files(request, bank)
        form = editor(request.POST, request.FILES)
    else:
        refused = ""
        form = editor.of(question) if question else editor(initial={"kind": kind_of(request)})
    form.offer(pictures=pictures_of(bank))
    if refused:
        form.add_error("uploads", refused)
    return form


CHOICES = (Kind.SINGLE, Kind.MULTIPLE, Kind.TRUE_FALSE)


def take_files(request: ActorRequest, bank: QuestionBank) -> str:
    """Keeps uploaded files and writes them into the stem (the picture of a hotspot: chooses it); what was refused."""
    files = request.FILES.getlist("uploads")
    if not files:
        return ""
    data: QueryDict = request.POST.copy()
    refused = ""
    for file in files[:10]:
        try:
            asset = add_asset(actor=request.actor, bank=bank, source=file, file_name=file.name or "", now=clock.now())
        except Invalid as error:
            refused = error.message
            continue
        if data.get("kind") == Kind.HOTSPOT and asset.kind == AssetKind.IMAGE:
            data["asset"] = str(asset.pk)
        else:
            words = asset.name.rpartition(".")[0][:40].replace("[", "").replace("]", "")
            data["stem"] = f"{data.get('stem', '').rstrip()}\n![{words}](asset:{asset.pk})"
    request.POST = data  # type: ignore[assignment]  # a copy is still what Django gives
    request.FILES.clear()
    return refused


def facts_of(request: ActorRequest, bank: QuestionBank, form: EditorForm) -> QuestionFacts:
    """The question that a valid form says. Raises ``Invalid`` for a point that nobody knows."""
    named = str(form.cleaned_data.get("point") or "").strip()
    point = find_point(request.actor, bank, named) if named else None
    if named and point is None:
        message = "没有找到这个考核点，或有几个标准都有它；请照标准里的编号填写。"
        raise Invalid("exams.no_such_point", message, fields={"point": message})
    if isinstance(form, HotspotForm) and (chosen := form.cleaned_data.get("asset")):
        found = find_asset(int(chosen))
        form.size = (found.width or 0, found.height or 0) if found else None
    return form.facts(point.pk if point else None)


def preview_of(request: ActorRequest, bank: QuestionBank, form: EditorForm) -> dict[str, Any]:
    """The learner's side of what is typed, or what it still lacks."""
    if not form.is_valid():
        return {"lacking": [words for one in form.errors.values() for words in one]}
    try:
        facts = facts_of(request, bank, form)
    except Invalid as error:
        return {"lacking": [error.message]}
    rules = kinds.of(facts.kind)
    wrong = rules.check(facts.body, facts.key)
    lacking = [*wrong.values(), *({} if wrong else rules.check_stem(facts.stem, facts.body, facts.key)).values()]
    lacking += [words for text in (facts.stem, facts.explanation) for words in markup.problems(text)]
    return {"lacking": lacking, "sample": None if wrong else sample_of(facts)}


def picture_of(form: EditorForm) -> dict[str, Any] | None:
    """The picture on which the areas of a hotspot are drawn."""
    if not isinstance(form, HotspotForm):
        return None
    chosen = str(form["asset"].value() or "")
    found = find_asset(int(chosen)) if chosen.isdecimal() and len(chosen) < 18 else None
    return {"id": int(chosen), "width": found.width, "height": found.height} if found else None


def can_edit(question: Question) -> bool:
    """Whether the editor holds all of a question (a case from an import may hold more than its form)."""
    return question.kind != Kind.CASE or CaseForm.can_hold(question.body, question.key)
