"""Words that sheets and documents use: kinds, right and wrong, options in one text, answers. Pure."""

import re
import unicodedata
from collections.abc import Sequence
from decimal import Decimal
from functools import lru_cache

from zhenxue.exams.data import Kind
from zhenxue.exams.formats.draft import BLANK, LETTERS, number

RIGHT, WRONG = "对", "错"
_RIGHT_WORDS = frozenset("对 √ ✓ ✔ 正确 是 t true yes y 1 v r right 对的 √对".split())
_WRONG_WORDS = frozenset("错 × ✗ ✘ x 错误 不正确 不对 否 f false no n 0 wrong w 错的 ×错 非".split())
_KINDS: dict[Kind, str] = {
    Kind.SINGLE: "单选 单选题 单项选择 单项选择题 选择题 选择 单选选择题 最佳选择题 single singlechoice radio",
    Kind.MULTIPLE: "多选 多选题 多项选择 多项选择题 不定项 不定项选择题 不定项选择 双选题 multiple checkbox",
    Kind.TRUE_FALSE: "判断 判断题 是非题 是非 正误题 判断正误 对错题 判断对错 true_false truefalse judge",
    Kind.FILL_IN: "填空 填空题 填充题 fill_in fillin blank",
    Kind.SHORT_ANSWER: (
        "简答 简答题 问答 问答题 论述题 论述 名词解释 名词解释题 主观题 分析题 short_answer essay 改错题 综述题"
    ),
    Kind.CALCULATION: "计算 计算题 数值题 calculation numerical",
    Kind.MATCHING: "连线 连线题 匹配 匹配题 配对题 配伍题 matching",
    Kind.ORDERING: "排序 排序题 顺序题 ordering",
    Kind.CASE: "案例 案例题 案例分析 案例分析题 材料题 材料分析题 综合题 综合分析题 共用题干题 case",
    Kind.HOTSPOT: "识图 识图题 热点题 热区题 hotspot",
    Kind.PRACTICAL: "实操 实操题 操作题 技能题 实操考核 技能操作题 practical",
}
_KIND_WORDS = {word: kind for kind, words in _KINDS.items() for word in words.split()}
_NOT_KIND = re.compile(r"[\s()（）\[\]【】:：、.．。]|每题.*|共\d+.*")
HEADING = re.compile(
    r"^\s*(?:#{1,3}\s*)?(?:第?[一二三四五六七八九十]{1,3}\s*(?:部分|大题)?\s*[、.．:：,，\s]|[(（][一二三四五六七八九十]{1,3}[)）]|[IVX]{1,4}[.、])?\s*"
    r"(?P<kind>[\u4e00-\u9fff]{2,7}?)\s*(?:[(（\[【:：,，。]|共|每|$)"
)
NUMBERED = re.compile(
    r"^\s*(?:第\s*\d{1,5}\s*题\s*[:：、.．]?|[(（]?\d{1,5}\s*(?:[)）]|[、．]|\.(?!\d))|【\d{1,5}】)\s*"
)
_HEAD = re.compile(r"[(（【\[]?\s*([A-Ja-jＡ-Ｊ])\s*[)）】\]]?\s*[、.．:：)）]\s*|[(（【\[]([A-Ja-jＡ-Ｊ])[)）】\]]\s*")
_BOUNDARY = re.compile(r"[\s*;；|｜,，。#]$")
_EDGES = " \t\n\r*;；|｜#\u3000"
_BETWEEN = re.compile(r"[\s,，、;；/|｜.。和&+与]+")
_GAPS = re.compile(r"_{2,}|＿{2,}|[(（]\s*[)）]|【\s*】|\[\s*\]|(?<!\S)_(?!\S)")
_TOLERANCE = re.compile(r"^(.+?)\s*(?:±|\+/?-|＋－)\s*(.+?)$")
_RANGE = re.compile(r"^([+-]?[\d.]+)\s*(?:~|～|—|至)\s*([+-]?[\d.]+)$")
_LEVELS = {
    "易": 1, "容易": 1, "很容易": 1, "简单": 1, "低": 1, "较易": 2, "较简单": 2, "偏易": 2, "中": 3, "中等": 3,
    "一般": 3, "适中": 3, "普通": 3, "较难": 4, "偏难": 4, "难": 5, "困难": 5, "很难": 5, "高": 5,
}  # fmt: skip


def normal(text: str) -> str:
    """For comparing words: width, case, outer blanks and stops do not matter."""
    return unicodedata.normalize("NFKC", text).strip().strip("。.").strip().casefold()


@lru_cache(maxsize=512)
def kind_of(word: str) -> Kind | None:
    """The kind that a word means, or ``None``."""
    plain = _NOT_KIND.sub("", unicodedata.normalize("NFKC", word)).casefold()
    return _KIND_WORDS.get(plain)


def heading_kind(line: str) -> Kind | None:
    """The kind that a heading (``一、单选题（每题2分）``) announces."""
    if len(line) > 120 or (found := HEADING.match(line)) is None:
        return None
    return _KIND_WORDS.get(found["kind"])


def title_kind(text: str) -> Kind | None:
    """The kind in a title of a sheet or table: ``单选题100道``, ``2024电工判断题``."""
    if direct := kind_of(text):
        return direct
    found = [kind for word, kind in _KIND_WORDS.items() if len(word) > 2 and word.endswith("题") and word in text]
    kinds = set(found) - ({Kind.SINGLE} if "项选择题" in text and Kind.MULTIPLE in found else set())
    if "多项选择题" in text or "不定项选择题" in text:
        kinds.discard(Kind.SINGLE)
    return kinds.pop() if len(kinds) == 1 else None


