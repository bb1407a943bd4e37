"""Editors of questions: what all kinds share, and rows that can be added without script."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, ClassVar

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.forms import BoundField
from django.http import QueryDict

from zhenxue.exams.data import Kind, QuestionFacts
from zhenxue.exams.models import Question
from zhenxue.exams.operations.marking import points
from zhenxue.kernel.web.fields import area, set_choices, text

STEM_HINT = "可以用 **加粗**、$公式$、| 表格 |，图片和音视频写成 ![说明](asset:编号)。"
LEVELS = [("1", "1 很易"), ("2", "2 较易"), ("3", "3 中等"), ("4", "4 较难"), ("5", "5 很难")]
MOST_FILES = 10

type MakeField = Callable[[int], forms.Field]


class ManyFiles(forms.ClearableFileInput):
    """A file input that takes several."""

    allow_multiple_selected = True


class FilesField(forms.FileField):
    """Several files; gives a list, empty when there is none."""

    def __init__(self, label: str, hint: str, *, required: bool = False) -> None:
        accept = "image/png,image/jpeg,image/webp,audio/mpeg,audio/mp4,video/mp4,.m4a"
        super().__init__(label=label, help_text=hint, required=required, widget=ManyFiles(attrs={"accept": accept}))

    def clean(self, data: Any, initial: Any = None) -> list[UploadedFile[Any]]:
        given = list(data) if isinstance(data, list | tuple) else [data] if data else []
        if self.required and not given:
            raise forms.ValidationError("请选择文件。")
        if len(given) > MOST_FILES:
            raise forms.ValidationError(f"一次最多上传 {MOST_FILES} 个文件，请分几次。")
        return given


@dataclass(frozen=True, slots=True)
class Group:
    """Rows of the same fields: ``fields`` by the beginning of their names; a row without ``telling`` text is not there.

    ``part`` names the group in the button's value and in the count of rows.
    """

    part: str
    label: str
    add: str
    fields: Mapping[str, MakeField]
    telling: tuple[str, ...]
    least: int = 1
    most: int = 20
    hint: str = ""


@dataclass(frozen=True, slots=True)
class ShownGroup:
    """A group with its rows as the template shows them."""

    part: str
    label: str
    add: str
    hint: str
    rows: list[list[BoundField]]
    can_add: bool
    most: int

    @property
    def heads(self) -> list[str]:
        """The labels above the columns."""
        return [str(field.label) for field in self.rows[0]] if self.rows else []


class EditorForm(forms.Form):
    """What every editor asks: the stem, then what its kind needs, then explanation, points, level and where it is from.

    Empty rows are closed up before anything is checked, so that a refusal names the rows as they are shown.
    """

    kind_of_form: ClassVar[Kind] = Kind.SINGLE
    groups: ClassVar[tuple[Group, ...]] = ()
    tail: ClassVar[tuple[str, ...]] = ("explanation", "score", "difficulty", "point", "source")

    kind = forms.CharField(widget=forms.HiddenInput, required=False)
    stem = area("题干", STEM_HINT, rows=4, longest=6000)
    uploads = FilesField("插入图片或音视频", "可选。上传后自动放到题干末尾：PNG、JPG、WebP、MP3、M4A、MP4。")
    explanation = area("解析", required=False, rows=2, longest=6000)
    score = forms.DecimalField(label="默认分值", max_digits=5, decimal_places=1, initial=1)
    difficulty = forms.ChoiceField(label="难度", choices=LEVELS, initial="3", required=False)
    point = text("考核点", 340, "填编号或名称，按标准里的写法；不填也可以。", required=False, list="points")
    source = text("来源", 120, "例如：2024 年教材第 3 章。", required=False)

    def __init__(self, data: QueryDict | None = None, files: Any = None, *, initial: dict[str, Any] | None = None):
        initial = {"kind": self.kind_of_form.value, **(initial or {})}
        closed = self._closed(data) if data is not None else None
        super().__init__(closed, files, initial=initial)
        self.counts: dict[str, int] = {}
        for group in self.groups:
            self._add_rows(group, closed, initial)
        order = [name for name in self.fields if name not in self.tail]
        self.order_fields([*order, *self.tail])

    def _closed(self, data: QueryDict) -> QueryDict:
        """The data with empty rows taken out of every group."""
        copy = data.copy()
        for group in self.groups:
            rows = [
                {name: data.get(f"{name}-{at}", "") for name in group.fields}
                for at in range(min(_whole(data.get(f"rows-{group.part}")), group.most))
            ]
            kept = [row for row in rows if any(row[name].strip() for name in group.telling)]
            for at in range(group.most + 1):
                for name in group.fields:
                    copy.pop(f"{name}-{at}", None)
            for at, row in enumerate(kept):
                for name, value in row.items():
                    copy[f"{name}-{at}"] = value
            wanted = len(kept) + (1 if data.get("act") == f"more-{group.part}" else 0)
            copy[f"rows-{group.part}"] = str(min(max(wanted, group.least), group.most))
        return copy

    def _add_rows(self, group: Group, data: QueryDict | None, initial: Mapping[str, Any]) -> None:
        given = initial.get(f"rows-{group.part}", [])
        count = _whole(data.get(f"rows-{group.part}")) if data is not None else max(group.least, len(given))
        self.counts[group.part] = count
        for at in range(count):
            for name, make in group.fields.items():
                field = make(at)
                field.required = False
                if data is None and at < len(given):
                    field.initial = given[at].get(name, field.initial)
                self.fields[f"{name}-{at}"] = field

    @property
    def shown_groups(self) -> list[ShownGroup]:
        """The groups for the template."""
        return [
            ShownGroup(
                group.part,
                group.label,
                group.add,
                group.hint,
                [[self[f"{name}-{at}"] for name in group.fields] for at in range(self.counts[group.part])],
                self.counts[group.part] < group.most,
                group.most,
            )
            for group in self.groups
        ]

    @property
    def plain_fields(self) -> list[BoundField]:
        """The fields that are in no group, in order, without the hidden ones."""
        rows = {f"{name}-{at}" for group in self.groups for name in group.fields for at in range(group.most + 1)}
        return [self[name] for name in self.fields if name not in rows and not self[name].is_hidden]

    @property
    def head_fields(self) -> list[BoundField]:
        return [one for one in self.plain_fields if one.name not in self.tail]

    @property
    def tail_fields(self) -> list[BoundField]:
        return [one for one in self.plain_fields if one.name in self.tail]

    def rows(self, part: str) -> list[dict[str, str]]:
        """What was typed in the rows of a group; those without anything that tells are left out."""
        group = next(one for one in self.groups if one.part == part)
        found = []
        for at in range(self.counts[part]):
            row = {name: str(self.cleaned_data.get(f"{name}-{at}") or "").strip() for name in group.fields}
            if any(row[name] for name in group.telling):
                found.append(row)
        return found

    def offer(self, *, pictures: Sequence[tuple[int, str]] = ()) -> None:
        """Fills choices that depend on the bank."""

    @classmethod
    def of(cls, question: Question) -> "EditorForm":
        """The form filled with a question."""
        shared = {
            "stem": question.stem,
            "explanation": question.explanation,
            "score": points(question.score),
            "difficulty": str(question.difficulty),
            "point": f"{question.point.code} {question.point.title}" if question.point else "",
            "source": question.source,
            "kind": question.kind,
        }
        return cls(initial=shared | cls.filled(question.body, question.key))

    @classmethod
    def filled(cls, body: Mapping[str, Any], key: Mapping[str, Any]) -> dict[str, Any]:
        """What a kind's own fields hold for a question."""
        return {}

    def parts(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Body and key as typed."""
        return {}, {}

    def facts(self, point_id: int | None = None) -> QuestionFacts:
        """The question as the operations take it."""
        data = self.cleaned_data
        body, key = self.parts()
        return QuestionFacts(
            kind=self.chosen_kind,
            stem=data["stem"],
            body=body,
            key=key,
            explanation=data.get("explanation", ""),
            score=data.get("score") or Decimal(0),
            difficulty=int(data.get("difficulty") or 3),
            point_id=point_id,
            source=data.get("source", ""),
        )

    @property
    def chosen_kind(self) -> str:
        return self.kind_of_form.value


def _whole(value: Any) -> int:
    return int(value) if isinstance(value, str) and value.isdecimal() and len(value) < 4 else 0


def line(label: str, longest: int, placeholder: str = "", **attrs: str) -> MakeField:
    """A maker of text lines for rows."""
    more = {"placeholder": placeholder} if placeholder else {}
    return lambda at: text(f"{label} {at + 1}", longest, required=False, **more, **attrs)


def lines(label: str, longest: int, *, rows: int = 2, placeholder: str = "") -> MakeField:
    """A maker of text of several lines for rows."""
    shown = {"rows": str(rows), **({"placeholder": placeholder} if placeholder else {})}
    return lambda at: forms.CharField(label=f"{label} {at + 1}", max_length=longest, widget=forms.Textarea(attrs=shown))


def choice(label: str, choices: Sequence[tuple[str, str]]) -> MakeField:
    """A maker of choices for rows."""
    return lambda at: forms.ChoiceField(label=f"{label} {at + 1}", choices=list(choices), initial=choices[0][0])


__all__ = ["EditorForm", "FilesField", "Group", "choice", "line", "lines", "set_choices"]
