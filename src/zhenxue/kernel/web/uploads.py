"""What ``frontend/controllers/upload.ts`` speaks to: ``POST /uploads/``, then ``PATCH`` and ``GET /uploads/<id>/``.

Everything is JSON. ``PATCH`` carries raw bytes and ``Upload-Offset``; each answer says the true offset, so a client
that lost an answer asks ``GET`` and goes on from there.
"""

import json
import uuid
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.request import UnreadablePostError

from zhenxue.kernel import clock, uploads
from zhenxue.kernel.errors import Conflict, Invalid, Refused, ZhenxueError
from zhenxue.kernel.models import Upload


def collection(request: HttpRequest) -> HttpResponse:
    """``POST {"file_name", "size_bytes", "purpose"}`` → 201 with the id and the chunk size."""
    if request.method != "POST":
        return HttpResponse(status=405, headers={"Allow": "POST"})
    try:
        owner = _owner(request)
        asked = _asked(request)
        upload = uploads.create(owner_account_id=owner, now=clock.now(), **asked)
    except ZhenxueError as error:
        return _refusal(error)
    return _answer(upload, status=201)


def one(request: HttpRequest, upload_id: uuid.UUID) -> HttpResponse:
    """``GET`` the state, ``PATCH`` bytes at an offset, ``DELETE`` to give up."""
    try:
        owner = _owner(request)
        if request.method == "GET":
            return _answer(uploads.get(upload_id=upload_id, owner_account_id=owner))
        if request.method == "DELETE":
            uploads.drop(upload_id=upload_id, owner_account_id=owner)
            return HttpResponse(status=204)
        if request.method == "PATCH":
            offset, read = _offset(request), _reader(request)
            return _answer(
                uploads.append(upload_id=upload_id, owner_account_id=owner, offset=offset, read=read, now=clock.now())
            )
    except ZhenxueError as error:
        return _refusal(error)
    return HttpResponse(status=405, headers={"Allow": "GET, PATCH, DELETE"})


# Signed-in accounts only; kernel knows no roles (the operation that takes the file checks them).
collection.access = one.access = "signed_in"  # type: ignore[attr-defined]  # a function takes any attribute


def _owner(request: HttpRequest) -> int:
    account_id: int | None = getattr(getattr(request, "actor", None), "account_id", None)
    if account_id is None:
        raise Refused(
            "kernel.sign_in_first", "登录已过期。请在新标签页重新登录，再回到本页点“继续上传”，已传的部分不会丢失。"
        )
    return account_id


def _asked(request: HttpRequest) -> dict[str, Any]:
    try:
        body = json.loads(request.body)
        name, size, purpose = body["file_name"], body["size_bytes"], body["purpose"]
    except (ValueError, KeyError, TypeError) as error:
        raise Invalid("kernel.upload_request", "上传请求不完整，请刷新页面后重试。") from error
    if not (isinstance(name, str) and isinstance(purpose, str) and isinstance(size, int) and 0 <= size < 1 << 62):
        raise Invalid("kernel.upload_request", "上传请求不完整，请刷新页面后重试。")
    return {"file_name": name, "size_bytes": size, "purpose": purpose}


def _offset(request: HttpRequest) -> int:
    text = request.headers.get("Upload-Offset", "")
    if not (text.isascii() and text.isdigit()):
        raise Invalid("kernel.upload_offset_missing", "上传请求缺少位置信息，请刷新页面后重试。")
    return int(text)


def _reader(request: HttpRequest) -> Any:
    def read(size: int) -> bytes:
        try:
            return request.read(size)
        except UnreadablePostError as error:
            raise OSError("connection broke") from error

    return read


def _answer(upload: Upload, *, status: int = 200) -> JsonResponse:
    return JsonResponse(
        {
            "id": str(upload.pk),
            "file_name": upload.file_name,
            "size_bytes": upload.size_bytes,
            "offset": upload.received_bytes,
            "state": upload.state,
            "chunk_bytes": settings.UPLOAD_CHUNK_BYTES,
        },
        status=status,
    )


def _refusal(error: ZhenxueError) -> JsonResponse:
    body: dict[str, Any] = {"code": error.code, "message": error.message, "fields": error.fields}
    if isinstance(error, Conflict) and "offset" in error.fields:
        body["offset"] = int(error.fields["offset"])
    return JsonResponse(body, status=error.status)
