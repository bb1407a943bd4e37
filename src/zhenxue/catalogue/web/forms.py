"""Forms of the catalogue. They shape what was typed; whether it fits is said by the operations, field by field."""

import re
from typing import Any

from django import forms
from django.urls import reverse

from zhenxue.catalogue.data import (
    TESTED_KINDS,
    CourseFacts,
    Domain,
    QuestionKind,
    StandardKind,
    TargetGroup,
    UnitDraft,
    UnitKind,
)
from zhenxue.catalogue.models import CourseVersion, Material, Point, SelfTestQuestion, Unit, UnitPrompt
from zhenxue.catalogue.queries.courses import facts_of
from zhenxue.catalogue.queries.standards import find_occupation, search_occupations
from zhenxue.catalogue.questions import QuestionDraft, make_draft
from zhenxue.kernel.hours import in_words
from zhenxue.kernel.web.fields import set_choices

_CODE = re.compile(r"\s*(\d(?:-\d{2}){0,3})(?:\s|$)", re.ASCII)
READING_TEST = (
    "读完后要做小测，学员答对这么多才算学完。题目在保存后添加；不加的话，用本章后面的自测单元，以那个单元的合格线为准。"
)


class OccupationWidget(forms.TextInput):
    """A text field whose suggestions come from the catalogue while one types a code or a name."""

    template_name = "catalogue/widgets/occupation.html"

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context(name, value, attrs)
        listing = f"{context['widget']['attrs'].get('id', name)}_options"
        context["widget"]["listing"] = listing
        context["widget"]["attrs"] |= {
            "list": listing,
            "autocomplete": "off",
            "hx-get": reverse("catalogue:occupation_options"),
            "hx-trigger": "input changed delay:250ms",
            "hx-target": f"#{listing}",
            "hx-swap": "innerHTML",
        }
        return context

    def format_value(self, value: Any) -> str | None:
        text = super().format_value(value)
        found = find_occupation(text) if text else None
        return str(found) if found else text


class OccupationField(forms.CharField):
    """An occupation of the 2022 classification by code or name; cleans to its code (empty when not required)."""

    widget = OccupationWidget

    def __init__(self, **options: Any) -> None:
        options.setdefault("label", "职业（工种）")
        options.setdefault("help_text", "输入职业编码或名称，从提示中选择，例如“电工”或“6-31-01”。")
        super().__init__(max_length=160, **options)

    def clean(self, value: Any) -> str:
        text = str(super().clean(value) or "").strip()
        if not text:
            return ""
        code = _CODE.match(text)
        if code and (found := find_occupation(code[1])):
            return found.code
        exact = [one for one in search_occupations(text, limit=5) if one.name == text]
        if len(exact) == 1:
            return exact[0].code
        raise forms.ValidationError("没有找到这个职业，请输入编码或名称后从提示中选择。")


def _words(label: str, hint: str, rows: int = 3) -> forms.CharField:
    area = forms.Textarea(attrs={"rows": rows, "maxlength": 4000})
    return forms.CharField(label=label, required=False, help_text=hint, widget=area, max_length=4000)


