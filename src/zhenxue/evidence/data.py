"""Shapes of ``evidence`` that cross borders, and its registries. Standard library only."""

import datetime as dt
import enum
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from zhenxue.kernel.data import Labelled

ERASED = "evidence.erased"  # the kind that records an erasure
KEY_ROTATED = "evidence.key_rotated"  # a new key of the log is announced
KEY_RETIRED = "evidence.key_retired"  # the older of two keys signs no more
SECRET_CHANGED = "evidence.secret_changed"  # another key of the installation (fields, index) was changed
WITNESS_ADDED = "evidence.witness_added"
WITNESS_MOVED = "evidence.witness_moved"
WITNESS_RETIRED = "evidence.witness_retired"
WITNESS_DISAGREES = "evidence.witness_disagrees"
WITNESS_AGREES = "evidence.witness_agrees"
ACTOR_FIELD = "actor"  # the private field that holds the actor's label
SALT_BYTES = 32


class ActorLike(Protocol):
    """Whoever acts, as far as evidence needs to know (``identity.data.Actor`` fits)."""

    @property
    def account_id(self) -> int | None: ...

    @property
    def label(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Draft:
    """What is to be recorded, where many things are at once; words and promises are those of ``record``."""

    kind: str
    actor: ActorLike
    subject: str
    body: Mapping[str, Any]
    about: Iterable[str] = ()


def moment_text(moment: dt.datetime) -> str:
    """An aware moment as RFC 3339 in UTC with microseconds: ``2026-11-21T04:05:06.000000Z``."""
    if moment.tzinfo is None:
        raise ValueError("the time has no zone")
    return moment.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


type Lines = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of thing that happens: dotted name, Chinese label, and what may be erased.

    ``erasable`` names the top-level fields of the body that may hold personal data or free text: each is logged only as
    a salted digest, so that it can be erased while the entry still verifies. What a timeline shows of a body: either
    ``labels`` (body field → Chinese label, in order, shown where present), or ``describe``, which turns a body into
    (Chinese label, text) lines and must cope with an erased field being absent.
    """

    name: str
    label: str
    erasable: tuple[str, ...] = ()
    describe: Callable[[Mapping[str, Any]], Lines] | None = None
    labels: Mapping[str, str] = field(default_factory=dict)

    def lines(self, body: Mapping[str, Any]) -> Lines:
        """What a timeline shows of a body."""
        if self.describe is not None:
            return self.describe(body)
        return [(label, plain_text(body[name])) for name, label in self.labels.items() if body.get(name) is not None]


class ProofState(enum.StrEnum):
    """How far an entry has come into the log."""

    PENDING = "pending"
    LOGGED = "logged"
    WITNESSED = "witnessed"


@dataclass(frozen=True, slots=True)
class Proof:
    """The state shown beside an entry; ``number`` counts from 1 and is the tree size that first holds the entry."""

    state: ProofState
    number: int | None = None

    @property
    def label(self) -> str:
        if self.number is None:
            return "未入链"
        return f"{'已存证 · 已见证' if self.state is ProofState.WITNESSED else '已存证'} 第 {self.number} 号"

    @property
    def tone(self) -> str:
        """The css tone of its tag."""
        return "wait" if self.number is None else "proof"


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """One thing that happened, for a page."""

    id: int
    kind: str
    label: str
    at: dt.datetime
    who: str
    subject: str
    refs: tuple[str, ...]
    lines: tuple[tuple[str, str], ...]
    proof: Proof

    @property
    def number(self) -> int | None:
        return self.proof.number


@dataclass(frozen=True, slots=True)
class LoggedBody:
    """One entry as a projection reads it; ``body`` is less what has been erased, ``number`` None until sequenced."""

    number: int | None
    kind: str
    subject: str
    at: dt.datetime
    account_id: int | None
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class EntryDetail:
    """One entry with everything needed to check it by hand.

    ``path`` is the inclusion proof, leaf side first, ``sides`` tells for each hash whether it stands left or right of
    what was computed so far. ``fault`` is empty when digest, inclusion proof and signature were recomputed and hold;
    else it says in Chinese what does not fit.
    """

    entry: TimelineEntry
    envelope: str
    body: Mapping[str, Any]
    private: Mapping[str, Any]
    erased: tuple[str, ...]
    salt: str
    digest: str
    leaf_hash: str
    tree_size: int
    root: str
    path: tuple[str, ...]
    sides: tuple[str, ...]
    checkpoint: str
    witnesses: "tuple[WitnessMark, ...]"
    fault: str

    @property
    def steps(self) -> list[tuple[str, str]]:
        """Side and hash of each step of the proof."""
        return list(zip(self.sides, self.path, strict=True))


@dataclass(frozen=True, slots=True)
class LogKey:
    """A key of the log and when it was good: for heads of sizes ``first`` ≤ size < ``end`` (None: until now).

    ``since`` and ``until`` are the moments of the entries that say so (None: before the first checkpoint; still good).
    ``ended``: empty, ``retired`` (after an overlap in which both signed), ``lost`` or ``compromised``.
    """

    vkey: str
    since: dt.datetime | None
    until: dt.datetime | None
    first: int
    end: int | None
    ended: str


class Fault(enum.StrEnum):
    """What ``verify`` can find."""

    label: str

    def __new__(cls, value: str, label: str) -> "Fault":
        member = str.__new__(cls, value)
        member._value_ = value
        member.label = label
        return member

    EDITED = "edited", "内容被改动"
    COLUMNS = "columns", "索引列与正文不符"
    REFS = "refs", "关联对象与正文不符"
    PRIVATE = "private", "可删除字段被改动"
    ERASED = "erased", "字段缺失且没有删除记录"
    MISSING = "missing", "存证缺失"
    ORDER = "order", "次序被改动"
    TILE = "tile", "默克尔树数据块不符"
    ROOT = "root", "树根与签名检查点不符"
    SIGNATURE = "signature", "检查点签名不符"
    CHECKPOINT = "checkpoint", "检查点缺失或不连续"
    PROJECTION = "projection", "业务数据与存证不符"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that does not fit; ``number`` is the entry it starts at, if it belongs to one."""

    fault: Fault
    text: str
    number: int | None = None

    def __str__(self) -> str:
        place = f"第 {self.number} 号：" if self.number is not None else ""
        return f"{place}{self.fault.label}——{self.text}"


class TroubleKind(Labelled):
    """What can be wrong with a witness, the worst first."""

    DISAGREES = "disagrees", "见证不一致"
    WRONG_SIGNATURE = "wrong_signature", "见证签名不符"
    WRONG_TIME = "wrong_time", "见证时间不对"
    REFUSED = "refused", "见证拒绝"
    SILENT = "silent", "见证没有应答"


class RunState(Labelled):
    """Of a recorded verification."""

    WAITING = "waiting", "排队中"
    RUNNING = "running", "核对中"
    CLEAN = "clean", "全部相符"
    BROKEN = "broken", "不相符"
    FAILED = "failed", "没有做完"


RUN_TRANSITIONS: dict[RunState, frozenset[RunState]] = {
    RunState.WAITING: frozenset({RunState.RUNNING}),
    RunState.RUNNING: frozenset({RunState.CLEAN, RunState.BROKEN, RunState.FAILED}),
    RunState.CLEAN: frozenset(),
    RunState.BROKEN: frozenset(),
    RunState.FAILED: frozenset(),
}


class DossierState(Labelled):
    """Of a dossier that somebody asked for."""

    WAITING = "waiting", "排队中"
    BUILDING = "building", "制作中"
    SEALED = "sealed", "等待见证"
    READY = "ready", "可以下载"
    FAILED = "failed", "没有做成"
    REMOVED = "removed", "已过期删除"


DOSSIER_TRANSITIONS: dict[DossierState, frozenset[DossierState]] = {
    DossierState.WAITING: frozenset({DossierState.BUILDING, DossierState.FAILED}),
    DossierState.BUILDING: frozenset({DossierState.SEALED, DossierState.FAILED}),
    DossierState.SEALED: frozenset({DossierState.READY, DossierState.FAILED}),
    DossierState.READY: frozenset({DossierState.REMOVED}),
    DossierState.FAILED: frozenset(),
    DossierState.REMOVED: frozenset(),
}


@dataclass(frozen=True, slots=True)
class WitnessMark:
    """Who cosigned, for whom, and when by the witness's clock."""

    name: str
    organisation: str
    at: dt.datetime
    is_sandbox: bool = False


@dataclass(frozen=True, slots=True)
class CosignedHead:
    """A checkpoint with cosignatures that were checked; ``note`` holds the log's signature and every line of them."""

    size: int
    root: bytes
    note: str
    signed_at: dt.datetime
    witnesses: tuple[WitnessMark, ...]


type Check = Callable[[], Iterator[Finding] | Iterable[Finding]]
type Viewer = Callable[[Any, tuple[str, ...]], bool]

_kinds: dict[str, Kind] = {}
_projections: dict[str, Check] = {}
_viewers: list[Viewer] = []


def register(kind: Kind) -> Kind:
    """Declares a kind in ``apps.ready()``; registering the same name with another meaning is an error."""
    known = _kinds.get(kind.name)
    if known is not None and (known.label, known.erasable) != (kind.label, kind.erasable):
        raise ValueError(f"the evidence kind {kind.name} is registered twice")
    if ACTOR_FIELD in kind.erasable:
        raise ValueError(f"{kind.name}: the field name {ACTOR_FIELD!r} is taken by the log")
    _kinds[kind.name] = kind
    return kind


def find_kind(name: str) -> Kind | None:
    """The registered kind, or None."""
    return _kinds.get(name)


def list_kinds() -> list[Kind]:
    """All registered kinds by name."""
    return [_kinds[name] for name in sorted(_kinds)]


def register_projection(name: str, check: Check) -> None:
    """Adds a check of living tables against the log, run by ``zhenxue verify`` after the log itself."""
    _projections[name] = check


def list_projections() -> list[tuple[str, Check]]:
    """Registered projections in order of registration."""
    return list(_projections.items())


def register_viewer(viewer: Viewer) -> None:
    """Adds a rule by which an actor may open entries about some refs; without any rule nobody may."""
    if viewer not in _viewers:
        _viewers.append(viewer)


def may_view(actor: Any, refs: Iterable[str]) -> bool:
    """Whether any registered rule lets the actor see an entry about these refs."""
    known = tuple(refs)
    return any(viewer(actor, known) for viewer in _viewers)


def plain_text(value: Any) -> str:
    """A body's value in words: yes and no, lists with a comma, everything else as it is."""
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, list | tuple):
        return "、".join(plain_text(item) for item in value) or "无"
    return str(value)


KEY_ENDS = {"planned": "计划更换，新旧密钥同时签名", "lost": "旧密钥遗失", "compromised": "旧密钥可能泄露"}


def describe_key_rotation(body: Mapping[str, Any]) -> Lines:
    """The lines of an ``evidence.key_rotated`` entry."""
    return [
        ("方式", KEY_ENDS.get(body["how"], body["how"])),
        ("旧公钥", body["old"]),
        ("新公钥", body["new"]),
        *([("理由", body["reason"])] if "reason" in body else []),
    ]


def describe_erasure(body: Mapping[str, Any]) -> Lines:
    """The lines of an ``evidence.erased`` entry."""
    kind = find_kind(body["kind"])
    return [
        ("原存证", f"{kind.label if kind else body['kind']}（摘要 {body['digest'][:16]}…）"),
        ("删除的字段", "、".join("操作人姓名" if name == ACTOR_FIELD else name for name in body["fields"])),
        *([("理由", body["reason"])] if "reason" in body else []),
    ]
