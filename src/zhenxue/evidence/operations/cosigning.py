"""Collects cosignatures: what is asked of a witness, and what is made of its answer. The network is elsewhere.

A witness that is asked about a tree which does not extend the one it knows says so. Then either this log was rolled
back or rewritten, or the witness lies: both need people, and the alarm stays until the two agree again.
"""

import datetime as dt
from dataclasses import dataclass

from django.db import transaction
from django.db.models import F, Value
from django.db.models.functions import Greatest

from zhenxue.evidence.data import WITNESS_AGREES, WITNESS_DISAGREES, TroubleKind
from zhenxue.evidence.errors import LogBroken
from zhenxue.evidence.models import Checkpoint, Cosignature, Witness, WitnessTrouble
from zhenxue.evidence.operations.recording import record
from zhenxue.evidence.queries.log import Head, find_head, read_stored_tile
from zhenxue.tlog import notes
from zhenxue.tlog.cosignatures import WitnessKey, check_line
from zhenxue.tlog.errors import LogError, NoteBroken, RequestBroken
from zhenxue.tlog.proofs import consistency_proof
from zhenxue.tlog.tiles import TileNodes
from zhenxue.tlog.witnessing import AddCheckpoint, read_lines, read_size

SILENT_AFTER = dt.timedelta(minutes=5)  # without a good answer while asked again and again
CLOCK_SLACK = dt.timedelta(minutes=5)  # between the witness's clock and ours
MOST_TRIES = 4  # of one question, each from the size that the witness told last
TOLD_LENGTH = 500


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back: an HTTP status and body, or status 0 and in ``fault`` why nothing did."""

    status: int
    body: bytes = b""
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Question:
    """One request to one witness."""

    witness_id: int
    url: str
    size: int
    old: int
    note: str
    body: bytes
    tries: int = 1


@dataclass(frozen=True, slots=True)
class System:
    """The collector acts for nobody."""

    account_id: int | None = None
    label: str = "系统"


def ask(witness_id: int, *, now: dt.datetime, old: int | None = None, tries: int = 1) -> Question | None:
    """The question to put to a witness about the newest checkpoint; None when there is nothing to ask.

    ``old``: the size that the witness is thought to know, if not the remembered one. A size beyond our own tree is a
    disagreement. Raises ``LogBroken`` when our own tiles give no proof.
    """
    witness = Witness.objects.filter(pk=witness_id, retired_at__isnull=True).first()
    head = find_head()
    if witness is None or head is None:
        return None
    Witness.objects.filter(pk=witness_id).update(asked_at=now)
    known = witness.known_size if old is None else old
    if known > head.size:
        # What we remember of it may be wrong; from 0 it tells what it knows.
        known = 0
    proof = _prove(known, head)
    body = AddCheckpoint(known, tuple(proof), head.note).body()
    return Question(witness_id, witness.url, head.size, known, head.note, body, tries)


def take(question: Question, reply: Reply, *, now: dt.datetime) -> Question | None:
    """Judges an answer and stores what follows; the next question if it must be asked again.

    A cosignature is checked before it is stored; whatever else comes is trouble of the right kind, or patience.
    """
    if reply.status == 200:
        _take_lines(question, reply, now)
        return None
    if reply.status == 409:
        return _take_size(question, reply, now)
    if reply.status == 422:
        words = f"见证不承认本平台大小为 {question.size} 的检查点是它见证过的内容的延续"
        _trouble(question, TroubleKind.DISAGREES, words, reply, now)
    elif reply.status in {400, 403, 404, 405, 413}:
        _trouble(question, TroubleKind.REFUSED, _refusal_words(reply.status), reply, now)
    else:
        _take_silence(question, reply, now)
    return None


def note_silence(witness_id: int, fault: str, *, now: dt.datetime) -> None:
    """A witness could not even be asked."""
    witness = Witness.objects.filter(pk=witness_id).first()
    if witness is not None:
        _take_silence(Question(witness_id, witness.url, 0, 0, "", b""), Reply(0, fault=fault), now)


def _take_lines(question: Question, reply: Reply, now: dt.datetime) -> None:
    witness = Witness.objects.get(pk=question.witness_id)
    key = WitnessKey.from_text(witness.vkey)
    text = notes.split_note(question.note)[0]
    try:
        line, at = _find_line(text, reply.body, key)
        moment = dt.datetime.fromtimestamp(at, dt.UTC)
    except (LogError, ValueError, OverflowError, OSError):
        words = "见证的答复中没有这把公钥对本平台检查点的有效签名"
        _trouble(question, TroubleKind.WRONG_SIGNATURE, words, reply, now)
        return
    if abs(moment - now) > CLOCK_SLACK:
        words = f"见证签名的时间是 {moment:%Y-%m-%d %H:%M:%S} UTC，与本平台时间相差超过 5 分钟"
        _trouble(question, TroubleKind.WRONG_TIME, words, reply, now)
        return
    with transaction.atomic():
        witness = Witness.objects.select_for_update().get(pk=question.witness_id)
        row = Checkpoint.objects.get(size=question.size)
        Cosignature.objects.get_or_create(
            checkpoint=row, witness=witness, at=moment, defaults={"line": line, "received_at": now}
        )
        witness.known_size = question.size
        witness.answered_at = now
        if witness.cosigned_size is None or question.size >= witness.cosigned_size:
            witness.cosigned_size, witness.cosigned_at = question.size, moment
        witness.save(update_fields=["known_size", "answered_at", "cosigned_size", "cosigned_at"])
        _settle(witness, now)


def _find_line(text: str, body: bytes, key: WitnessKey) -> tuple[str, int]:
    """The line of this witness and its time; lines of others are ignored, as the protocol demands."""
    for line in read_lines(body):
        name, key_id, _ = notes.split_line(line[:-1])
        if (name, key_id) == (key.name, key.key_id):
            return line, check_line(text, line, key)
    raise NoteBroken("the answer holds no line of this witness")


def _take_size(question: Question, reply: Reply, now: dt.datetime) -> Question | None:
    try:
        told = read_size(reply.body)
    except RequestBroken:
        _trouble(question, TroubleKind.REFUSED, "见证的答复不合协议：没有说明它知道的大小", reply, now)
        return None
    head = find_head()
    if head is None or told > head.size:
        size = head.size if head else 0
        words = f"见证说它见证到第 {told} 号，而本平台的存证链只有 {size} 条：本平台可能被回退，或见证有误"
        _trouble(question, TroubleKind.DISAGREES, words, reply, now)
        return None
    if told == question.old == question.size:
        words = f"见证在大小 {told} 上见证过另一个树根：本平台的内容可能被改写，或见证有误"
        _trouble(question, TroubleKind.DISAGREES, words, reply, now)
        return None
    if told == question.old or question.tries >= MOST_TRIES:
        _trouble(question, TroubleKind.REFUSED, "见证的答复前后矛盾：所说的大小就是我们询问时给出的", reply, now)
        return None
    Witness.objects.filter(pk=question.witness_id).update(known_size=told)
    return ask(question.witness_id, now=now, old=told, tries=question.tries + 1)


def _take_silence(question: Question, reply: Reply, now: dt.datetime) -> None:
    witness = Witness.objects.get(pk=question.witness_id)
    if now - (witness.answered_at or witness.added_at) >= SILENT_AFTER:
        why = reply.fault or f"答复状态 {reply.status}"
        _trouble(question, TroubleKind.SILENT, f"见证超过 5 分钟没有给出见证签名（{why}）", reply, now)


def _refusal_words(status: int) -> str:
    return {
        403: "见证不信任本平台检查点的签名：它登记的存证链公钥与本平台的不同",
        404: "见证还没有登记本平台的存证链公钥，或网址不对",
    }.get(status, f"见证不接受本平台的请求（状态 {status}），请核对网址")


def _trouble(question: Question, kind: TroubleKind, words: str, reply: Reply, now: dt.datetime) -> None:
    """Opens trouble of a kind, once; a disagreement also goes into the log itself."""
    with transaction.atomic():
        witness = Witness.objects.select_for_update().get(pk=question.witness_id)
        told = reply.fault or f"{reply.status} {reply.body[:TOLD_LENGTH].decode(errors='replace')}"
        _, is_new = WitnessTrouble.objects.get_or_create(
            witness=witness,
            kind=kind,
            until=None,
            defaults={
                "since": now,
                "words": words,
                "own_note": question.note,
                "told": "".join(one if one.isprintable() else " " for one in told)[:TOLD_LENGTH],
            },
        )
        if is_new and kind is TroubleKind.DISAGREES:
            body = {"name": witness.name, "size": question.size, "words": words}
            record(kind=WITNESS_DISAGREES, actor=System(), subject=f"witness:{witness.pk}", body=body, now=now)


def _settle(witness: Witness, now: dt.datetime) -> None:
    """A good cosignature ends all trouble."""
    open_ones = WitnessTrouble.objects.filter(witness=witness, until__isnull=True)
    disagreed = [trouble for trouble in open_ones if trouble.kind == TroubleKind.DISAGREES]
    if open_ones.update(until=Greatest(F("since"), Value(now))) and disagreed:
        body = {"name": witness.name, "size": witness.known_size}
        record(kind=WITNESS_AGREES, actor=System(), subject=f"witness:{witness.pk}", body=body, now=now)


def _prove(old: int, head: Head) -> list[bytes]:
    if not 0 < old < head.size:
        return []
    try:
        return consistency_proof(old, head.size, TileNodes(head.size, read_stored_tile).read)
    except LogError as error:
        raise LogBroken(f"the stored tiles give no proof from {old} to {head.size}: {error}") from error
