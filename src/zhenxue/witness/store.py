"""What a witness remembers, in one SQLite file of its own; whatever was answered is on the disk before the answer."""

import contextlib
import datetime as dt
import hashlib
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from zhenxue.tlog import checkpoints, notes
from zhenxue.tlog.errors import NoteBroken
from zhenxue.witness.errors import StoreRefused
from zhenxue.witness.judging import NOTHING, Known, Reason, Submission

FILE = "witness.sqlite3"
KEPT_OF_A_KIND = 200  # refusals of one log and reason; the first ones matter most, and strangers may cause some
SCHEMA = """
CREATE TABLE identity (vkey TEXT NOT NULL);
CREATE TABLE log (origin TEXT PRIMARY KEY, label TEXT NOT NULL, added_at INTEGER NOT NULL);
CREATE TABLE log_key (
    origin TEXT NOT NULL REFERENCES log (origin), vkey TEXT NOT NULL, added_at INTEGER NOT NULL, dropped_at INTEGER,
    PRIMARY KEY (origin, vkey)
);
CREATE TABLE head (
    origin TEXT PRIMARY KEY REFERENCES log (origin), size INTEGER NOT NULL CHECK (size >= 0), root BLOB NOT NULL,
    note TEXT NOT NULL, line TEXT NOT NULL, at INTEGER NOT NULL
);
CREATE TRIGGER head_grows BEFORE UPDATE ON head
    WHEN NEW.size < OLD.size OR (NEW.size = OLD.size AND NEW.root <> OLD.root) OR NEW.origin <> OLD.origin
    BEGIN SELECT RAISE(ABORT, 'a witnessed head never goes back'); END;
CREATE TRIGGER head_stays BEFORE DELETE ON head BEGIN SELECT RAISE(ABORT, 'a witnessed head never goes'); END;
CREATE TABLE refusal (
    id INTEGER PRIMARY KEY, origin TEXT NOT NULL REFERENCES log (origin), at INTEGER NOT NULL, reason TEXT NOT NULL,
    old INTEGER NOT NULL, proof BLOB NOT NULL, shown_note TEXT NOT NULL, known_size INTEGER NOT NULL, known_note TEXT,
    digest BLOB NOT NULL, UNIQUE (origin, reason, digest)
);
CREATE TRIGGER refusal_stays BEFORE DELETE ON refusal BEGIN SELECT RAISE(ABORT, 'evidence of a refusal stays'); END;
"""


@dataclass(frozen=True, slots=True)
class Head:
    """The newest checkpoint cosigned for a log: ``note`` is log signatures and our line, ``at`` POSIX seconds."""

    size: int
    root: bytes
    note: str
    at: int


@dataclass(frozen=True, slots=True)
class Log:
    """A log that this witness watches."""

    origin: str
    label: str
    keys: tuple[notes.Verifier, ...]
    head: Head | None


@dataclass(frozen=True, slots=True)
class Refusal:
    """A checkpoint that the log signed and this witness refused, with the one it had cosigned at that moment."""

    number: int
    origin: str
    at: int
    reason: Reason
    shown_note: str
    known_size: int
    known_note: str | None


