"""Each kind from what a person wrote: body and key, or what is wrong. Pure."""

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from zhenxue.exams.data import Kind
from zhenxue.exams.formats import words
from zhenxue.exams.formats.draft import BLANK, LETTERS, Written, named_files, number, plain_number
from zhenxue.exams.formats.safety import Assets
from zhenxue.exams.formats.shapes import Trouble, match_shape, order_shape

_IN_STEM = re.compile(r"[(（【\[]\s*([A-JＡ-Ｊ]{1,10}(?:[、,，]\s*[A-JＡ-Ｊ]){0,9}|[√×✓✗对错])\s*[)）】\]]")
_POINTS = re.compile(r"[(（\[【]?\s*(扣)?\s*(\d{1,3}(?:\.\d)?)\s*分\s*[)）\]】]?\s*[。;；]?$")
_PARAMETER = re.compile(r"^([A-Za-z]\w{0,15})\s*=\s*([-+\d.]+)\s*(?:\.\.|~|～|至)\s*([-+\d.]+)(?:\s*步长\s*([\d.]+))?$")
_AREA = re.compile(r"^(rect|circle|poly)\s+([-\d.,\s]+)$")

NO_PARTS = "案例题下面没有小题；请在它后面逐行写小题，题型写成：小题：单选题"


class Work:
    """One item in the making."""

    def __init__(self, written: Written) -> None:
        self.written = written
        self.stem = written.stem.strip()
        self.options = [one.strip() for one in written.options]
        self.notes: list[str] = []
        self.assets: Assets | None = None


def find_options(work: Work) -> None:
    """Options that stand in the stem."""
    if not any(work.options):
        stem, options = words.split_heads(work.stem)
        if options and stem.strip():
            work.stem, work.options = stem.strip(), options
    while work.options and not work.options[-1]:
        work.options.pop()


def _find_answer(work: Work) -> str:
    """The answer, or the one that stands in brackets in the stem: ``……（B）``."""
    answer = work.written.answer.strip()
    found = list(_IN_STEM.finditer(work.stem))
    if len(found) != 1:
        return answer
    if answer and normal_letters(answer) != normal_letters(found[0][1]):
        return answer
    work.stem = (work.stem[: found[0].start()] + "（  ）" + work.stem[found[0].end() :]).strip()
    return answer or found[0][1]


def normal_letters(text: str) -> str:
    return "".join(words.letters(text)) or words.normal(text)


def _choice(work: Work) -> tuple[dict[str, Any], dict[str, Any]]:
    find_options(work)
    answer = _find_answer(work)
    if not work.options:
        raise Trouble("没有选项，请填写选项A、选项B……，或在“选项”一列写成 A.… B.…")
    if any(not option for option in work.options):
        raise Trouble("选项中间有空缺，请从选项A起连续填写")
    if len(work.options) > len(LETTERS):
        raise Trouble(f"选项最多 {len(LETTERS)} 个，现在有 {len(work.options)} 个")
    if not answer:
        raise Trouble("答案没有填写，请填选项字母")
    right = right_letters(work, answer, several=True)
    if not right:
        raise Trouble(f"答案“{answer[:40]}”不认识，请填选项字母，如 A 或 ABD")
    beyond = [letter for letter in right if LETTERS.index(letter) >= len(work.options)]
    if beyond:
        raise Trouble(f"答案 {''.join(beyond)} 没有对应的选项，请核对答案或补上选项")
    return {"options": work.options}, {"right": list(right)}


def _single(work: Work) -> tuple[dict[str, Any], dict[str, Any]]:
    body, key = _choice(work)
    if len(key["right"]) > 1:
        raise Trouble("单选题只能有一个答案；如有多个答案请把题型改为多选题")
    return body, key


def right_letters(work: Work, answer: str, *, several: bool) -> tuple[str, ...]:
    """Letters, or options named by their text or number."""
    if not answer.strip():
        return ()
    options = [words.normal(option) for option in work.options]
    if found := words.letters(answer):
        return found
    if words.normal(answer) in options:
        return (LETTERS[options.index(words.normal(answer))],)
    with_head = words.split_heads(answer)[1] or [re.sub(r"^\s*[A-Ja-j]\s*[.、．:：]\s*", "", answer)]
    parts = [
        words.normal(one) for one in (with_head if with_head[0] != answer else re.split(r"[;；|｜\n,，、]+", answer))
    ]
    parts = [part for part in parts if part]
    if several and parts and all(part in options for part in parts):
        work.notes.append("答案写的是选项内容，已换成选项字母")
        return tuple(sorted({LETTERS[options.index(part)] for part in parts}))
    numbers = [one for one in re.split(r"[\s,，、;；]+", answer.strip()) if one]
    if all(one.isdecimal() and one.isascii() and 1 <= int(one) <= len(options) for one in numbers):
        work.notes.append("答案写的是选项序号，已换成选项字母")
        return tuple(sorted({LETTERS[int(one) - 1] for one in numbers}))
    return ()


