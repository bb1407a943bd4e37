"""A camera for browser tests: Chromium plays a film whose pictures a test changes while it runs."""

import base64
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from tests.support import faces
from tests.support.browser import FLAGS, PHONE, PROGRAMS, WAIT_MILLISECONDS

FRAMES = 6
HEAD = f"YUV4MPEG2 W{faces.WIDTH} H{faces.HEIGHT} F10:1 Ip A1:1 C420jpeg\n".encode()
STEP_WORDS = {"front": "看正前方，别动", "left": "慢慢向左转头", "right": "慢慢向右转头"}
#: Longer than the page waits for a head that has come to rest, shorter than it waits for one that does not turn.
STEP_MILLISECONDS = 2_000
#: What the page sees of the camera just now.
SEEN = """video => {
    const size = { width: video.videoWidth, height: video.videoHeight };
    const canvas = Object.assign(document.createElement("canvas"), size);
    canvas.getContext("2d").drawImage(video, 0, 0);
    return canvas.toDataURL("image/jpeg", 0.95);
}"""
#: Steps of grey, on average: the same picture through film and browser differs by less, another take by twice as much.
SAME = 4


class Film:
    """What the camera sees. Rewritten in place: Chromium keeps the file open and reads it again from its beginning."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.takes = 0
        self.frames: list[faces.Pixels] = []
        self.is_recorded = False  # every moment of a take is the same: what somebody plays into a camera twice
        self.show("a")

    def show(self, person: str, turn: str = "front") -> None:
        """A person from the front, or with the head turned; no two takes lie alike, as with a living head."""
        self.takes += 1
        front, turned = faces.turning(person, "left" if turn == "front" else turn)
        pose = front if turn == "front" else turned
        across = float(self.takes * 5 % 23) - 11
        content, self.frames = HEAD, []
        for number in [0] * FRAMES if self.is_recorded else range(FRAMES):
            frame = faces.moved(pose, across + number % 2, across / 3, seed=100 * self.takes + number)
            self.frames.append(frame)
            content += b"FRAME\n" + cv2.cvtColor(frame, cv2.COLOR_BGR2YUV_I420).tobytes()
        with self.path.open("r+b" if self.path.exists() else "wb") as stream:
            stream.write(content)

    def shoot(self, button: Locator, person: str = "a", *, asked: Sequence[str]) -> None:
        """A press, and what the page says then, step by step; ``asked`` are the steps after the first look ahead.

        The page's clock stands still until the camera shows what was asked: a slow machine makes no slow learner.
        """
        page = button.page
        self.show(person)
        self.wait_until_seen(page)
        page.clock.pause_at(page.evaluate("Date.now()") / 1000 + 1)
        button.click()
        page.clock.run_for(STEP_MILLISECONDS)
        for step in asked:
            expect(page.locator(".presence-step")).to_have_text(STEP_WORDS[step])
            self.show(person, step)
            self.wait_until_seen(page)
            page.clock.run_for(STEP_MILLISECONDS)
        page.clock.resume()

    def wait_until_seen(self, page: Page) -> None:
        """Returns when the page shows the present take: Chromium reads the film from its beginning to its end."""
        end = time.monotonic() + WAIT_MILLISECONDS / 1000
        while time.monotonic() < end:
            data = base64.b64decode(page.locator("video").evaluate(SEEN).partition(",")[2])
            if not data:
                continue  # the camera has not shown its first picture
            seen = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
            if min(float(cv2.absdiff(seen, frame).mean()) for frame in self.frames) < SAME:
                return
        raise AssertionError("the camera does not show the take")


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
        context.clock.install()
        return context

    yield make
    browser.close()