def truth(text: str) -> bool | None:
    text = normal(text)
    if text in _RIGHT_WORDS:
        return True
    return False if text in _WRONG_WORDS else None


def said_truth(text: str) -> bool | None:
    """As ``truth``, of an option that is a word: ``0`` and ``1`` are options of their own."""
    return truth(text) if len(normal(text)) > 1 or normal(text) in {"对", "错", "是", "否", "√", "×"} else None


def letters(answer: str) -> tuple[str, ...]:
    """The letters of an answer (``A,C``, ``acd``, ``A、C``) in order, or none when it is not letters alone."""
    text = _BETWEEN.sub("", unicodedata.normalize("NFKC", answer)).upper()
    if not text or len(text) > 40 or any(mark not in LETTERS for mark in text):
        return ()
    return tuple(sorted(set(text)))


def split_heads(text: str) -> tuple[str, list[str]]:
    """What stands before ``A.``, and the options after ``A.``, ``B.``, … in order; no options where they do not."""
    best: list[tuple[int, int]] = []
    heads = [(found.start(), found.end(), _letter(found)) for found in _HEAD.finditer(text)]
    for strict in (True, False):
        chosen: list[tuple[int, int]] = []
        for begin, end, letter in heads:
            if len(chosen) < len(LETTERS) and letter == LETTERS[len(chosen)]:
                if strict and begin and not _BOUNDARY.search(text[max(0, begin - 1) : begin]):
                    continue
                chosen.append((begin, end))
        if len(chosen) > len(best):
            best = chosen
    if len(best) < 2:
        return text, []
    ends = [*(begin for begin, _ in best[1:]), len(text)]
    options = [text[end:stop].strip(_EDGES) for (_, end), stop in zip(best, ends, strict=True)]
    return text[: best[0][0]].rstrip(_EDGES), options


def _letter(found: re.Match[str]) -> str:
    return unicodedata.normalize("NFKC", found[1] or found[2]).upper()


def split_options(cell: str) -> list[str]:
    """All options of one cell: ``A.… B.…``, ``**A.…**B.…``, one a line, or parted by ``|``, ``；`` or tabs."""
    before, options = split_heads(cell)
    if options and not before.strip(_EDGES):
        return options
    for mark in (r"\n+", r"[|｜]+", r"[;；]+", r"\t+|\s{2,}", r"\*\*+|##+|\$;\$"):
        parts = [part.strip(_EDGES) for part in re.split(mark, cell.strip(_EDGES))]
        parts = [part for part in parts if part]
        if len(parts) >= 2:
            return [strip_head(part, letter) for part, letter in zip(parts, LETTERS, strict=False)] + parts[10:]
    return []


def strip_head(option: str, letter: str) -> str:
    """``A. 红色`` in column A reads ``红色``."""
    head = _HEAD.match(option)
    rest = option[head.end() :].strip() if head else ""
    return rest if head and rest and _letter(head) == letter else option.strip()


def mark_blanks(stem: str) -> tuple[str, int]:
    """The stem with every gap as ``____``, and how many."""
    return _GAPS.subn(BLANK, stem)


def count_blanks(stem: str) -> int:
    return stem.count(BLANK)


def level(text: str) -> int | None:
    """A difficulty in words or as a number (1–5, or a share of those who get it right as 0.x) as 1 easy … 5 hard."""
    plain = normal(text).removesuffix("题").removesuffix("级")
    if plain in _LEVELS:
        return _LEVELS[plain]
    value = number(plain)
    if value is None:
        return None
    if value == value.to_integral_value() and 1 <= value <= 5:
        return int(value)
    return 5 - int(value * 5) if 0 < value < 1 else None


def tolerance_of(text: str) -> tuple[str, str]:
    """``10±0.5``, ``10±2%`` and ``9~11`` as value and tolerance; no tolerance for anything else."""
    found = _TOLERANCE.match(unicodedata.normalize("NFKC", text.strip()))
    if found and number(found[1]) is not None:
        width = found[2].strip()
        share = number(width.removesuffix("%"))
        if share is not None and share >= 0:
            return found[1].strip(), width.replace(" ", "")
    ends = _RANGE.match(unicodedata.normalize("NFKC", text.strip()))
    if ends and (low := number(ends[1])) is not None and (high := number(ends[2])) is not None and low < high:
        return str((low + high) / 2), str((high - low) / 2)
    return text.strip(), ""


def split_plain(text: str, marks: str) -> list[str]:
    """Parts between any of ``marks``; a backslash keeps the next mark (and itself)."""
    parts, part, at = [""], 0, 0
    while at < len(text):
        mark = text[at]
        if mark == "\\" and at + 1 < len(text) and text[at + 1] in "|;；\\n":
            follow = text[at + 1]
            parts[part] += "\n" if follow == "n" else follow
            at += 2
            continue
        if mark in marks:
            parts.append("")
            part += 1
        else:
            parts[part] += mark
        at += 1
    return [one.strip() for one in parts]


def join_plain(parts: Sequence[str], mark: str) -> str:
    """The other way round."""
    escaped = (re.sub(r"[|;；\\]", r"\\\g<0>", part).replace("\n", "\\n") for part in parts)
    return mark.join(escaped)


def score_of(text: str) -> tuple[Decimal | None, str]:
    """A score as sheets write it, and what is wrong with it."""
    text = text.strip().removesuffix("分").strip()
    if not text:
        return None, ""
    value = number(text)
    if value is None:
        return None, f"分值“{text[:20]}”不是数"
    if not 0 < value <= 100 or value * 10 % 1:
        return None, f"分值“{text[:20]}”不合适，应大于 0、不超过 100，最多一位小数"
    return value.normalize() if value % 1 else value.quantize(Decimal(1)), ""
