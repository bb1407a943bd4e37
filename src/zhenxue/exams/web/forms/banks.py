"""Forms of banks: a bank, an import, files of questions."""

from typing import Any

from django import forms

from zhenxue.exams.web.forms.editors import LEVELS, FilesField


class BankForm(forms.Form):
    title = forms.CharField(label="题库名称", max_length=120, help_text="例如：电工（四级）理论题库")


class UploadForm(forms.Form):
    file = forms.FileField(
        label="题目文件",
        allow_empty_file=True,
        help_text="xlsx、csv、docx、GIFT、Moodle XML、QTI，或带图片的 zip；最多 50 MB、3 万道题。"
        "先逐题检查，确认后才导入。",
        widget=forms.ClearableFileInput(attrs={"accept": ".xlsx,.csv,.txt,.docx,.gift,.xml,.zip"}),
    )


class AssetForm(forms.Form):
    uploads = FilesField("图片、音频或视频", "PNG、JPG、WebP、MP3、M4A、MP4，一次最多 10 个。", required=True)


class BulkForm(forms.Form):
    """What is done to the ticked questions of a bank."""

    act = forms.ChoiceField(
        choices=[(one, one) for one in ("retire", "restore", "difficulty", "score", "point")],
        error_messages={"required": "请选择要做什么。", "invalid_choice": "没有这项操作，请刷新页面。"},
    )
    question = forms.TypedMultipleChoiceField(
        coerce=int, error_messages={"required": "还没有勾选题目，请先勾选。"}, choices=[]
    )
    difficulty = forms.ChoiceField(choices=LEVELS, required=False)
    score = forms.DecimalField(max_digits=5, decimal_places=1, required=False)
    point = forms.CharField(max_length=340, required=False)

    def __init__(self, data: Any) -> None:
        super().__init__(data)
        chosen = [value for value in data.getlist("question") if value.isdecimal() and len(value) < 18]
        self.fields["question"].choices = [(value, value) for value in chosen]  # type: ignore[attr-defined]  # a ChoiceField has choices
