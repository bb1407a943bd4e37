"""The form of a paper."""

from typing import Any

from django import forms

from zhenxue.identity.data import DocumentKind
from zhenxue.identity.operations.documents import LARGEST_BYTES, DocumentFields
from zhenxue.kernel.web.fields import day, text


class DocumentForm(forms.Form):
    """What it is, its number and its days, and the file."""

    kind = forms.ChoiceField(label="种类", choices=[("", "请选择"), *DocumentKind.choices()])
    title = text("名称", 80, "种类选“其他资质”时填写。", required=False)
    number = text("证书编号", 60, "没有编号的填“无编号”。")
    valid_from = day("有效期起", required=False)
    valid_until = day("有效期止", "长期有效的留空。", required=False)
    file = forms.FileField(
        label="扫描件或照片",
        help_text="JPG、PNG 或 PDF，不超过10MB。",
        widget=forms.FileInput(attrs={"accept": "image/jpeg,image/png,application/pdf"}),
    )

    def clean(self) -> dict[str, Any]:
        """With the file's bytes as ``content``; what is far too large is not read."""
        values = super().clean() or {}
        file = values.get("file")
        if file and file.size > LARGEST_BYTES:
            self.add_error("file", "文件超过10MB，请压缩后再上传。")
        elif file:
            values["content"] = file.read()
        return values

    def fields_of(self, values: dict[str, Any]) -> DocumentFields:
        return DocumentFields(**{name: values[name] for name in DocumentFields.__slots__})
