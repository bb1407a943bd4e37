"""The demo's second bank: a question of every kind, by the names that ``content/kinds.toml`` gives them; and a test of
most of them that anybody of a class may sit."""

import datetime as dt
import io
import tomllib
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from PIL import Image, ImageDraw

from zhenxue.config.demo.cohorts import Group
from zhenxue.config.demo.exams import plan_exam, settle_paper
from zhenxue.config.demo.media import CONTENT
from zhenxue.exams import api as exams
from zhenxue.exams.data import ExamKind, QuestionFacts
from zhenxue.identity.data import Actor

#: Of the open test: all that a machine judges.
JUDGED = ("single", "multiple", "true_false", "fill_in", "calculation", "matching", "ordering", "hotspot", "case")
PAPER, LINE, SKIN = "#f7f3ea", "#22302c", "#d9c3a5"


def build_kinds(manager: Actor, now: dt.datetime) -> dict[str, exams.Question]:
    """The bank's questions by name."""
    bank = exams.create_bank(actor=manager, title="养老护理员（五级）综合题库", now=now)
    picture = exams.add_asset(actor=manager, bank=bank, source=draw_bed(), file_name="仰卧位.png", now=now)
    wanted = tomllib.loads((CONTENT / "kinds.toml").read_text())["questions"]
    return {
        one["name"]: exams.add_question(actor=manager, bank=bank, facts=_facts(one, picture.pk), now=now)
        for one in wanted
    }


def open_quiz(group: Group, known: Mapping[str, exams.Question], at: Callable[[int, int], dt.datetime]) -> None:
    """A test of all kinds that a machine judges; it asks for no class hours, so that anybody may sit it."""
    paper = settle_paper(group.manager, "随堂测验卷", [known[name] for name in JUDGED], at(-3, 9))
    facts = {"kind": ExamKind.CHAPTER, "duration_minutes": 30, "attempts_allowed": 3}
    plan_exam(
        group.manager, group.cohort, "随堂测验：翻身与观察", paper, opens=at(-1, 9), made=at(-2, 9), days=15, **facts
    )


def _facts(said: dict[str, Any], picture: int) -> QuestionFacts:
    body = said["body"] | ({"asset": picture} if said["kind"] == "hotspot" else {})
    return QuestionFacts(
        said["kind"],
        said["stem"].strip(),
        body,
        said["key"],
        explanation=said.get("explanation", ""),
        score=Decimal(said["score"]),
        difficulty=said.get("difficulty", 3),
        source="演示题，机构自编",
    )


def draw_bed() -> bytes:
    """A PNG of 480 by 200: somebody lying on the back, seen from the side."""
    image = Image.new("RGB", (480, 200), PAPER)
    draw = ImageDraw.Draw(image)
    draw.rectangle((20, 160, 460, 176), fill=LINE)
    for left in (36, 428):
        draw.rectangle((left, 176, left + 16, 196), fill=LINE)
    draw.rounded_rectangle((36, 134, 116, 160), 10, fill="#ffffff", outline=LINE, width=2)
    body: dict[str, Any] = {"outline": LINE, "width": 3, "fill": SKIN}
    draw.ellipse((60, 82, 116, 138), **body)
    draw.rounded_rectangle((112, 96, 284, 160), 26, **body)
    draw.rounded_rectangle((262, 112, 430, 158), 20, **body)
    draw.rounded_rectangle((414, 90, 440, 158), 12, **body)
    stream = io.BytesIO()
    image.save(stream, "PNG")
    return stream.getvalue()
