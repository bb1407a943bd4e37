"""Questions of self-tests, banks and exams: their shape, how sheets write them, and what counts as right. Pure.

Answers are lists: option letters in order (``["A"]``, ``["A", "C"]``), or ``["对"]`` / ``["错"]``.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from zhenxue.catalogue.data import QuestionKind
from zhenxue.kernel.sheets import Column, Record, Table

LETTERS = "ABCDEFGH"
RIGHT, WRONG = "对", "错"
RIGHT_WORDS = {"对", "√", "✓", "✔", "正确", "是", "t", "true", "yes", "y", "1"}
WRONG_WORDS = {"错", "×", "✗", "✘", "x", "错误", "不正确", "不对", "否", "f", "false", "no", "n", "0"}
KIND_WORDS = {
    "单选": QuestionKind.SINGLE,
    "单选题": QuestionKind.SINGLE,
    "单项选择": QuestionKind.SINGLE,
    "单项选择题": QuestionKind.SINGLE,
    "选择题": QuestionKind.SINGLE,
    "多选": QuestionKind.MULTIPLE,
    "多选题": QuestionKind.MULTIPLE,
    "多项选择": QuestionKind.MULTIPLE,
    "多项选择题": QuestionKind.MULTIPLE,
    "不定项": QuestionKind.MULTIPLE,
    "不定项选择题": QuestionKind.MULTIPLE,
    "判断": QuestionKind.TRUE_FALSE,
    "判断题": QuestionKind.TRUE_FALSE,
    "是非题": QuestionKind.TRUE_FALSE,
}
MOST_STEM = 2_000
MOST_OPTION = 500
MOST_EXPLANATION = 2_000
MOST_SCORE = 100

QUESTION_COLUMNS: tuple[Column, ...] = (
    Column("kind", ("题型", "题目类型", "类型", "试题类型")),
    Column("stem", ("题干", "题目", "试题", "试题内容", "题目内容", "问题"), required=True),
    *(
        Column(f"option_{letter}", (f"选项{letter}", f"选项 {letter}", f"{letter}选项", f"答案{letter}", letter))
        for letter in LETTERS
    ),
    Column("options", ("选项", "备选项", "备选答案", "全部选项")),
    Column("answer", ("答案", "正确答案", "参考答案", "标准答案"), required=True),
    Column("explanation", ("解析", "答案解析", "试题解析", "说明")),
    Column("score", ("分值", "分数", "得分", "每题分值")),
    Column("point", ("知识点", "知识点编号", "考点", "技能点")),
)
TEMPLATE_HEADER = ("题型", "题干", *(f"选项{letter}" for letter in LETTERS[:6]), "答案", "解析", "分值")
TEMPLATE_ROWS: tuple[tuple[str, ...], ...] = (
    (
        "单选",
        "灭火器压力表指针在哪个区域表示压力正常？",
        "红色",
        "绿色",
        "黄色",
        "黑色",
        "",
        "",
        "B",
        "绿色区域为正常压力。",
        "2",
    ),
    ("多选", "下列哪些属于个人防护用品？", "安全帽", "防护手套", "护目镜", "卷尺", "", "", "ABC", "", "2"),
    ("判断", "设备检修前必须切断电源。", "", "", "", "", "", "", "对", "", "1"),
)
TEMPLATE_NOTES = (
    "题型填：单选、多选、判断；不填时按答案推断。",
    "单选答案填一个字母；多选答案填多个字母，如 ABD 或 A,B,D；判断答案填：对/错、正确/错误、√/×、T/F。",
    "选项至少两个，从选项A起连续填写；也可以把全部选项写在一列“选项”里，每行一个。",
    "分值可以不填；填写时为 0.5 到 100 之间、最多一位小数的数。",
)

_NUMBERED = re.compile(r"^\s*[(（]?\d{1,4}\s*(?:[)）]|[、．]|\.(?!\d))\s*")
_OPTION_HEAD = re.compile(r"^\s*[(（]?([A-Ha-h])\s*[)）、.．:：]\s*")
_OPTION_SPLIT = re.compile(r"(?:^|(?<=\s))[(（]?([A-H])\s*[)）、.．:：]\s*", re.MULTILINE)
_BETWEEN_LETTERS = re.compile(r"[\s,，、;；/|.。和&+]+")


@dataclass(frozen=True, slots=True)
class QuestionDraft:
    """A question that keeps every rule below; ``score`` is ``None`` where the sheet says nothing."""

    kind: QuestionKind
    stem: str
    options: tuple[str, ...]
    answer: tuple[str, ...]
    explanation: str = ""
    score: Decimal | None = None
    point: str = ""


@dataclass(frozen=True, slots=True)
class QuestionRow:
    """The answer to one row of a sheet: a draft, or what is wrong with it."""

    number: int
    draft: QuestionDraft | None
    problems: tuple[str, ...]


def judge(kind: str, answer: Sequence[str], given: Sequence[str]) -> bool:
    """Whether what was given is exactly right; order, case and repeats do not matter, half right is wrong."""
    wanted = {_normal(part) for part in answer}
    got = {_normal(part) for part in given if part}
    if kind == QuestionKind.TRUE_FALSE:
        return len(got) == 1 and _truth(next(iter(got))) == _truth(next(iter(wanted), ""))
    return bool(got) and got == wanted


def read_question_table(table: Table) -> list[QuestionRow]:
    """Answer every row; a stem that stands twice (same options) is a problem of the later row."""
    rows: list[QuestionRow] = []
    seen: dict[tuple[str, tuple[str, ...]], int] = {}
    for record in table.records:
        draft, problems = _read_record(record)
        if draft is not None:
            earlier = seen.setdefault((draft.stem, draft.options), record.number)
            if earlier != record.number:
                draft, problems = None, [f"与第 {earlier} 行重复，请删除其中一行"]
        rows.append(QuestionRow(record.number, draft, tuple(problems)))
    return rows


def _read_record(record: Record) -> tuple[QuestionDraft | None, list[str]]:
    if record.problems:
        return None, list(record.problems)
    values = record.values
    score, problems = _read_score(values["score"])
    options, gaps = _read_options(values)
    draft, faults = make_draft(
        kind=values["kind"],
        stem=_NUMBERED.sub("", values["stem"]),
        options=options,
        answer=values["answer"],
        explanation=values["explanation"],
        score=score,
        point=values["point"],
    )
    problems = [*gaps, *faults, *problems]
    return (None, problems) if problems else (draft, [])


def make_draft(
    *,
    kind: str,
    stem: str,
    options: Sequence[str],
    answer: str,
    explanation: str = "",
    score: Decimal | None = None,
    point: str = "",
) -> tuple[QuestionDraft | None, list[str]]:
    """One question from what a person wrote: the draft, or all that is wrong with it.

    ``kind`` is a stored value or a Chinese word, or empty to be told by the answer; ``answer`` is free text (``ABD``,
    ``A,B``, ``对``, ``√``).
    """
    problems: list[str] = []
    stem = stem.strip()
    if not stem:
        problems.append("题干没有填写")
    elif len(stem) > MOST_STEM:
        problems.append(f"题干超过 {MOST_STEM} 字")
    if len(explanation) > MOST_EXPLANATION:
        problems.append(f"解析超过 {MOST_EXPLANATION} 字")
    found = _kind_of(kind, answer, options)
    if found is None:
        problems.append(f"题型“{kind}”不认识，请填：单选、多选、判断")
        return None, problems
    kept = tuple(option.strip() for option in options)
    if found is QuestionKind.TRUE_FALSE:
        letters, faults = _true_false(answer, kept)
        kept = ()
    else:
        letters, faults = _choices(found, answer, kept)
    problems += faults
    if problems:
        return None, problems
    return QuestionDraft(found, stem, kept, letters, explanation.strip(), score, point.strip()), []


def _kind_of(kind: str, answer: str, options: Sequence[str]) -> QuestionKind | None:
    word = re.sub(r"\s", "", kind)
    if word in set(QuestionKind):
        return QuestionKind(word)
    if word:
        return KIND_WORDS.get(word)
    if not any(options) and _truth(_normal(answer)) is not None:
        return QuestionKind.TRUE_FALSE
    return QuestionKind.MULTIPLE if len(_letters(answer)) > 1 else QuestionKind.SINGLE


def _true_false(answer: str, options: Sequence[str]) -> tuple[tuple[str, ...], list[str]]:
    text = _normal(answer)
    if text in {"a", "b"}:
        index = "ab".index(text)
        text = _normal(options[index]) if len(options) > index and options[index] else ("对", "错")[index]
    truth = _truth(text)
    if truth is None:
        return (), [f"判断题答案“{answer}”不认识，请填 对 或 错" if answer else "答案没有填写"]
    return (RIGHT if truth else WRONG,), []


def _choices(kind: QuestionKind, answer: str, options: Sequence[str]) -> tuple[tuple[str, ...], list[str]]:
    problems: list[str] = []
    if len(options) < 2:
        problems.append("选项至少要有两个")
    if len(options) > len(LETTERS):
        problems.append(f"选项最多 {len(LETTERS)} 个")
    if any(not option for option in options):
        problems.append("选项中间有空缺，请从选项A起连续填写")
    if any(len(option) > MOST_OPTION for option in options):
        problems.append(f"选项超过 {MOST_OPTION} 字")
    if len(set(options)) < len(options) and all(options):
        problems.append("有两个选项内容相同")
    letters = _letters(answer)
    if not letters:
        problems.append(f"答案“{answer}”不认识，请填选项字母" if answer else "答案没有填写")
    elif beyond := [letter for letter in letters if LETTERS.index(letter) >= len(options)]:
        problems.append(f"答案 {''.join(beyond)} 没有对应的选项")
    if kind is QuestionKind.SINGLE and len(letters) > 1:
        problems.append("单选题只能有一个答案；如有多个答案请把题型改为多选")
    if kind is QuestionKind.MULTIPLE and len(letters) == 1:
        problems.append("多选题至少要有两个答案；只有一个答案请把题型改为单选")
    return letters, problems


def _letters(answer: str) -> tuple[str, ...]:
    text = _BETWEEN_LETTERS.sub("", unicodedata.normalize("NFKC", answer)).upper()
    if not text or any(mark not in LETTERS for mark in text):
        return ()
    return tuple(sorted(set(text)))


def _read_options(values: dict[str, str]) -> tuple[list[str], list[str]]:
    columns = [values[f"option_{letter}"] for letter in LETTERS]
    while columns and not columns[-1]:
        columns.pop()
    if columns:
        return [_strip_head(option, letter) for option, letter in zip(columns, LETTERS, strict=False)], []
    cell = values["options"].strip()
    if not cell:
        return [], []
    heads = list(_OPTION_SPLIT.finditer(cell))
    if len(heads) >= 2 and "".join(head[1] for head in heads) == LETTERS[: len(heads)]:
        ends = [*(head.start() for head in heads[1:]), len(cell)]
        return [cell[head.end() : end].strip() for head, end in zip(heads, ends, strict=True)], []
    parts = [part for part in re.split(r"[\n|]+", cell) if part.strip()]
    if len(parts) < 2:
        return [], ["选项列分不开，请每行写一个选项，或写成 A.… B.…"]
    return [_strip_head(part, letter) for part, letter in zip(parts, LETTERS, strict=False)], []


def _strip_head(option: str, letter: str) -> str:
    """``A. 红色`` in column A reads ``红色``."""
    head = _OPTION_HEAD.match(option)
    return (
        option[head.end() :] if head and head[1].upper() == letter and option[head.end() :].strip() else option
    ).strip()


def _read_score(text: str) -> tuple[Decimal | None, list[str]]:
    text = text.strip().removesuffix("分").strip()
    if not text:
        return None, []
    try:
        score = Decimal(text)
    except InvalidOperation:
        return None, [f"分值“{text}”不是数"]
    exponent = score.normalize().as_tuple().exponent
    if not score.is_finite() or not 0 < score <= MOST_SCORE or not isinstance(exponent, int) or exponent < -1:
        return None, [f"分值“{text}”不合适，应大于 0、不超过 {MOST_SCORE}，最多一位小数"]
    return score, []


def _normal(text: str) -> str:
    return unicodedata.normalize("NFKC", text).strip().strip("。.").casefold()


def _truth(text: str) -> bool | None:
    if text in RIGHT_WORDS:
        return True
    return False if text in WRONG_WORDS else None
