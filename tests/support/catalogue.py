"""Small acts that every page test of the catalogue repeats."""

from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from zhenxue.catalogue.data import UnitDraft
from zhenxue.kernel import sheets

TEXT = UnitDraft("text", "开播前检查", minutes=5, body="# 检查\n\n- 灯光")
SHEET_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def at(name: str, *args: object) -> str:
    return reverse(f"catalogue:{name}", args=args)


def text_of(response: object) -> str:
    return response.content.decode()  # type: ignore[attr-defined,no-any-return]  # a test client's response


def sheet_file(header: tuple[str, ...], *rows: tuple[str, ...]) -> SimpleUploadedFile:
    return SimpleUploadedFile("表.xlsx", sheets.write_xlsx("表", header, rows), content_type=SHEET_TYPE)
