"""Drafts out: xlsx in our layout, GIFT, QTI 2.2; with pictures as one zip that can be read back. Pure.

Each answers the file, a name for it, and a sentence for every question that the format cannot hold.
"""

import io
import zipfile
from collections.abc import Sequence

from zhenxue.exams.formats import gift_writing, template
from zhenxue.exams.formats.draft import Draft
from zhenxue.exams.formats.qti import writing

type Export = tuple[bytes, str, list[str]]


def xlsx(drafts: Sequence[Draft]) -> Export:
    """A workbook in the layout of the import template; every kind."""
    return (*_with_pictures(template.workbook(drafts), "题目.xlsx", drafts), [])


def gift(drafts: Sequence[Draft]) -> Export:
    """Moodle's text format."""
    text, left_out = gift_writing.write(drafts)
    return (*_with_pictures(text.encode(), "题目.gift", drafts), left_out)


def qti(drafts: Sequence[Draft]) -> Export:
    """A QTI 2.2 package."""
    data, left_out = writing.write(drafts)
    return data, "题目-QTI2.2.zip", left_out


def _with_pictures(data: bytes, name: str, drafts: Sequence[Draft]) -> tuple[bytes, str]:
    media = {one.name: one.data for draft in drafts for one in draft.assets}
    if not media:
        return data, name
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr(name, data)
        for one, content in media.items():
            package.writestr(f"图片/{one}", content)
    return buffer.getvalue(), f"{name.rsplit('.', 1)[0]}.zip"
