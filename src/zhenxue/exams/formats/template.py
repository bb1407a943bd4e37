"""Our own layout of a question sheet: its columns, how a draft stands in it, and the workbook. Pure.

One question a line; a case is its own line followed by its parts. Writing and reading are each other's mirror
(``sheets.py`` and ``build.py``).
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from zhenxue.exams.data import Kind
from zhenxue.exams.formats.draft import LETTERS, PLAIN_SCORE, Draft, Written, number, plain_number
from zhenxue.exams.formats.words import join_plain
from zhenxue.kernel import sheets

PART = "小题："
HEADER = (
    "题型",
    "题干",
    *(f"选项{letter}" for letter in LETTERS),
    "答案",
    "解析",
    "分值",
    "难度",
    "知识点",
    "来源",
    "评分标准",
    "设置",
)
REASON = "不能导入的原因"
NOTES = (
    "题型填：单选题、多选题、判断题、填空题、简答题、计算题、连线题、排序题、案例题、识图题、实操题；不填时按答案推断。",
    "单选题答案填一个字母；多选题填多个字母，如 ABD；判断题填 对 或 错。"
    "选项从选项A起连续填写，也可以写在题干后面：A.… B.…。",
    "填空题：题干用 ____ 表示空；答案里空与空之间用“；”隔开，同一个空的几种写法用“|”隔开；"
    "数值可写允许的误差：10±0.5 或 10±2%。"
    "各空可以颠倒时在“设置”写：顺序不限。",
    "简答题：答案写参考答案，“评分标准”每行一条要点：说出断电（2分）。“设置”可写：行数=5。",
    "计算题：答案写数，可带误差：12.5±0.1。“设置”可写：单位=mm；写步骤。带参数时答案写“公式：a*b/2”，"
    "题干里写 {a}，“设置”写：a=1..9 步长 1；b=2..8 步长 2；容差=0.01。",
    "连线题：每个选项写一对“左边 => 右边”；多余的右边写“=> 右边”。排序题：选项按正确顺序填写，系统会打乱。",
    "案例题：一行写材料，后面每个小题一行，题型写“小题：单选题”等。",
    "识图题：“设置”写：图片=file:文件名；宽=800；高=600，"
    "答案写区域：rect 左,上,右,下；circle 圆心x,圆心y,半径；poly x1,y1,x2,y2,…",
    "实操题：“评分标准”每行一个步骤：断电（10分）；下面写扣分：- 未验电（扣5分）。"
    "“设置”可写：时长=30；留证=照片 或 视频。",
    "分值为 0.5 到 100 之间、最多一位小数，不填按 1 分；难度填 1（易）到 5（难）。",
    "图片写在题干里：![说明](file:图1.png)，把表格和图片放进同一个 zip 压缩包上传。公式写成 $\\frac{a}{b}$。",
)
EXAMPLES = (
    Written(
        "单选题", "灭火器压力表指针在哪个区域表示压力正常？", ("红色", "绿色", "黄色", "黑色"), "B", "绿色为正常。", "2"
    ),
    Written("多选题", "下列哪些属于个人防护用品？", ("安全帽", "防护手套", "护目镜", "卷尺"), "ABC", "", "2"),
    Written("判断题", "设备检修前必须切断电源。", (), "对", "", "1"),
    Written("填空题", "我国工频交流电的频率是____Hz。", (), "50|五十", "", "1"),
    Written(
        "简答题", "触电急救的第一步是什么？", (), "切断电源", "", "4", rubric="说出切断电源（3分）\n说出用绝缘物（1分）"
    ),
)


def write(draft: Draft) -> list[Written]:
    """The lines of a draft: one, or a case's own and its parts'."""
    if draft.kind == Kind.CASE:
        first = _line(draft, (), "", "", "")
        return [first, *(_part(body, key) for body, key in zip(draft.body["parts"], draft.key["parts"], strict=True))]
    return [_line(draft, *_WRITERS[draft.kind](draft.body, draft.key))]


def rows(lines: Iterable[Written]) -> list[list[str]]:
    """Lines as rows under ``HEADER``."""
    return [
        [
            one.kind,
            one.stem,
            *(one.options[index] if index < len(one.options) else "" for index in range(len(LETTERS))),
            one.answer,
            one.explanation,
            one.score,
            one.difficulty,
            one.point,
            one.source,
            one.rubric,
            one.settings,
        ]
        for one in lines
    ]


def workbook(drafts: Iterable[Draft]) -> bytes:
    """All drafts as an xlsx in our layout."""
    return sheets.write_xlsx("题目", HEADER, rows(line for draft in drafts for line in write(draft)), NOTES)


def empty_template() -> bytes:
    """The sheet to fill in, with an example of the common kinds."""
    return sheets.write_xlsx("题目", HEADER, rows(EXAMPLES), NOTES, as_text=True)


def refusals(items: Iterable[tuple[str, Written, Sequence[str]]]) -> bytes:
    """Refused items to mend and upload again: where they stood and why, then as much of them as was read; the parts of
    a case follow it."""
    body = []
    for where, one, problems in items:
        parts = [replace(part, kind=f"{PART}{part.kind.removeprefix(PART)}") for part in one.parts]
        first, *more = rows([one, *parts])
        body += [["；".join(problems), where, *first], *(["", "", *row] for row in more)]
    return sheets.write_xlsx("待修改", (REASON, "原位置", *HEADER), body, NOTES)


type _Columns = tuple[Sequence[str], str, str, str]  # options, answer, rubric, settings


def _line(draft: Draft, options: Sequence[str], answer: str, rubric: str, settings: str) -> Written:
    return Written(
        draft.kind.label,
        draft.stem,
        tuple(options),
        answer,
        draft.explanation,
        plain_number(draft.score) if draft.score is not None else "",
        str(draft.difficulty or ""),
        draft.point,
        draft.source,
        rubric,
        settings,
    )


def _part(body: dict[str, Any], key: dict[str, Any]) -> Written:
    kind = Kind(body["kind"])
    options, answer, rubric, settings = _WRITERS[kind](body["body"], key)
    score = plain_number(number(str(body["score"])) or PLAIN_SCORE)
    return Written(
        f"{PART}{kind.label}", body["stem"], tuple(options), answer, "", score, rubric=rubric, settings=settings
    )


def _choice(body: dict[str, Any], key: dict[str, Any]) -> _Columns:
    return body["options"], "".join(key["right"]), "", ""


def _true_false(body: dict[str, Any], key: dict[str, Any]) -> _Columns:
    return (), key["right"][0], "", ""


def _fill_in(body: dict[str, Any], key: dict[str, Any]) -> _Columns:
    def variant(text: str, tolerance: str) -> str:
        return f"{text}±{tolerance}" if tolerance and number(text) is not None else text

    blanks = [
        "|".join(join_plain([variant(text, blank.get("tolerance", ""))], "") for text in blank["accepted"])
        for blank in key["blanks"]
    ]
    return (), "；".join(blanks), "", "" if key.get("ordered", True) else "顺序不限"


def _short_answer(body: dict[str, Any], key: dict[str, Any]) -> _Columns:
    rubric = "\n".join(f"{one['text']}（{one['points']}分）" for one in key.get("rubric", []))
    lines = body.get("lines", 5)
    return (), key.get("reference", ""), rubric, "" if lines == 5 else f"行数={lines}"


def _calculation(body: dict[str, Any], key: dict[str, Any]) -> _Columns:
    settings = [f"单位={body['unit']}"] if body.get("unit") else []
    settings += ["写步骤"] if body.get("steps") else []
    tolerance = key.get("tolerance", "")
    if "formula" in key:
        for name, one in key["parameters"].items():
            settings.append(f"{name}={one['low']}..{one['high']} 步长 {one['step']}")
        settings += [f"容差={tolerance}"] if tolerance else []
        answer = f"公式：{key['formula']}"
    else:
        answer = f"{key['value']}±{tolerance}" if tolerance else str(key["value"])
    return (), answer, key.get("reference", ""), "；".join(settings)


def _matching(body: dict[str, Any], key: dict[str, Any]) -> _Columns:
    pairs = [f"{left} => {body['right'][index]}" for left, index in zip(body["left"], key["pairs"], strict=True)]
    spare = [f"=> {right}" for index, right in enumerate(body["right"]) if index not in key["pairs"]]
    lines = [*pairs, *spare]
    return (lines, "", "", "") if len(lines) <= len(LETTERS) else ((), "\n".join(lines), "", "")


def _ordering(body: dict[str, Any], key: dict[str, Any]) -> _Columns:
    items = [body["items"][index] for index in key["order"]]
    return (items, "", "", "") if len(items) <= len(LETTERS) else ((), "\n".join(items), "", "")


def _hotspot(body: dict[str, Any], key: dict[str, Any]) -> _Columns:
    place = body["asset"] if isinstance(body["asset"], str) else f"asset:{body['asset']}"
    areas = "；".join(f"{one['shape']} {','.join(map(str, one['coords']))}" for one in key["areas"])
    return (), areas, "", f"图片={place}；宽={body['width']}；高={body['height']}"


def _practical(body: dict[str, Any], key: dict[str, Any]) -> _Columns:
    lines = []
    for step, deductions in zip(body["steps"], key["steps"], strict=True):
        lines.append(f"{step['title']}（{step['points']}分）")
        lines += [f"- {one['text']}（扣{one['points']}分）" for one in deductions]
    evidence = {"photo": "照片", "video": "视频"}.get(body.get("evidence", ""), "")
    settings = f"时长={body.get('minutes', 30)}" + (f"；留证={evidence}" if evidence else "")
    return (), "", "\n".join(lines), settings


_WRITERS = {
    Kind.SINGLE: _choice,
    Kind.MULTIPLE: _choice,
    Kind.TRUE_FALSE: _true_false,
    Kind.FILL_IN: _fill_in,
    Kind.SHORT_ANSWER: _short_answer,
    Kind.CALCULATION: _calculation,
    Kind.MATCHING: _matching,
    Kind.ORDERING: _ordering,
    Kind.HOTSPOT: _hotspot,
    Kind.PRACTICAL: _practical,
}