def _true_false(work: Work) -> tuple[dict[str, Any], dict[str, Any]]:
    find_options(work)
    answer = _find_answer(work)
    text = words.normal(answer)
    if text in {"a", "b"}:
        index = "ab".index(text)
        text = work.options[index] if len(work.options) > index and work.options[index] else ("对", "错")[index]
    truth = words.truth(text)
    if truth is None:
        raise Trouble(f"判断题答案“{answer[:20]}”不认识，请填 对 或 错" if answer else "答案没有填写，请填 对 或 错")
    return {}, {"right": [words.RIGHT if truth else words.WRONG]}


def _fill_in(work: Work) -> tuple[dict[str, Any], dict[str, Any]]:
    answer = work.written.answer.strip()
    if not answer:
        raise Trouble("答案没有填写，请填每个空的答案，空与空之间用“；”隔开")
    work.stem, count = words.mark_blanks(work.stem)
    settings = _settings(work)
    if not count:
        count = max(1, len(words.split_plain(answer, ";；")))
        work.stem = f"{work.stem} {'，'.join([BLANK] * count)}"
        work.notes.append("题干没有标出空，已在末尾加上")
    blanks = [_blank(part, settings.get("容差", "")) for part in _parts(answer, count)]
    return {"blanks": count}, {"blanks": blanks, "ordered": "顺序不限" not in settings}


def _parts(answer: str, count: int) -> list[str]:
    """The answers of so many blanks, each still with its variants."""
    if count == 1:
        return [answer]
    found: list[int] = []
    for marks in (";；", "\n", "|｜", "、", ",，", " \u3000\t"):
        parts = [one for one in _split_keeping(answer, marks) if one]
        if len(parts) == count:
            return parts
        found.append(len(parts))
    raise Trouble(
        f"题干有 {count} 个空，答案却分成了 {max(found)} 个；空与空之间请用“；”隔开，同一个空的几种写法用“|”隔开"
    )


def _split_keeping(text: str, marks: str) -> list[str]:
    """Parts between marks, escapes kept for the next split."""
    parts = re.split(rf"(?<!\\)[{re.escape(marks)}]+", text)
    return [part.strip() for part in parts]


def _blank(text: str, width: str) -> dict[str, Any]:
    accepted: list[str] = []
    tolerance = width
    for part in words.split_plain(text, "|｜"):
        value, own = words.tolerance_of(part)
        tolerance = own or tolerance
        if (value := value.strip()) and value not in accepted:
            accepted.append(value)
    return {"accepted": accepted, "tolerance": tolerance}


def _short_answer(work: Work) -> tuple[dict[str, Any], dict[str, Any]]:
    settings = _settings(work)
    lines = number(settings.get("行数", "5"))
    rubric = []
    for line in _lines(work.written.rubric):
        text, points = _with_points(line)
        if points is None:
            raise Trouble(f"评分标准“{line[:30]}”没有写分数，请写成：要点（2分），每行一条")
        rubric.append({"text": text, "points": points})
    return {"lines": int(lines or 5)}, {"reference": work.written.answer.strip(), "rubric": rubric}


def _calculation(work: Work) -> tuple[dict[str, Any], dict[str, Any]]:
    settings = _settings(work)
    answer = work.written.answer.strip()
    unit = settings.get("单位", "")
    body = {"unit": unit, "steps": "写步骤" in settings}
    key: dict[str, Any] = {"tolerance": settings.get("容差", ""), "reference": work.written.rubric.strip()}
    formula = re.match(r"^公式\s*[:：]\s*(.+)$", answer)
    if formula:
        parameters = {}
        for setting in re.split(r"[;；\n]", work.written.settings):
            if found := _PARAMETER.match(setting.strip()):
                parameters[found[1]] = {"low": found[2], "high": found[3], "step": found[4] or "1"}
        return body, {**key, "formula": formula[1].strip(), "parameters": parameters}
    value, tolerance = words.tolerance_of(answer)
    plain = number(value)
    if plain is None:
        found_unit = re.match(r"^([-+\d.,]+)\s*([^\d\s].{0,14})$", value)
        plain = number(found_unit[1]) if found_unit else None
        if plain is None or not found_unit:
            raise Trouble(f"计算题的答案“{answer[:30]}”不是一个数；请写成 12.5 或 12.5±0.1，文字解答请用简答题")
        body["unit"] = unit or found_unit[2].strip()
    return body, {**key, "value": plain_number(plain), "tolerance": tolerance or key["tolerance"]}


def _matching(work: Work) -> tuple[dict[str, Any], dict[str, Any]]:
    pairs: list[tuple[str, str]] = []
    for line in [one for one in work.options if one] or _lines(work.written.answer):
        left, mark, right = re.sub(r"^\s*\d{1,2}[.、．]\s*", "", line).partition("=>")
        if not mark:
            left, mark, right = line.partition("→") if "→" in line else line.partition("——")
        if not mark:
            raise Trouble(f"连线题的“{line[:30]}”看不出两边，请每个选项写成：左边 => 右边")
        pairs.append((left.strip(), right.strip()))
    return match_shape([(left, right) for left, right in pairs if left], [right for left, right in pairs if not left])


