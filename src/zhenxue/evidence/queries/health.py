"""How the log stands with those who watch it: the newest cosigned head, what is served, and the health page."""

import datetime as dt
from dataclasses import dataclass

from django.db.models import Exists, Max, OuterRef

from zhenxue.evidence.data import CosignedHead, RunState, TroubleKind, WitnessMark
from zhenxue.evidence.models import Checkpoint, Cosignature, Entry, VerificationRun, Witness, WitnessTrouble
from zhenxue.evidence.queries.keys import configured_signers, key_ring, log_verifier, signing_problems
from zhenxue.kernel.errors import NotFound
from zhenxue.tlog.cosignatures import WitnessKey, add_lines, check_line
from zhenxue.tlog.errors import NoteBroken

#: How long the served checkpoint waits for a witness; then an uncosigned one is better than an old one.
GRACE = dt.timedelta(seconds=60)
#: A log at rest is cosigned again every ten minutes; older than this, somebody does not do his work.
STALE = dt.timedelta(minutes=15)
#: An entry that waits longer than this for its number waits for a sequencer that does not run.
LAG = dt.timedelta(seconds=60)
#: Verifications that are kept on the page.
RUNS_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Alarm:
    """Something a person must look at. ``tone``: bad or wait."""

    title: str
    words: str
    since: dt.datetime | None = None
    tone: str = "bad"


@dataclass(frozen=True, slots=True)
class Standing:
    """A witness and how it stands. ``age``: of its last cosignature, by its own clock; ``behind``: entries not seen."""

    id: int
    name: str
    vkey: str
    organisation: str
    url: str
    is_sandbox: bool
    added_at: dt.datetime
    retired_at: dt.datetime | None
    cosigned_size: int | None
    cosigned_at: dt.datetime | None
    age: dt.timedelta | None
    behind: int
    state: str
    tone: str
    words: str


@dataclass(frozen=True, slots=True)
class Health:
    """Everything the health page shows. ``lag``: how long the oldest entry without a number waits."""

    origin: str
    key: str
    size: int
    signed_at: dt.datetime | None
    waiting: int
    lag: dt.timedelta | None
    cosigned_size: int | None
    witnesses: tuple[Standing, ...]
    retired: tuple[Standing, ...]
    runs: tuple[VerificationRun, ...]
    alarms: tuple[Alarm, ...]

    @property
    def last_run(self) -> VerificationRun | None:
        """The newest verification that came to an end."""
        return next((run for run in self.runs if run.ended_at is not None), None)

    @property
    def open_run(self) -> VerificationRun | None:
        """The verification that waits or runs."""
        return next((run for run in self.runs if run.ended_at is None), None)

    @property
    def newest_cosignature(self) -> dt.datetime | None:
        """When any active witness cosigned last."""
        return max((one.cosigned_at for one in self.witnesses if one.cosigned_at is not None), default=None)


def cosigned_head(now: dt.datetime) -> CosignedHead | None:
    """The newest checkpoint that an active witness cosigned, every signature checked; None while there is none.

    A cosignature from the future (by more than the grace) does not count, nor does one of a witness retired since.
    Raises ``tlog.errors.NoteBroken`` if the stored checkpoint is not signed by this log.
    """
    size = witnessed_size()
    if size is None:
        return None
    cosigned = Cosignature.objects.filter(checkpoint=OuterRef("pk"), witness__retired_at__isnull=True)
    newest = Checkpoint.objects.filter(Exists(cosigned), size__lte=size).order_by("-size").first()
    return None if newest is None else _with_marks(newest, now)


def witnessed_size() -> int | None:
    """The size of the newest cosigned head as the collector noted it: one small query, checks nothing."""
    found: int | None = Witness.objects.filter(retired_at__isnull=True).aggregate(size=Max("cosigned_size"))["size"]
    return found


