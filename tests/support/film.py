"""A camera for browser tests: Chromium plays a film whose pictures a test changes while it runs."""

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.support import faces
from tests.support.browser import FLAGS, PHONE, PROGRAMS, WAIT_MILLISECONDS

FRAMES = 6
HEAD = f"YUV4MPEG2 W{faces.WIDTH} H{faces.HEIGHT} F10:1 Ip A1:1 C420jpeg\n".encode()
STEP_WORDS = {"front": "看正前方，别动", "left": "慢慢向左转头", "right": "慢慢向右转头"}


class Film:
    """What the camera sees. Rewritten in place: Chromium keeps the file open and reads it again from its beginning."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.takes = 0
        self.is_recorded = False  # every moment of a take is the same: what somebody plays into a camera twice
        self.show("a")

    def show(self, person: str, turn: str = "front") -> None:
        """A person from the front, or with the head turned; no two takes lie alike, as with a living head."""
        self.takes += 1
        front, turned = faces.turning(person, "left" if turn == "front" else turn)
        pose = front if turn == "front" else turned
        across = float(self.takes * 5 % 23) - 11
        content = HEAD
        for number in [0] * FRAMES if self.is_recorded else range(FRAMES):
            frame = faces.moved(pose, across + number % 2, across / 3, seed=100 * self.takes + number)
            content += b"FRAME\n" + cv2.cvtColor(frame, cv2.COLOR_BGR2YUV_I420).tobytes()
        with self.path.open("r+b" if self.path.exists() else "wb") as stream:
            stream.write(content)

    def turn_as_asked(self, page: Page, person: str = "a", *, asked: Sequence[str]) -> None:
        """Does what the page says, step by step; ``asked`` are the steps after the first look ahead."""
        for step in asked:
            expect(page.locator(".presence-step")).to_have_text(STEP_WORDS[step])
            self.show(person, step)


@contextmanager
def camera_browser(chromium: Browser, film: Film) -> Iterator[Callable[..., BrowserContext]]:
    """A second browser whose camera plays the film; a maker of contexts as ``open_context`` is one."""
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    flags = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
    flags.append(f"--use-file-for-fake-video-capture={film.path}")
    browser = chromium.browser_type.launch(executable_path=program, headless=True, args=[*FLAGS, *flags])

    def make(kind: dict[str, Any] = PHONE, **options: Any) -> BrowserContext:
        context = browser.new_context(locale="zh-CN", timezone_id="Asia/Shanghai", **{**kind, **options})
        context.set_default_timeout(WAIT_MILLISECONDS)
        return context

    yield make
    browser.close()
