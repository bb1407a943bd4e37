"""The public log (C2SP tlog-tiles): checkpoint, tiles, entry bundles, key. Only digests; nothing tells of a person."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from zhenxue.evidence.queries import health, keys, log
from zhenxue.kernel import clock
from zhenxue.kernel.access import public
from zhenxue.kernel.errors import NotFound
from zhenxue.tlog.errors import TileBroken
from zhenxue.tlog.tiles import parse_index_path

FOREVER = "public, max-age=31536000, immutable"
BRIEFLY = "public, max-age=2"


@public
@require_safe
def checkpoint(request: HttpRequest) -> HttpResponse:
    return answer(health.get_served_note(clock.now()).encode(), "text/plain; charset=utf-8", BRIEFLY)


@public
@require_safe
def key(request: HttpRequest) -> HttpResponse:
    return answer(f"{keys.log_verifier()}\n".encode(), "text/plain; charset=utf-8", BRIEFLY)


@public
@require_safe
def tile(request: HttpRequest, level: int, path: str) -> HttpResponse:
    index, width = read_path(path)
    return answer(log.get_tile(level=level, index=index, width=width), "application/octet-stream", FOREVER)


@public
@require_safe
def entries(request: HttpRequest, path: str) -> HttpResponse:
    index, width = read_path(path)
    return answer(log.get_bundle(index=index, width=width), "application/octet-stream", FOREVER)


def read_path(path: str) -> tuple[int, int]:
    """(index, width) of a tile path; any other spelling than the right one is not there."""
    try:
        index, width = parse_index_path(path)
    except TileBroken as error:
        raise NotFound("evidence.no_tile", "存证链中没有这个数据块。") from error
    if index >= 2**55:
        raise NotFound("evidence.no_tile", "存证链中没有这个数据块。")
    return index, width


def answer(content: bytes, content_type: str, cache: str) -> HttpResponse:
    """Public bytes that any page may fetch: the log is there to be checked by strangers."""
    headers = {"Cache-Control": cache, "Access-Control-Allow-Origin": "*"}
    return HttpResponse(content, content_type=content_type, headers=headers)
