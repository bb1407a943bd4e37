"""xlsx and csv in the layouts that Chinese sites and offices use. Pure."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from zhenxue.exams.data import Kind
from zhenxue.exams.formats import words
from zhenxue.exams.formats.build import build, case_of
from zhenxue.exams.formats.draft import LETTERS, Item, Reading, Written, files_of, refused
from zhenxue.exams.formats.safety import Assets
from zhenxue.exams.formats.sheet_pictures import SheetPictures
from zhenxue.kernel import sheets
from zhenxue.kernel.errors import Invalid
from zhenxue.kernel.sheets import Column, Record, Sheet

MAX_ROWS = 40_000
COLUMNS: tuple[Column, ...] = (
    Column("kind", ("题型", "题目类型", "类型", "试题类型", "题类", "试题题型", "种类")),
    Column(
        "stem",
        ("题干", "题目", "试题", "试题内容", "题目内容", "问题", "题目描述", "试题题干", "题干内容", "内容", "标题"),
        required=True,
        may_be_empty=True,
    ),
    *(
        Column(
            f"option_{letter}",
            (
                f"选项{letter}",
                f"选项 {letter}",
                f"{letter}选项",
                f"答案{letter}",
                f"备选项{letter}",
                f"选择{letter}",
                letter,
                f"选项{index}",
                f"备选答案{letter}",
            ),
        )
        for index, letter in enumerate(LETTERS, start=1)
    ),
    Column("options", ("选项", "备选项", "备选答案", "全部选项", "选项内容", "候选项", "试题选项", "可选项")),
    Column(
        "answer",
        ("答案", "正确答案", "参考答案", "标准答案", "试题答案", "答案选项", "正确选项"),
        required=True,
        may_be_empty=True,
    ),
    Column("explanation", ("解析", "答案解析", "试题解析", "题目解析", "说明", "解答", "详解")),
    Column("score", ("分值", "分数", "得分", "每题分值", "题目分值", "默认分值")),
    Column("difficulty", ("难度", "难易度", "难易程度", "难度等级", "难度系数")),
    Column("point", ("知识点", "知识点编号", "考点", "技能点", "考核点", "鉴定点", "章节")),
    Column("source", ("来源", "出处", "试题来源", "题目来源")),
    Column("rubric", ("评分标准", "得分点", "评分点", "评分细则")),
    Column("settings", ("设置", "题目设置")),
)
_PART = re.compile(r"^[\s└├　(（【\[]*(?:小题|子题|案例小题)\s*\d*\s*[)）】\]]?\s*[:：、\-]?\s*(.*)$")


def read(data: bytes, file_name: str, assets: Assets | None = None) -> Reading:
    """Every line answered, of every sheet with a header. Raises ``Invalid`` when no sheet has one."""
    found = sheets.read_sheets(data, file_name, max_rows=MAX_ROWS)
    is_book = data.startswith(b"PK")
    assets = assets or Assets()
    pictures = SheetPictures(data, assets) if is_book else None
    items: list[Item] = []
    notes: list[str] = []
    first: Invalid | None = None
    for sheet in found:
        place = f"{sheet.title} " if is_book and len(found) > 1 else ""
        try:
            items += _items(sheet, place, assets, pictures)
        except Invalid as error:
            first = first or error
            if sheet.title != "填写说明":
                notes.append(f"工作表“{sheet.title}”没有导入：{error.message}")
    if not items and first is not None:
        raise first
    return Reading("xlsx" if is_book else "csv", items, tuple(notes if items else ()))


def _items(sheet: Sheet, place: str, assets: Assets, pictures: SheetPictures | None) -> Iterator[Item]:
    table = sheets.table(sheet, COLUMNS)
    kind = words.title_kind(sheet.title)
    for row in sheet.rows:
        if row.number >= table.header_number:
            break
        kind = kind or next((found for cell in row.cells if (found := words.title_kind(cell))), None)
    case: tuple[str, Written, list[Item]] | None = None
    for record in table.records:
        written = _written(record)
        if pictures is not None:
            written = _with_pictures(written, sheet.title, record, pictures)
        where = f"{place}第 {record.number} 行"
        announced = _announced(record, written)
        if announced is not None:
            kind = announced
            continue
        part = _PART.match(written.kind)
        if part and case is not None:
            case[2].append(_item(where, record, replace(written, kind=part[1]), None, assets))
            continue
        if case is not None:
            yield case_of(case[0], case[1], case[2], assets=assets)
            case = None
        if part:
            yield refused(where, "小题前面没有案例题；请先写一行案例题（材料）", written=written)
        elif words.kind_of(written.kind) is Kind.CASE and not record.problems:
            case = where, written, []
        else:
            yield _item(where, record, written, kind, assets)
    if case is not None:
        yield case_of(case[0], case[1], case[2], assets=assets)


def _with_pictures(written: Written, title: str, record: Record, pictures: SheetPictures) -> Written:
    record.problems.extend(pictures.problems.get((title, record.number), ()))
    over = pictures.of(title, record.number)
    texts = (written.stem, written.explanation, *written.options)
    if not over and not any("DISPIMG" in text.upper() for text in texts):
        return written
    stem = f"{pictures.put(written.stem)}{over}"
    options = tuple(map(pictures.put, written.options))
    return replace(written, stem=stem, options=options, explanation=pictures.put(written.explanation))


def _item(where: str, record: Record, written: Written, kind: Kind | None, assets: Assets) -> Item:
    if record.problems:
        if kind is not None and not written.kind.strip():
            written = replace(written, kind=kind.label)
        return refused(where, *record.problems, written=written, assets=assets.named(files_of(written)))
    return build(where, written, kind=kind, assets=assets)


def _announced(record: Record, written: Written) -> Kind | None:
    """A line that is only a heading between the questions, merged over the columns or not."""
    texts = {text for text in record.values.values() if text}
    if len(texts) != 1 or record.problems:
        return None
    return words.heading_kind(texts.pop())


def _written(record: Record) -> Written:
    values = record.values
    columns = [values[f"option_{letter}"] for letter in LETTERS]
    while columns and not columns[-1]:
        columns.pop()
    options: Sequence[str]
    if len(columns) == 1 and len(split := words.split_options(columns[0])) > 1:
        options = split  # all of them in the first column
    elif columns:
        options = [words.strip_head(option, letter) for option, letter in zip(columns, LETTERS, strict=False)]
    else:
        options = words.split_options(values["options"]) or ([values["options"]] if values["options"] else [])
    return Written(
        values["kind"],
        words.NUMBERED.sub("", values["stem"], count=1),
        tuple(options),
        values["answer"],
        values["explanation"],
        values["score"],
        values["difficulty"],
        values["point"],
        values["source"],
        values["rubric"],
        values["settings"],
    )
