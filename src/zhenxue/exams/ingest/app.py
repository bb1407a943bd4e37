"""The lean handlers of the exam room: no Django middleware, threads that serve groups (see ``writer``, ``states``).

``POST /exams/attempts/<attempt>/answers/<position>/`` with JSON (``saving.Message``), and ``GET …/state/``, by which a
room asks how its attempt stands. Whose it is says the session's cookie, looked up anew with every group; the token
against foreign sites is checked by Django's own code.
"""

import re
from typing import Final

from django.core.exceptions import DisallowedHost

from zhenxue.exams.ingest.states import Asking, StateReader
from zhenxue.exams.ingest.writer import RETRY, AnswerWriter, Waiting, refuse
from zhenxue.exams.operations.saving import read_message
from zhenxue.kernel import clock
from zhenxue.kernel.errors import ZhenxueError
from zhenxue.kernel.ingest.app import Headers, LeanApp, Origin, Place
from zhenxue.kernel.ingest.django_checks import check_is_from_here, host_is_ours, session_in
from zhenxue.kernel.ingest.groups import Reader
from zhenxue.kernel.ingest.http import Reply, problem

ANSWER: Final = re.compile(r"/exams/attempts/([0-9]{1,18})/answers/([0-9]{1,4})/", re.ASCII)
PLAIN_ANSWER: Final = re.compile(ANSWER.pattern.encode())
STATE: Final = re.compile(r"/exams/attempts/([0-9]{1,18})/state/", re.ASCII)
PLAIN_STATE: Final = re.compile(STATE.pattern.encode())
BODY_LIMIT: Final = 256 * 1024
JSON: Final = b"application/json"

TOO_LARGE: Final = problem(413, "exams.too_large", "作答太长，没有保存。请缩短后再试。")
TOO_MANY: Final = problem(429, "exams.too_many", "保存太频繁，请稍等几秒，页面会自动重试。")
TOO_MANY_LOOKS: Final = problem(429, "exams.too_many_looks", "查询太频繁，请稍等几秒，页面会自动重试。")
WRONG_HOST: Final = problem(
    422, "kernel.bad_request", "提交的内容不完整或被改动过，没有保存。请返回上一页，刷新后再试。"
)
DISK_FULL: Final = problem(
    503, "exams.disk_full", "服务器存储空间不足，这道题还没有保存。作答留在本机，会自动重试，请不要关闭页面。"
)
NOT_FOUND: Final = problem(404, "kernel.not_found", "没有找到这个地址。")


class Answers(LeanApp[AnswerWriter]):
    """Takes the answers that the exam room's script sends; its forms, and everything else, are Django's."""

    body_limit = BODY_LIMIT
    too_large = TOO_LARGE
    broken = RETRY

    def find(self, method: str, path: str) -> Place | Reply:
        found = ANSWER.fullmatch(path) if method == "POST" else None
        return Place(int(found[1]), int(found[2])) if found else NOT_FOUND

    def find_plain(self, method: bytes, target: bytes, headers: Headers) -> Place | None:
        found = PLAIN_ANSWER.fullmatch(target) if method == b"POST" else None
        return Place(int(found[1]), int(found[2])) if found and is_json(headers) else None

    def take(self, place: Place, headers: Headers, origin: Origin, body: bytes, reader: Reader) -> Reply | None:
        writer = self._writer or self.start()
        cookie = session_in(headers)
        if not self._limits.allow(cookie, origin.address):
            return TOO_MANY
        if self._limits.disk_is_full():
            return DISK_FULL
        try:
            check_is_from_here(headers, origin)
            message = read_message(body)
        except DisallowedHost:
            return WRONG_HOST
        except ZhenxueError as refusal:
            return refuse(refusal)
        attempt_id, position = place
        path = f"/exams/attempts/{attempt_id}/answers/{position}/"
        waiting = Waiting(attempt_id, position, message, cookie, path, origin.address, clock.now(), reader)
        return None if writer.submit(waiting) else RETRY


class States(LeanApp[StateReader]):
    """Tells exam rooms how their attempts stand."""

    body_limit = 0
    too_large = NOT_FOUND
    broken = RETRY

    def find(self, method: str, path: str) -> Place | Reply:
        found = STATE.fullmatch(path) if method == "GET" else None
        return Place(int(found[1])) if found else NOT_FOUND

    def find_plain(self, method: bytes, target: bytes, headers: Headers) -> Place | None:
        found = PLAIN_STATE.fullmatch(target) if method == b"GET" else None
        return Place(int(found[1])) if found else None

    def take(self, place: Place, headers: Headers, origin: Origin, body: bytes, reader: Reader) -> Reply | None:
        writer = self._writer or self.start()
        cookie = session_in(headers)
        if not self._limits.allow(cookie, origin.address):
            return TOO_MANY_LOOKS
        if not host_is_ours(headers, origin):
            return WRONG_HOST
        asking = Asking(place.first, cookie, origin.address, reader)
        return None if writer.submit(asking) else RETRY


def is_json(headers: Headers) -> bool:
    return any(name == b"content-type" and value.startswith(JSON) for name, value in headers)
