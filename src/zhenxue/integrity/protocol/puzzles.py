"""Small puzzles: a row of drawn digits of which one is to be found, and the same effort in words.

They show that somebody is there and reads, not who it is. The digits are drawn as strokes, so that the page holds no
text to search; the variant in words is for whoever does not see the picture, and for screen readers.
"""

from collections.abc import Sequence
from urllib.parse import quote

from zhenxue.integrity.protocol.chance import Chance

CELLS = 6
WORDS = 4
#: The strokes of a digit as on a pocket calculator: from, to, in a cell of 40 × 60.
STROKES = {
    "a": ((10, 12), (30, 12)),
    "b": ((30, 12), (30, 30)),
    "c": ((30, 30), (30, 48)),
    "d": ((10, 48), (30, 48)),
    "e": ((10, 30), (10, 48)),
    "f": ((10, 12), (10, 30)),
    "g": ((10, 30), (30, 30)),
}
DIGITS = ("abcdef", "bc", "abdeg", "abcdg", "bcfg", "acdfg", "acdefg", "abc", "abcdefg", "abcdfg")
#: Groups of words; three of one group and one of another make the puzzle in words.
GROUPS = {
    "水果": ("苹果", "香蕉", "葡萄", "桃子", "西瓜", "梨"),
    "工具": ("扳手", "锤子", "钳子", "锯子", "螺丝刀", "卷尺"),
    "交通工具": ("汽车", "火车", "飞机", "轮船", "自行车", "拖拉机"),
    "动物": ("牛", "羊", "马", "兔子", "鸭子", "猫"),
    "衣物": ("帽子", "手套", "外套", "裤子", "袜子", "围巾"),
    "家电": ("冰箱", "电视机", "洗衣机", "电饭锅", "空调", "电风扇"),
}


def draw_digits(chance: Chance, label: str) -> tuple[list[int], int]:
    """Six different digits, and the place (from 1) of the one that is asked for."""
    cells = chance.order(range(10), f"{label}|digits")[:CELLS]
    return cells, 1 + chance.below(CELLS, f"{label}|wanted")


def draw_words(chance: Chance, label: str) -> tuple[list[str], int]:
    """Four words, and the place (from 1) of the one that is of another kind than the rest."""
    group, other = chance.order(sorted(GROUPS), f"{label}|groups")[:2]
    words = chance.order(GROUPS[group], f"{label}|words")[: WORDS - 1]
    odd = chance.below(WORDS, f"{label}|odd")
    words.insert(odd, chance.pick(GROUPS[other], f"{label}|other"))
    return words, odd + 1


def picture(cells: Sequence[int], tilts: Sequence[int] = ()) -> str:
    """The row of digits as a ``data:`` address of an SVG of strokes; ``tilts`` turn each digit by some degrees."""
    parts = []
    for at, digit in enumerate(cells):
        tilt = tilts[at] if at < len(tilts) else 0
        lines = "".join(
            f"<path d='M{x1} {y1}L{x2} {y2}'/>" for (x1, y1), (x2, y2) in (STROKES[name] for name in DIGITS[digit])
        )
        parts.append(
            f"<g transform='translate({4 + at * 46} 4)'><rect width='40' height='60' rx='4'/>"
            f"<g transform='rotate({tilt} 20 30)'>{lines}</g></g>"
        )
    shape = (
        "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 278 68' width='278' height='68' fill='#ffffff'"
        f" stroke='#1c2423' stroke-width='4' stroke-linecap='round'>{''.join(parts)}</svg>"
    )
    return f"data:image/svg+xml,{quote(shape)}"
