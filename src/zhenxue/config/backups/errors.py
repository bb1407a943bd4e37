"""The one refusal of backups."""


class BackupError(Exception):
    """A backup or restore that cannot be done, in a sentence that says why."""