def served_note(now: dt.datetime) -> str | None:
    """The checkpoint to show to strangers: the newest one with its cosignatures; None before the first.

    Monitors and clients want a head with cosignatures, so the newest of all is held back until a witness has cosigned
    it, but for no longer than the grace: a silent witness must not freeze the log. Both the newest cosigned head and
    the newest head older than the grace only grow (but when a witness is retired), so what is served does not go back.
    """
    newest = Checkpoint.objects.order_by("-size").first()
    if newest is None or not Witness.objects.filter(retired_at__isnull=True).exists():
        return newest.note if newest else None
    cosigned = cosigned_head(now)
    least = cosigned.size if cosigned else 0
    late = Checkpoint.objects.filter(size__gt=least, signed_at__lte=now - GRACE).order_by("-size").first()
    if late is not None:
        return late.note
    return cosigned.note if cosigned else newest.note


def get_served_note(now: dt.datetime) -> str:
    """The same; raises ``NotFound`` before the first checkpoint."""
    note = served_note(now)
    if note is None:
        raise NotFound("evidence.no_checkpoint", "存证链还没有签发检查点，请稍后再试。")
    return note


def describe_health(now: dt.datetime) -> Health:
    """Size, lag, witnesses, verifications and what is wrong with any of them; checks no signature."""
    head = Checkpoint.objects.order_by("-size").only("size", "signed_at").first()
    size = head.size if head else 0
    waiting = Entry.objects.filter(number__isnull=True)
    oldest = waiting.order_by("id").values_list("at", flat=True).first()
    lag = None if oldest is None else max(now - oldest, dt.timedelta())
    troubles: dict[int, list[WitnessTrouble]] = {}
    for trouble in WitnessTrouble.objects.filter(until__isnull=True).select_related("witness").order_by("since"):
        troubles.setdefault(trouble.witness_id, []).append(trouble)
    witnesses = [_standing(one, size, troubles.get(one.pk, []), now) for one in Witness.objects.order_by("pk")]
    active = tuple(one for one in witnesses if one.retired_at is None)
    runs = tuple(VerificationRun.objects.order_by("-asked_at", "-pk")[:RUNS_SHOWN])
    problems = signing_problems()
    verifier = configured_signers()[0].verifier if problems else log_verifier()
    alarms = [
        *(Alarm("存证链不能签名", f"{words}。请运行 zhenxue verify。") for words in problems),
        *_log_alarms(head, lag, now),
        *(_alarm(trouble) for found in troubles.values() for trouble in found if _is_told(trouble)),
        *(alarm for one in active if one.id not in troubles for alarm in _stale_alarm(one, now)),
        *_run_alarms(runs),
    ]
    if not active:
        alarms.append(
            Alarm("还没有见证", "没有人社部门见证这条存证链。请联系主管部门建立见证，由平台管理员登记。", tone="wait")
        )
    return Health(
        origin=verifier.name,
        key=str(verifier),
        size=size,
        signed_at=head.signed_at if head else None,
        waiting=waiting.count() if oldest is not None else 0,
        lag=lag,
        cosigned_size=max((one.cosigned_size for one in active if one.cosigned_size is not None), default=None),
        witnesses=active,
        retired=tuple(one for one in witnesses if one.retired_at is not None),
        runs=runs,
        alarms=tuple(sorted(alarms, key=lambda alarm: alarm.tone != "bad")),
    )


def get_standing(witness_id: int, now: dt.datetime) -> Standing:
    """One active witness; raises ``NotFound``."""
    for one in describe_health(now).witnesses:
        if one.id == witness_id:
            return one
    raise NotFound("evidence.no_witness", "没有这个见证，或已经停用。")


