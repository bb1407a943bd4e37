"""Archives of raw beats: one Parquet file for the closed cohorts of a month, with its digest in the log."""

from zhenxue.study.operations.archives.checking import ask_verification, check_archives, verify_archive
from zhenxue.study.operations.archives.choosing import Choice, choose, finished_months
from zhenxue.study.operations.archives.files import unknown_files
from zhenxue.study.operations.archives.moving import (
    Run,
    archive_due,
    archive_month,
    export_archives,
    restore_archive,
    same_rows,
    seal_again,
)

__all__ = [
    "Choice",
    "Run",
    "archive_due",
    "archive_month",
    "ask_verification",
    "check_archives",
    "choose",
    "export_archives",
    "finished_months",
    "restore_archive",
    "same_rows",
    "seal_again",
    "unknown_files",
    "verify_archive",
]