def _ordering(work: Work) -> tuple[dict[str, Any], dict[str, Any]]:
    find_options(work)
    items = [one for one in work.options if one] or _lines(work.written.answer)
    answer = re.sub(r"[\s,，、;；\-—→>]+", "", words.normal(work.written.answer)).upper()
    if any(work.options) and answer:
        marks = LETTERS[: len(items)] if answer[0] in LETTERS else "123456789"[: len(items)]
        if sorted(answer) != sorted(marks):
            raise Trouble(f"排序题的答案“{work.written.answer[:30]}”要把每个选项各写一次，如 CABD")
        items = [items[marks.index(mark)] for mark in answer]
    if len(items) < 2:
        raise Trouble("排序题至少要有两项，请在选项里按正确顺序填写")
    return order_shape(items)


def _hotspot(work: Work) -> tuple[dict[str, Any], dict[str, Any]]:
    settings = _settings(work)
    place = settings.get("图片", "")
    names = named_files(work.stem)
    if not place and len(names) == 1:
        place = f"file:{names[0]}"
        work.stem = re.sub(r"!\[[^\]\n]*\]\(file:[^)\n]+\)", "", work.stem).strip()
    if not place:
        raise Trouble("识图题没有图片，请在“设置”里写：图片=file:文件名，并把图片放进同一个压缩包")
    found = work.assets.find(place.removeprefix("file:")) if work.assets else None
    width = number(settings.get("宽", "")) or (found.width if found else None)
    height = number(settings.get("高", "")) or (found.height if found else None)
    areas = []
    for line in re.split(r"[;；\n]+", work.written.answer):
        if not line.strip():
            continue
        area = _AREA.match(line.strip())
        if not area:
            raise Trouble(
                f"识图题的区域“{line.strip()[:30]}”看不懂，请写成：rect 左,上,右,下 或 circle 圆心x,圆心y,半径"
            )
        areas.append({"shape": area[1], "coords": [_coordinate(one) for one in area[2].split(",") if one.strip()]})
    picture: Any = int(place.removeprefix("asset:")) if re.fullmatch(r"asset:\d{1,12}", place) else place
    return {"asset": picture, "width": int(width or 0), "height": int(height or 0)}, {"areas": areas}


def _coordinate(text: str) -> int:
    value = number(text)
    return round(value) if value is not None else -1


def _practical(work: Work) -> tuple[dict[str, Any], dict[str, Any]]:
    settings = _settings(work)
    steps: list[dict[str, str]] = []
    deductions: list[list[dict[str, str]]] = []
    for line in _lines(work.written.rubric or work.written.answer):
        text, points = _with_points(re.sub(r"^\s*(?:步骤\s*)?\d{1,2}\s*[.、．:：]\s*", "", line))
        is_deduction = line.lstrip().startswith(("-", "–", "—", "·")) or "扣" in line[-12:]
        if points is None:
            raise Trouble(f"评分标准“{line[:30]}”没有写分数；步骤写成：断电（10分），扣分写成：- 未验电（扣5分）")
        if is_deduction:
            if not steps:
                raise Trouble("评分标准要先写步骤，再写它的扣分")
            deductions[-1].append({"text": text.lstrip("-–—· ").strip(), "points": points})
        else:
            steps.append({"title": text, "points": points})
            deductions.append([])
    if not steps:
        raise Trouble("实操题没有步骤，请在“评分标准”里每行写一个步骤：断电（10分）")
    evidence = {"照片": "photo", "视频": "video"}.get(settings.get("留证", ""), "")
    minutes = number(settings.get("时长", "30"))
    return {"steps": steps, "minutes": int(minutes or 30), "evidence": evidence}, {"steps": deductions}


def _case(work: Work) -> tuple[dict[str, Any], dict[str, Any]]:
    raise Trouble(NO_PARTS)


def _settings(work: Work) -> dict[str, str]:
    found = {}
    for part in re.split(r"[;；\n]", work.written.settings):
        name, _, value = part.partition("=")
        if name.strip():
            found[name.strip()] = value.strip()
    return found


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def _with_points(line: str) -> tuple[str, str | None]:
    found = _POINTS.search(line)
    if not found:
        return line.strip(), None
    return line[: found.start()].strip(" ：:，,"), plain_number(Decimal(found[2]))


type _Maker = Callable[[Work], tuple[dict[str, Any], dict[str, Any]]]

MAKERS: dict[Kind, _Maker] = {
    Kind.SINGLE: _single,
    Kind.MULTIPLE: _choice,
    Kind.TRUE_FALSE: _true_false,
    Kind.FILL_IN: _fill_in,
    Kind.SHORT_ANSWER: _short_answer,
    Kind.CALCULATION: _calculation,
    Kind.MATCHING: _matching,
    Kind.ORDERING: _ordering,
    Kind.CASE: _case,
    Kind.HOTSPOT: _hotspot,
    Kind.PRACTICAL: _practical,
}