class CourseForm(forms.Form):
    """B1-B4."""

    title = forms.CharField(label="课程名称", max_length=120)
    domain = forms.ChoiceField(label="资源分类", choices=Domain.choices(), initial=Domain.SKILL)
    occupation_code = OccupationField(required=False)
    standard_id = forms.TypedChoiceField(
        label="依据的标准",
        required=False,
        coerce=int,
        empty_value=None,
        help_text="选定后，每个单元都要勾选对应的知识点或技能点。",
    )
    target_groups = forms.MultipleChoiceField(
        label="适用对象", choices=TargetGroup.choices(), widget=forms.CheckboxSelectMultiple, required=False
    )
    prerequisites = _words("前置要求", "学之前需要会什么；没有要求请写“无”。", 2)
    introduction = _words("主要学习内容", "用几句话说清学什么、学会什么。", 4)
    features = _words("项目特点", "与同类课程相比有什么特点。")
    organisation_form = _words("培训方式及组织形式", "例如线上自学与线下实操结合，怎样分组、怎样答疑。")

    def __init__(self, *args: Any, standards: list[tuple[int, str]], **options: Any) -> None:
        super().__init__(*args, **options)
        set_choices(self, "standard_id", [("", "不依据标准"), *standards])

    def facts(self) -> CourseFacts:
        """What was typed, as the operations take it."""
        values = {**self.cleaned_data, "target_groups": tuple(self.cleaned_data["target_groups"])}
        return CourseFacts(**values)

    @staticmethod
    def initial_of(version: CourseVersion) -> dict[str, Any]:
        facts = facts_of(version)
        return {name: getattr(facts, name) for name in CourseFacts.__dataclass_fields__}


class UnitForm(forms.Form):
    """A unit of one kind; only the fields of that kind are there."""

    title = forms.CharField(label="单元名称", max_length=120)

    def __init__(self, *args: Any, kind: str, materials: list[Material], points: list[Point], **options: Any) -> None:
        super().__init__(*args, **options)
        self.kind = kind
        if kind in {UnitKind.VIDEO, UnitKind.DOCUMENT}:
            self.fields["material"] = forms.TypedChoiceField(
                label="素材",
                coerce=int,
                choices=[("", "请选择"), *((one.pk, _material_label(one)) for one in materials)],
                help_text="只列出已处理好的素材；列表里没有的，先到“素材”里上传。",
            )
        if kind == UnitKind.TEXT:
            self.fields["body"] = forms.CharField(
                label="正文",
                max_length=60_000,
                widget=forms.Textarea(attrs={"rows": 16, "data-preview-source": True}),
                help_text="# 标题　## 小标题　- 列表　1. 编号列表　**重点**　![图片说明](图片编号)，空一行另起一段。",
            )
        if kind != UnitKind.VIDEO:
            self.fields["minutes"] = forms.IntegerField(
                label="学习时长（分钟）", min_value=1, max_value=240, help_text="学完这个单元最多计入的时长。"
            )
        if kind in TESTED_KINDS:
            self.fields["pass_percent"] = forms.IntegerField(
                label="合格线（%）",
                min_value=1,
                max_value=100,
                initial=60,
                required=kind == UnitKind.SELF_TEST,
                help_text="" if kind == UnitKind.SELF_TEST else READING_TEST,
            )
        if points:
            self.fields["points"] = forms.TypedMultipleChoiceField(
                label="对应的知识点与技能点",
                coerce=int,
                required=False,
                choices=[(point.pk, f"{point.code} {point.title}") for point in points],
                widget=forms.CheckboxSelectMultiple,
            )

    def draft(self) -> UnitDraft:
        """What was typed, as the operations take it."""
        values = self.cleaned_data
        return UnitDraft(
            kind=self.kind,
            title=values["title"],
            minutes=values.get("minutes"),
            material_id=values.get("material") or None,
            body=values.get("body", ""),
            pass_percent=values["pass_percent"] if values.get("pass_percent") is not None else 60,
            point_ids=tuple(values.get("points", ())),
        )

    @staticmethod
    def initial_of(unit: Unit) -> dict[str, Any]:
        return {
            "title": unit.title,
            "material": unit.material_id,
            "body": unit.body,
            "minutes": unit.seconds // 60,
            "pass_percent": unit.pass_percent,
            "points": [point.pk for point in unit.points.all()],
        }


def _material_label(material: Material) -> str:
    if hasattr(material, "video"):
        return f"{material.title}（{in_words(material.video.seconds)}）"
    return f"{material.title}（{material.pages} 页）" if material.pages else material.title


