"""Files of questions, in and out: xlsx, csv, docx, GIFT, Moodle XML and QTI. Pure: bytes in, drafts out."""

from zhenxue.exams.formats.draft import Draft, DraftAsset, Item, Reading, Written
from zhenxue.exams.formats.reading import read

__all__ = ["Draft", "DraftAsset", "Item", "Reading", "Written", "read"]
