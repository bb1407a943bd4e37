"""The HTTP server around the played services; standard library only."""

import json
import socket
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast
from urllib.parse import parse_qsl, urlencode, urlsplit

from zhenxue.sandbox import pages
from zhenxue.sandbox.services import MOODS, SERVICES, Refusal, Town
from zhenxue.sandbox.signing import APP_ID, Caller, Doorkeeper

LARGEST = 3 * 1024 * 1024
HTML = "text/html; charset=utf-8"
JSON = "application/json; charset=utf-8"
POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'"
ASKED = ("client_id", "redirect_uri", "state", "nonce", "code_challenge")


class Server(ThreadingHTTPServer):
    """Holds the town; ``address`` is where it answers."""

    daemon_threads = True

    def __init__(self, place: tuple[str, int], *, listener: socket.socket | None = None) -> None:
        super().__init__(place, Handler, bind_and_activate=listener is None)
        if listener is not None:
            self.socket.close()
            self.socket = listener
            self.server_address = listener.getsockname()
        self.town = Town()
        self.doorkeeper = Doorkeeper()

    @property
    def address(self) -> str:
        host, port = self.server_address[:2]
        return f"http://{host!s}:{port}"


def make_server(host: str = "127.0.0.1", port: int = 0, *, listener: socket.socket | None = None) -> Server:
    """A server that listens; run ``serve_forever``."""
    return Server((host, port), listener=listener)


class Handler(BaseHTTPRequestHandler):
    """Pages for people, signed calls for programs."""

    protocol_version = "HTTP/1.1"
    timeout = 20

    @property
    def _server(self) -> Server:
        return cast(Server, self.server)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: what is sent here may be shown, but is not logged."""

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        town = self._server.town
        if parts.path == "/":
            self._say(200, pages.overview(list(town.notes), town.moods))
        elif parts.path == "/messages.json":
            found = [dict(note.lines) for note in list(town.notes) if note.service == "sms"]
            self._say(200, json.dumps(found, ensure_ascii=False), JSON)
        elif parts.path == "/social-card/authorize":
            asked = dict(parse_qsl(parts.query))
            if fault := _wrong(asked):
                self._say(400, pages.message("请求有误", fault))
            else:
                self._say(200, pages.authorize({key: asked[key] for key in ASKED}))
        else:
            self._say(404, pages.message("没有这一页", "请回到首页。"))

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > LARGEST:
            self.close_connection = True
            self._say(413, pages.message("太大了", "请求超过上限。"))
            return
        body = self.rfile.read(int(length))
        path = urlsplit(self.path).path
        if path == "/moods":
            self._set_moods(dict(parse_qsl(body.decode(errors="replace"))))
        elif path == "/social-card/authorize":
            self._authorize(dict(parse_qsl(body.decode(errors="replace"))))
        else:
            self._call(path, body)

    def _set_moods(self, wanted: dict[str, str]) -> None:
        self._server.town.moods |= {key: mood for key, mood in wanted.items() if key in SERVICES and mood in MOODS}
        self._go("/")

    def _authorize(self, form: dict[str, str]) -> None:
        asked = {key: form.get(key, "") for key in ASKED}
        if fault := _wrong({**asked, "response_type": "code", "code_challenge_method": "S256"}):
            self._say(400, pages.message("请求有误", fault))
            return
        if form.get("answer") != "yes":
            query = urlencode({"error": "access_denied", "state": asked["state"]})
            self._go(f"{asked['redirect_uri']}?{query}")
            return
        holder = {key: form.get(key, "").strip() for key in ("name", "citizen_number", "card_number")}
        if not all(holder.values()):
            self._say(422, pages.authorize(asked, "请把三项都填上。"))
            return
        self._go(self._server.town.grant(asked, holder))

    def _call(self, path: str, body: bytes) -> None:
        service, _, rest = path.removeprefix("/").partition("/")
        caller = self._server.doorkeeper.admit(path, dict(self.headers.items()), body, time.time())
        if caller is None or service not in SERVICES:
            self._say(401, json.dumps({"code": "not_admitted"}), JSON)
            return
        mood = self._server.town.moods[service]
        if mood == "down":
            self._say(500, "<h1>Internal Server Error</h1>")
        elif mood == "garbage":
            self._answer(200, b"[1, 2", caller)
        else:
            status, answer = self._work(service, f"/{rest}", body)
            content = json.dumps(answer, ensure_ascii=False).encode()
            self._answer(status, content, None if mood == "unsigned" else caller)

    def _work(self, service: str, rest: str, body: bytes) -> tuple[int, dict[str, Any]]:
        try:
            asked = json.loads(body)
            return 200, self._server.town.answer(service, rest, asked)
        except Refusal as refusal:
            return 400, {"code": refusal.code}
        except KeyError:
            return 404, {"code": "no_such_call"}
        except (ValueError, AttributeError):
            return 400, {"code": "bad_request"}

    def _answer(self, status: int, content: bytes, caller: Caller | None) -> None:
        signature = self._server.doorkeeper.sign_answer(caller, status, content) if caller else ""
        self._send(status, content, {"Content-Type": JSON, "X-Signature": signature})

    def _say(self, status: int, text: str, kind: str = HTML) -> None:
        self._send(status, text.encode(), {"Content-Type": kind, "Content-Security-Policy": POLICY})

    def _go(self, target: str) -> None:
        self._send(303, b"", {"Location": target})

    def _send(self, status: int, content: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {**headers, "Cache-Control": "no-store", "Content-Length": str(len(content))}.items():
            if value:
                self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)


def _wrong(asked: dict[str, str]) -> str:
    """What is wrong with a sign-in request, in words; empty when it fits the contract."""
    if asked.get("response_type") != "code" or asked.get("code_challenge_method") != "S256":
        return "只支持 response_type=code 和 code_challenge_method=S256。"
    if asked.get("client_id") != APP_ID:
        return "client_id 不对。"
    if not asked.get("redirect_uri", "").startswith(("http://", "https://")):
        return "redirect_uri 不对。"
    short = [key for key in ("state", "nonce", "code_challenge") if len(asked.get(key, "")) < 20]
    return f"缺少或太短：{'、'.join(short)}。" if short else ""
