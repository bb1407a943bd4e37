"""Secrets in files: read only where nobody else can read or replace them."""

import os
import stat
from pathlib import Path

from zhenxue.kernel.keys.errors import KeyRefused

LARGEST_BYTES = 64 * 1024
OTHERS_MAY = stat.S_IRWXG | stat.S_IRWXO
OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


def read_secret(path: Path) -> str:
    """The text of a secret file without blanks at its ends.

    Raises ``KeyRefused`` unless it is an ordinary file of this user (or root) that nobody else may touch (mode 0600 or
    0400), in a folder that nobody else may write to.
    """
    if not path.is_absolute():
        raise KeyRefused(f"{path}: give the whole path of a key file, beginning with /")
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        raise KeyRefused(f"{path}: the key file cannot be read ({error.strerror})") from error
    try:
        _check(path, os.fstat(handle))
    except BaseException:
        os.close(handle)
        raise
    with os.fdopen(handle, "rb") as stream:
        raw = stream.read(LARGEST_BYTES + 1)
    if len(raw) > LARGEST_BYTES:
        raise KeyRefused(f"{path}: larger than {LARGEST_BYTES // 1024} KB, this is no key")
    try:
        text = raw.decode().strip()
    except UnicodeDecodeError as error:
        raise KeyRefused(f"{path}: the key must be text (hex digits)") from error
    if not text or "\n" in text or "\0" in text:
        raise KeyRefused(f"{path}: exactly one line with the key is expected")
    return text


def write_secret(path: Path, text: str) -> None:
    """A new file with one secret, mode 0400, on the disk before it returns; an existing file is never overwritten."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o400)
    except FileExistsError as error:
        raise KeyRefused(f"{path} exists already; a key is never overwritten") from error
    except OSError as error:
        raise KeyRefused(f"{path}: cannot be written ({error.strerror})") from error
    with os.fdopen(handle, "w") as stream:
        stream.write(f"{text}\n")
        stream.flush()
        os.fsync(stream.fileno())


def check_private_program(path: Path) -> None:
    """Raises ``KeyRefused`` unless the program belongs to this user or root and nobody else may change it."""
    try:
        found = path.stat()
    except OSError as error:
        raise KeyRefused(f"{path}: the program is not there ({error.strerror})") from error
    if not stat.S_ISREG(found.st_mode) or not os.access(path, os.X_OK):
        raise KeyRefused(f"{path}: not a program that can be run")
    if found.st_uid not in {0, os.geteuid()} or found.st_mode & OTHERS_WRITE:
        raise KeyRefused(f"{path}: others may change this program; chown root and chmod 755 it")
    _check_folder(path)


def _check(path: Path, found: os.stat_result) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise KeyRefused(f"{path}: not an ordinary file")
    if found.st_uid not in {0, os.geteuid()}:
        raise KeyRefused(f"{path}: belongs to another user; chown it to the user that runs the platform")
    if found.st_mode & OTHERS_MAY:
        mode = stat.S_IMODE(found.st_mode)
        raise KeyRefused(
            f"{path}: others may read or write it (mode {mode:04o}); chmod 400 it, and take the key as known"
        )
    _check_folder(path)


def _check_folder(path: Path) -> None:
    folder = path.resolve().parent
    found = folder.stat()
    if found.st_mode & OTHERS_WRITE and not found.st_mode & stat.S_ISVTX:
        raise KeyRefused(f"{folder}: others may replace files in this folder; chmod 700 it")
