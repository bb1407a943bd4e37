"""The lean ASGI app that answers beats: no Django middleware, msgspec, writer threads (see ``writer``).

``POST /study/beats/<session id>`` with a JSON ``protocol.Claim``. A beat proves itself by three things: the one-use
ticket of the session's last answer; ``X-Beat-Proof``, the HMAC of its very bytes under the key that the device agreed
on when the session opened; and the sign-in cookie whose digest the session was opened with. The cookie needs no
look-up, and the last beat of a closing page (``fetch`` with ``keepalive``) carries it.
"""

from collections.abc import Callable
from typing import Final

import msgspec

from zhenxue.kernel.ingest.app import Headers, LeanApp, Origin, Place
from zhenxue.kernel.ingest.http import Reply, find_cookie, problem
from zhenxue.kernel.ingest.limits import Limits
from zhenxue.study.ingest.writer import DISK_FULL, RETRY, Reader, Waiting, Writer
from zhenxue.study.protocol import Claim, sign_in_digest

PREFIX: Final = "/study/beats/"
PLAIN: Final = PREFIX.encode()
LONGEST: Final = len(PLAIN) + 18
BODY_LIMIT: Final = 4_096
NOT_FOUND: Final = problem(404, "study.no_such_session", "没有找到这个学习会话，请回到课程页重新进入。")
NOT_POST: Final = problem(405, "study.only_post", "这个地址只接收学习心跳。")
NOT_JSON: Final = problem(415, "study.only_json", "学习心跳必须是 JSON。")
TOO_LARGE: Final = problem(413, "study.too_large", "学习心跳太大。")
MALFORMED: Final = problem(422, "study.malformed", "学习心跳的格式不对，没有计入学时。请刷新页面。")
TOO_MANY: Final = problem(429, "study.too_many", "上报太频繁，请稍等几秒，页面会自动重试。")
NO_SIGN_IN: Final = problem(401, "study.signed_out", "登录已失效，请重新登录后再学习。")


class Ingest(LeanApp[Writer]):
    """The ASGI application of beats."""

    body_limit = BODY_LIMIT
    too_large = TOO_LARGE
    broken = RETRY

    def __init__(
        self,
        *,
        make_writer: Callable[[], Writer],
        cookie_name: Callable[[], str],
        make_limits: Callable[[], Limits] = Limits,
    ) -> None:
        super().__init__(make_writer=make_writer, make_limits=make_limits)
        self._cookie_name = cookie_name
        self._cookie_prefix = b""
        self._decode = msgspec.json.Decoder(Claim).decode

    def start(self) -> Writer:
        if self._writer is None:
            self._cookie_prefix = self._cookie_name().encode() + b"="
        return super().start()

    def find(self, method: str, path: str) -> Place | Reply:
        number = path.removeprefix(PREFIX).rstrip("/")
        if not (number.isascii() and number.isdigit() and len(number) < 19):
            return NOT_FOUND
        return Place(int(number)) if method == "POST" else NOT_POST

    def find_plain(self, method: bytes, target: bytes, headers: Headers) -> Place | None:
        if method != b"POST" or not target.startswith(PLAIN) or len(target) > LONGEST:
            return None
        number = target[len(PLAIN) :]
        return Place(int(number)) if number.isdigit() else None

    def take(self, place: Place, headers: Headers, origin: Origin, body: bytes, reader: Reader) -> Reply | None:
        content_type, cookie, proof = b"", b"", b""
        for name, value in headers:
            if name == b"cookie":
                cookie = value
            elif name == b"x-beat-proof":
                proof = value
            elif name == b"content-type":
                content_type = value
        if not content_type.startswith(b"application/json"):
            return NOT_JSON
        writer = self._writer or self.start()
        key = find_cookie(cookie, self._cookie_prefix)
        if not key:
            return NO_SIGN_IN
        sign_in = sign_in_digest(key)
        if not self._limits.allow(sign_in, origin.address):
            return TOO_MANY
        try:
            claim = self._decode(body)
        except (msgspec.DecodeError, RecursionError):
            return MALFORMED
        if self._limits.disk_is_full():
            return DISK_FULL
        waiting = Waiting(place.first, claim, body, proof, sign_in, reader, address=origin.address)
        return None if writer.submit(waiting) else RETRY
