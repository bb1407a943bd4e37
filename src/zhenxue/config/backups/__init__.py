"""Backup and restore of one installation: database with the tiles of the log, files, and secrets it made for itself.

Why it is done so and how to use it: docs/how-to/backup.md.
"""

from zhenxue.config.backups.consistency import consistency_faults
from zhenxue.config.backups.errors import BackupError
from zhenxue.config.backups.making import back_up
from zhenxue.config.backups.manifest import Manifest, check
from zhenxue.config.backups.restoring import check_deeply, check_restored, restore

__all__ = [
    "BackupError",
    "Manifest",
    "back_up",
    "check",
    "check_deeply",
    "check_restored",
    "consistency_faults",
    "restore",
]
