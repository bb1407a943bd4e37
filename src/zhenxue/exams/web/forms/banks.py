"""Forms of banks: a bank, an import, files of questions."""

from django import forms


class BankForm(forms.Form):
    title = forms.CharField(label="题库名称", max_length=120, help_text="例如：电工（四级）理论题库")


class UploadForm(forms.Form):
    file = forms.FileField(
        label="题目表格",
        allow_empty_file=True,
        help_text="xlsx 或 csv，最多 5,000 行。上传后先逐行检查，确认后才导入。",
        widget=forms.ClearableFileInput(attrs={"accept": ".xlsx,.csv,.txt"}),
    )
