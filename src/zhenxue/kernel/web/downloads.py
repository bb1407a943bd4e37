"""Files to save, under Chinese names; no cache keeps them."""

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.utils.http import content_disposition_header

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def xlsx(content: bytes, name: str) -> HttpResponse:
    """A workbook (``sheets.write_xlsx``) to save."""
    return as_download(HttpResponse(content, content_type=XLSX), name)


def as_download[A: HttpResponseBase](answer: A, name: str) -> A:
    """The answer as a file that the browser saves under ``name``."""
    answer["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=name) or ""
    answer["Cache-Control"] = "no-store"
    return answer
