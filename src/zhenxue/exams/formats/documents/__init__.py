"""docx in the numbered form of Chinese papers: headings of kinds, ``1. stem``, ``A. …``, ``答案：B``. Pure."""

from zhenxue.exams.formats.documents.lines import PART, Lines
from zhenxue.exams.formats.documents.questions import Questions
from zhenxue.exams.formats.draft import Reading
from zhenxue.exams.formats.safety import Assets, Package, Unusable, invalid


def read(data: bytes, assets: Assets | None = None) -> Reading:
    """Every numbered question answered. Raises ``Invalid`` when nothing in the document looks like one."""
    package = Package(data)
    if PART not in package:
        raise invalid("not_word", "这不是 Word 文档。请选择 .docx 文件，旧的 .doc 请先另存为 .docx。")
    pictures = assets or Assets()
    found = Questions(pictures)
    try:
        lines = Lines(package, pictures)
    except Unusable as error:
        raise invalid("document", f"{error}。") from error
    for line in lines.every():
        found.line(line)
    items = found.done(lines.problems)
    if not items:
        raise invalid(
            "no_questions", "文档里没有找到题目。请按这样的格式：1. 题干，下一行 A. 选项……，再下一行 答案：B。"
        )
    return Reading("docx", items, tuple(found.notes))