class Store:
    """One connection. Its methods run one at a time (one thread); other processes are kept off by transactions."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    @classmethod
    def create(cls, folder: Path, vkey: str) -> "Store":
        """A new store for a key; raises ``StoreRefused`` when there is one."""
        path = folder / FILE
        if path.exists():
            raise StoreRefused(f"{path} 已经存在，不会覆盖：它记着已见证过的检查点。")
        store = cls(_connect(path))
        path.chmod(0o600)
        store._db.executescript(f"BEGIN; {SCHEMA} COMMIT;")
        store._db.execute("INSERT INTO identity VALUES (?)", [vkey])
        return store

    @classmethod
    def open(cls, folder: Path, vkey: str) -> "Store":
        """The store of a key; raises ``StoreRefused`` when it is missing or belongs to another key.

        A witness that starts with an empty memory could be shown a second history of a log and would sign it.
        """
        path = folder / FILE
        if not path.exists():
            raise StoreRefused(
                f"缺少存储 {path}。没有它，见证不记得见证过什么，不能继续使用这把密钥；请从备份恢复，或另建新的见证。"
            )
        try:
            db = _connect(path)
        except sqlite3.Error as error:
            raise StoreRefused(f"存储 {path} 打不开：{error}") from error
        try:
            owner = db.execute("SELECT vkey FROM identity").fetchone()
        except sqlite3.Error as error:
            db.close()
            raise StoreRefused(f"存储 {path} 打不开：{error}") from error
        if owner != (vkey,):
            db.close()
            raise StoreRefused(f"存储 {path} 属于另一把密钥，拒绝启动。")
        return cls(db)

    def close(self) -> None:
        self._db.close()

    @contextlib.contextmanager
    def turn(self) -> Iterator[None]:
        """A transaction that nobody else writes in; on the disk when it ends, undone when it fails."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    # Logs

    def add_log(self, key: notes.Verifier, *, label: str, now: dt.datetime, also: bool = False) -> None:
        """Watch a log, or trust one more key of it (``also``); raises ``StoreRefused`` when that fits badly."""
        origin, moment = key.name, int(now.timestamp())
        with self.turn():
            known = [str(one) for one in self.keys(origin)]
            if str(key) in known:
                raise StoreRefused(f"已经在见证 {origin}，密钥相同。")
            if known and not also:
                raise StoreRefused(f"已经在用另一把密钥见证 {origin}。确认对方更换密钥后，加 --also 再运行。")
            self._db.execute(
                "INSERT INTO log VALUES (?, ?, ?) ON CONFLICT (origin) DO UPDATE SET label = excluded.label",
                [origin, label, moment],
            )
            self._db.execute(
                "INSERT INTO log_key VALUES (?, ?, ?, NULL) ON CONFLICT DO UPDATE SET dropped_at = NULL",
                [origin, str(key), moment],
            )

    def drop_key(self, key: notes.Verifier, *, now: dt.datetime) -> None:
        """Trust a log's key no more; what was cosigned stays. Raises ``StoreRefused`` when it was not trusted."""
        with self.turn():
            changed = self._db.execute(
                "UPDATE log_key SET dropped_at = ? WHERE origin = ? AND vkey = ? AND dropped_at IS NULL",
                [int(now.timestamp()), key.name, str(key)],
            ).rowcount
            if not changed:
                raise StoreRefused(f"没有在用这把密钥见证 {key.name}。")

    def keys(self, origin: str) -> list[notes.Verifier]:
        """The keys trusted for an origin; none when the log is unknown."""
        rows = self._db.execute(
            "SELECT vkey FROM log_key WHERE origin = ? AND dropped_at IS NULL ORDER BY added_at, vkey", [origin]
        )
        return [notes.Verifier.from_text(vkey) for (vkey,) in rows.fetchall()]

    def logs(self) -> list[Log]:
        """Every log, by origin."""
        rows = self._db.execute("SELECT origin, label FROM log ORDER BY origin").fetchall()
        return [Log(origin, label, tuple(self.keys(origin)), self.head(origin)) for origin, label in rows]

    # Heads

    def head(self, origin: str) -> Head | None:
        """The newest head cosigned for an origin."""
        row = self._db.execute("SELECT size, root, note, line, at FROM head WHERE origin = ?", [origin]).fetchone()
        return Head(row[0], row[1], row[2] + row[3], row[4]) if row else None

    def find_note(self, origin_hash: str) -> str | None:
        """The newest cosigned checkpoint of the log whose origin has this SHA-256 in hex."""
        for (origin,) in self._db.execute("SELECT origin FROM head").fetchall():
            if hashlib.sha256(origin.encode()).hexdigest() == origin_hash:
                head = self.head(origin)
                return head.note if head else None
        return None

    def keep_head(self, submission: Submission, line: str, at: int) -> None:
        """Remember what is about to be cosigned; inside a turn."""
        shown = submission.checkpoint
        self._db.execute(
            "INSERT INTO head VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (origin) DO UPDATE SET size = excluded.size, "
            "root = excluded.root, note = excluded.note, line = excluded.line, at = excluded.at",
            [shown.origin, shown.size, shown.root, submission.note, line, at],
        )

    # Refusals

    def keep_refusal(self, submission: Submission, reason: Reason, head: Head | None, at: int) -> None:
        """Keep both checkpoints of a refusal, each pair once; inside a turn."""
        origin = submission.checkpoint.origin
        known = head.note if head else ""
        digest = hashlib.sha256(f"{submission.note}\0{head.size if head else 0}".encode()).digest()
        (count,) = self._db.execute(
            "SELECT count(*) FROM refusal WHERE origin = ? AND reason = ?", [origin, reason]
        ).fetchone()
        if count >= KEPT_OF_A_KIND:
            return
        self._db.execute(
            "INSERT OR IGNORE INTO refusal VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                origin,
                at,
                reason,
                submission.request.old,
                b"".join(submission.request.proof),
                submission.note,
                head.size if head else 0,
                known or None,
                digest,
            ],
        )

    def refusals(self, origin: str | None = None) -> list[Refusal]:
        """What was refused, newest first."""
        rows = self._db.execute(
            "SELECT id, origin, at, reason, shown_note, known_size, known_note FROM refusal "
            "WHERE ?1 IS NULL OR origin = ?1 ORDER BY id DESC",
            [origin],
        ).fetchall()
        return [
            Refusal(number, log, at, Reason(reason), shown, size, known)
            for number, log, at, reason, shown, size, known in rows
        ]


def known_of(head: Head | None) -> Known:
    """What the judge needs of a head."""
    return Known(head.size, head.root) if head else NOTHING


def describe(note: str) -> str:
    """Size and root of a kept note, for people."""
    try:
        shown = checkpoints.parse(notes.split_note(note)[0])
    except NoteBroken:
        return "（读不出）"
    return f"大小 {shown.size}，树根 {notes.encode(shown.root)}"


def _connect(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, timeout=10, isolation_level=None, check_same_thread=False)
    try:
        db.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;")
    except sqlite3.Error:
        db.close()
        raise
    return db
