"""Drawn identity cards of nobody: fictitious names, numbers valid by their form only, 样本 written across them."""

import io
from functools import lru_cache
from pathlib import Path

import noto_cjk_sans_otc
from PIL import Image, ImageDraw, ImageFont

FONT = Path(noto_cjk_sans_otc.__file__).parent / "NotoSansCJK-Regular.ttc"
SIMPLIFIED = 2
WIDTH, HEIGHT = 1012, 638
LABEL, INK = "#2a5d8f", "#222222"


@lru_cache(maxsize=16)
def font(size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(FONT), size, index=SIMPLIFIED)


def front(
    name: str,
    number: str,
    address: tuple[str, ...] = ("山东省聊城市东昌府区样本", "街道虚构路1号"),
    *,
    turn: float = 0,
) -> bytes:
    """The side with the portrait, photographed on a dark table; ``turn`` in degrees."""
    card, draw = _blank("#e6eff2")
    for y, label in ((62, "姓 名"), (145, "性 别"), (215, "出 生"), (290, "住 址")):
        draw.text((64, y), label, font=font(28), fill=LABEL)
    draw.text((170, 54), name, font=font(40), fill=INK)
    draw.text((170, 142), "女", font=font(34), fill=INK)
    draw.text((300, 145), "民 族", font=font(28), fill=LABEL)
    draw.text((400, 142), "汉", font=font(34), fill=INK)
    draw.text((170, 212), f"{number[6:10]} 年 {int(number[10:12])} 月 {int(number[12:14])} 日", font=font(34), fill=INK)
    for index, line in enumerate(address):
        draw.text((170, 287 + 48 * index), line, font=font(34), fill=INK)
    draw.text((64, 528), "公民身份号码", font=font(30), fill=LABEL)
    draw.text((330, 522), number, font=font(44), fill=INK)
    draw.ellipse((705, 130, 865, 330), fill="#caa27f")
    draw.rectangle((660, 340, 910, 480), fill="#44505c")
    draw.text((730, 380), "样本", font=font(48), fill="#d23b2f")
    return _photograph(card, turn)


def back(*, valid: str = "2020.01.15-2040.01.15", turn: float = 0) -> bytes:
    """The side with the emblem (left out)."""
    card, draw = _blank("#eef2e8")
    draw.text((330, 80), "中华人民共和国", font=font(56), fill=INK)
    draw.text((330, 190), "居 民 身 份 证", font=font(64), fill=INK)
    draw.text((110, 320), "样本", font=font(72), fill="#d23b2f")
    draw.text((230, 440), "签发机关", font=font(32), fill=INK)
    draw.text((400, 438), "聊城市公安局样本分局", font=font(36), fill=INK)
    draw.text((230, 530), "有效期限", font=font(32), fill=INK)
    draw.text((400, 528), valid, font=font(36), fill=INK)
    return _photograph(card, turn)


def _blank(colour: str) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    card = Image.new("RGB", (WIDTH, HEIGHT), colour)
    return card, ImageDraw.Draw(card)


def _photograph(card: Image.Image, turn: float) -> bytes:
    table = Image.new("RGB", (WIDTH + 160, HEIGHT + 160), "#3d3a36")
    table.paste(card, (80, 80))
    if turn:
        table = table.rotate(turn, expand=True, fillcolor="#3d3a36", resample=Image.Resampling.BICUBIC)
    written = io.BytesIO()
    table.save(written, "JPEG", quality=88)
    return written.getvalue()