def _standing(witness: Witness, size: int, troubles: list[WitnessTrouble], now: dt.datetime) -> Standing:
    age = None if witness.cosigned_at is None else max(now - witness.cosigned_at, dt.timedelta())
    state, tone = _state(witness, age, troubles, now)
    return Standing(
        id=witness.pk,
        name=witness.name,
        vkey=witness.vkey,
        organisation=witness.organisation,
        url=witness.url,
        is_sandbox=witness.is_sandbox,
        added_at=witness.added_at,
        retired_at=witness.retired_at,
        cosigned_size=witness.cosigned_size,
        cosigned_at=witness.cosigned_at,
        age=age,
        behind=max(size - (witness.cosigned_size or 0), 0),
        state=state,
        tone=tone,
        words="；".join(trouble.words for trouble in troubles) or state,
    )


def _state(
    witness: Witness, age: dt.timedelta | None, troubles: list[WitnessTrouble], now: dt.datetime
) -> tuple[str, str]:
    if troubles:
        worst = min(troubles, key=lambda trouble: list(TroubleKind).index(TroubleKind(trouble.kind)))
        return TroubleKind(worst.kind).label, "bad"
    if witness.retired_at is not None:
        return "已停用", "idle"
    if age is None:
        return "等待首次见证", "wait"
    return ("正常", "ok") if age < STALE else ("见证过期", "bad")


def _is_told(trouble: WitnessTrouble) -> bool:
    """Of a retired witness only its disagreement is still told: that does not end with the witness."""
    return trouble.witness.is_active or trouble.kind == TroubleKind.DISAGREES


def _alarm(trouble: WitnessTrouble) -> Alarm:
    witness = trouble.witness
    title = f"{TroubleKind(trouble.kind).label}：{witness.organisation}{'' if witness.is_active else '（已停用）'}"
    return Alarm(title, f"{trouble.words}。", trouble.since)


def _stale_alarm(one: Standing, now: dt.datetime) -> list[Alarm]:
    since = one.cosigned_at or one.added_at
    if now - since < STALE:
        return []
    words = "长时间没有收到见证签名，也没有失败的记录：收集程序（zhenxue cosign）可能没有运行。"
    return [Alarm(f"见证过期：{one.organisation}", words, since)]


def _log_alarms(head: Checkpoint | None, lag: dt.timedelta | None, now: dt.datetime) -> list[Alarm]:
    if lag is None or lag < LAG or (head is not None and now - head.signed_at < LAG):
        return []
    words = (
        "已提交的存证没有及时入链：定序器（zhenxue sequencer）可能没有运行，或存证链自相矛盾。请运行 zhenxue verify。"
    )
    return [Alarm("存证没有入链", words, now - lag)]


def _run_alarms(runs: tuple[VerificationRun, ...]) -> list[Alarm]:
    last = next((run for run in runs if run.state in {RunState.CLEAN, RunState.BROKEN}), None)
    if last is None or last.state == RunState.CLEAN:
        return []
    return [Alarm("全链核对不相符", last.words.split("\n")[0], last.ended_at)]


def _with_marks(row: Checkpoint, now: dt.datetime) -> CosignedHead | None:
    signed = key_ring().open(row.note)
    text = signed.text()
    lines: dict[int, tuple[str, WitnessMark]] = {}
    for cosignature in (
        Cosignature.objects.filter(checkpoint=row, witness__retired_at__isnull=True)
        .select_related("witness")
        .order_by("at")
    ):
        witness = cosignature.witness
        try:
            at = dt.datetime.fromtimestamp(
                check_line(text, cosignature.line, WitnessKey.from_text(witness.vkey)), dt.UTC
            )
        except (NoteBroken, ValueError, OverflowError, OSError):
            continue
        if at <= now + GRACE:
            mark = WitnessMark(witness.name, witness.organisation, at, witness.is_sandbox)
            lines[witness.pk] = (cosignature.line, mark)
    if not lines:
        return None
    return CosignedHead(
        size=signed.size,
        root=signed.root,
        note=add_lines(row.note, (line for line, _ in lines.values())),
        signed_at=row.signed_at,
        witnesses=tuple(mark for _, mark in lines.values()),
    )
