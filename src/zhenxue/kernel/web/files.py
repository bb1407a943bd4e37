"""Files of the store to the browser: by content type, cached privately, in ranges; or by the proxy that has them."""

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse

_RANGE = re.compile(r"bytes=(\d*)-(\d*)", re.ASCII)
PIECE_BYTES = 256 * 1024
#: A file shown in the page may be framed by us and runs nothing; a PDF viewer needs no more.
SHOWN_POLICY = "default-src 'self'; script-src 'none'; frame-ancestors 'self'"


def serve_file(
    request: HttpRequest, path: Path, *, content_type: str, name: str = "", max_age: int = 0
) -> HttpResponseBase:
    """The file, or the one range asked for (RFC 9110, 14). Never guessed as another type; never kept by shared caches.

    With a ``name`` it is offered under that name when somebody saves it. Where ``ACCEL_PREFIX`` lets nginx send the
    files (X-Accel-Redirect), the answer is the file's address inside the proxy.
    """
    response: HttpResponseBase
    if settings.ACCEL_PREFIX:
        response = HttpResponse(content_type=content_type)
        response["X-Accel-Redirect"] = f"{settings.ACCEL_PREFIX}/{quote(str(path.relative_to(settings.FILES_FOLDER)))}"
    else:
        response = _send(request, path, content_type)
    response["Cache-Control"] = f"private, max-age={max_age}" if max_age else "private, no-store"
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = SHOWN_POLICY
    if name:
        response["Content-Disposition"] = f"inline; filename*=UTF-8''{quote(name, safe='')}"
    return response


def _send(request: HttpRequest, path: Path, content_type: str) -> HttpResponseBase:
    size = path.stat().st_size
    found = _RANGE.fullmatch(request.headers.get("Range", ""))
    span = _span(found[1], found[2], size) if found and any(found.groups()) else None
    response: HttpResponseBase
    if found and any(found.groups()) and span is None:
        response = HttpResponse(status=416, headers={"Content-Range": f"bytes */{size}"})
    else:
        first, last = span or (0, size - 1)
        response = StreamingHttpResponse(
            _pieces(path, first, last), status=206 if span else 200, content_type=content_type
        )
        response["Content-Length"] = str(last - first + 1)
        if span:
            response["Content-Range"] = f"bytes {first}-{last}/{size}"
    response["Accept-Ranges"] = "bytes"
    return response


def _span(first: str, last: str, size: int) -> tuple[int, int] | None:
    if not first:
        start = max(size - int(last), 0)
        return (start, size - 1) if int(last) and size else None
    start, stop = int(first), min(int(last), size - 1) if last else size - 1
    return (start, stop) if start <= stop else None


def _pieces(path: Path, first: int, last: int) -> Iterator[bytes]:
    with path.open("rb") as stream:
        stream.seek(first)
        left = last - first + 1
        while left > 0 and (piece := stream.read(min(PIECE_BYTES, left))):
            left -= len(piece)
            yield piece