class QuestionForm(forms.Form):
    kind = forms.ChoiceField(label="题型", choices=QuestionKind.choices())
    stem = forms.CharField(label="题干", max_length=2000, widget=forms.Textarea(attrs={"rows": 3}))
    options = forms.CharField(
        label="选项",
        required=False,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text="每行一个选项，不用写 A、B；判断题不用填。",
    )
    answer = forms.CharField(label="答案", max_length=40, help_text="单选填一个字母，多选如 ABD，判断填 对 或 错。")
    explanation = forms.CharField(
        label="解析", required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 2})
    )

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or {}
        if self.errors:
            return values
        draft, problems = make_draft(
            kind=values["kind"],
            stem=values["stem"],
            options=[line for line in values["options"].splitlines() if line.strip()],
            answer=values["answer"],
            explanation=values.get("explanation", ""),
        )
        for problem in problems:
            self.add_error("answer" if "答案" in problem else "options" if "选项" in problem else "stem", problem)
        return {**values, "draft": draft}

    @staticmethod
    def initial_of(question: SelfTestQuestion) -> dict[str, Any]:
        return {
            "kind": question.kind,
            "stem": question.stem,
            "options": "\n".join(question.options),
            "answer": "".join(question.answer),
            "explanation": question.explanation,
        }

    def draft(self) -> QuestionDraft:
        made = self.cleaned_data["draft"]
        assert isinstance(made, QuestionDraft)
        return made


class PromptForm(QuestionForm):
    """A question with the moment after which it may be asked."""

    at = forms.CharField(
        label="时间点", max_length=9, help_text="学到这里以后才会问到，写成 分:秒，例如 3:20；超过一小时写 1:03:20。"
    )
    explanation = None  # type: ignore[assignment]  # Django's way to leave a field of the parent out
    field_order = ("at", "kind", "stem", "options", "answer")

    def clean_at(self) -> int:
        """The moment in seconds."""
        parts = self.cleaned_data["at"].strip().replace("：", ":").split(":")
        if not 2 <= len(parts) <= 3 or not all(part.isdecimal() and len(part) <= 3 for part in parts):
            raise forms.ValidationError("请写成 分:秒，例如 3:20。")
        seconds = 0
        for part in parts:
            seconds = seconds * 60 + int(part)
        return seconds

    @staticmethod
    def initial_of_prompt(prompt: UnitPrompt) -> dict[str, Any]:
        minutes, seconds = divmod(prompt.at_ms // 1000, 60)
        return {
            "at": f"{minutes}:{seconds:02}",
            "kind": prompt.kind,
            "stem": prompt.stem,
            "options": "\n".join(prompt.options),
            "answer": "".join(prompt.answer),
        }


class SheetForm(forms.Form):
    file = forms.FileField(label="表格文件", help_text="xlsx 或 csv，先下载模板填写。")


class MaterialForm(forms.Form):
    title = forms.CharField(label="素材名称", max_length=120)
    licence_note = forms.CharField(
        label="授权说明",
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 3, "maxlength": 300}),
        help_text="图片、视频、肖像、字体、音乐的授权来源，例如“本机构原创，出镜教师已书面授权”。",
    )


class UploadForm(MaterialForm):
    """``upload`` is filled by ``upload.ts`` with the id of a finished upload."""

    upload = forms.CharField(
        label="文件",
        max_length=36,
        widget=forms.HiddenInput(attrs={"data-upload-id": True}),
        error_messages={"required": "请先选择文件，等进度到 100% 后再提交。"},
    )
    field_order = ("upload", "title", "licence_note")


class StandardForm(forms.Form):
    kind = forms.ChoiceField(label="类别", choices=StandardKind.choices())
    code = forms.CharField(label="编号", max_length=60)
    name = forms.CharField(label="名称", max_length=160)
    occupation_code = OccupationField(required=False)
    source = forms.CharField(label="来源", max_length=200, help_text="发布机关、文号或网址；机构自编请写明。")
