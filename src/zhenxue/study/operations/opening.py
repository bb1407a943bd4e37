"""Opens study sessions: one per person and per device, after the device has proved itself."""

import datetime as dt
import secrets
from collections.abc import Sequence

from django.conf import settings
from django.db import IntegrityError, transaction

from zhenxue.catalogue import api as catalogue
from zhenxue.catalogue.data import UnitKind
from zhenxue.evidence import api as evidence
from zhenxue.identity import api as identity
from zhenxue.identity.data import Actor
from zhenxue.kernel import clock, p256
from zhenxue.kernel.errors import Conflict, Invalid, Refused
from zhenxue.ledger import api as ledger
from zhenxue.ledger.data import coverage
from zhenxue.study import protocol
from zhenxue.study.data import DeviceProof, EndReason, Opened, SessionState
from zhenxue.study.errors import ProveDevice, StudyingElsewhere
from zhenxue.study.models import StudySession
from zhenxue.study.operations.order import check_in_order
from zhenxue.study.operations.presence import standing_at_opening
from zhenxue.study.operations.sessions import open_of, record_hand_over
from zhenxue.study.operations.settling import (
    day_end_ms,
    end_locked,
    is_silent,
    locked_sessions,
    sign_in_is_over,
)
from zhenxue.study.policies import check_can_open, check_device_has_room, check_is_verified
from zhenxue.study.queries import describe_open, get_planned_unit
from zhenxue.training import api as training


def open_session(
    *,
    actor: Actor,
    enrolment_id: int,
    unit_id: int,
    sign_in_digest: str,
    sign_in_id: int | None,
    proof: DeviceProof | None = None,
    tab: str = "",
    device: str = "",
    ip: str | None = None,
    take_over: bool = False,
    now: dt.datetime,
) -> Opened:
    """Opens a study session on the device that the sign-in is bound to, and hands out its first ticket.

    Without a valid ``proof`` (see ``protocol.opening_text``) ``ProveDevice`` brings a challenge. A session that the
    same page left behind (same ``tab`` under the same sign-in: a reload), or that has been silent for long, ends
    quietly, and so does another person's on the same device. Another session of the person ends only with
    ``take_over``; without it ``StudyingElsewhere`` is raised, and nothing changes. Raises ``Refused`` when the learner
    may not study now or the device is not the right one or full, ``NotInOrder`` before an
    earlier unit is finished where the order is fixed, ``NotFound`` for a unit outside the plan.
    """
    with transaction.atomic():
        enrolment = training.get_enrolment(actor, enrolment_id)
        check_can_open(actor, enrolment, now)
        unit = get_planned_unit(enrolment.cohort, unit_id)
        rules = training.rules_of(enrolment.cohort)
        check_is_verified(enrolment.person_id, rules)
        fingerprint, proven = _check_device(
            sign_in_id=sign_in_id,
            sign_in_digest=sign_in_digest,
            proof=proof,
            enrolment_id=enrolment_id,
            unit_id=unit_id,
            tab=tab,
            now=now,
        )
        check_device_has_room(fingerprint, enrolment.person_id, limit=rules["persons_per_device_day"], now=now)
        presence = standing_at_opening(
            person_id=enrolment.person_id, fingerprint=fingerprint, ip=ip, rules=rules, now=now
        )
        _end_former(
            person_id=enrolment.person_id,
            sign_in_digest=sign_in_digest,
            tab=tab,
            take_over=take_over,
            device=device,
            actor=actor,
            now=now,
        )
        _end_on_device(fingerprint, now=now)
        check_in_order(enrolment, unit_id)
        known = ledger.find_coverage(enrolment_id, unit_id)
        covered = [(start, end) for start, end in known.covered] if known else []
        position_ms = known.position_ms if known else 0
        now_ms = clock.milliseconds(now)
        missing_test = ledger.missing_self_test(enrolment_id=enrolment_id, unit=unit, rules=rules)
        time_finishes = unit.kind != UnitKind.SELF_TEST and missing_test is None
        paced = unit.kind == UnitKind.VIDEO
        idle_seconds = rules["idle_seconds"] if paced else min(rules["idle_seconds"], rules["reading_idle_seconds"])
        session = StudySession(
            person_id=enrolment.person_id,
            enrolment=enrolment,
            unit=unit,
            account_id=actor.account_id,
            sign_in_id=sign_in_id,
            sign_in_digest=sign_in_digest,
            tab=tab[:40],
            device=device[:80] or "未知设备",
            device_fingerprint=fingerprint,
            ip=ip,
            opened_at=now,
            paced=paced,
            unit_ms=unit.seconds * 1000,
            finish_ms=ledger.required_seconds(unit.seconds, rules) * 1000 if time_finishes else 0,
            beat_ms=rules["beat_seconds"] * 1000,
            max_gap_ms=rules["max_gap_seconds"] * 1000,
            max_rate_percent=rules["max_rate_percent"],
            idle_ms=idle_seconds * 1000,
            counts_until_ms=clock.milliseconds(clock.start_of_day(enrolment.cohort.ends_on + dt.timedelta(days=1))),
            cap_ms=ledger.daily_cap_ms(rules),
            slots=catalogue.reading_pages(unit),
            slot_ms=catalogue.page_ms(unit, rules["page_share_percent"]),
            check_min_ms=rules["check_min_seconds"] * 1000,
            check_max_ms=rules["check_max_seconds"] * 1000,
            check_answer_ms=rules["check_answer_seconds"] * 1000,
            key_lead_ms=rules["key_lead_seconds"] * 1000,
            presence_every_ms=presence.every_ms,
            presence_at_ms=(known.credited_ms if known else 0) + presence.left_ms,
            presence_asked_ms=now_ms if presence.cause else 0,
            presence_cause=presence.cause,
            proven_ms=presence.proven_ms,
            opened_reach_ms=coverage.reach(covered),
            ticket_digest="",
            clock_ms=now_ms,
            last_beat_ms=now_ms,
            position_ms=position_ms,
            covered=protocol.encode_covered(covered),
            credited_ms=known.credited_ms if known else 0,
            day_end_ms=day_end_ms(now),
            day_left_ms=ledger.day_left_ms(person_id=enrolment.person_id, rules=rules, now=now),
            settled_ms=now_ms,
        )
        ticket, server_ephemeral = _insert(session, proven)
        evidence.record(
            kind="study.opened",
            actor=actor,
            subject=f"enrolment:{enrolment_id}",
            about=[f"cohort:{enrolment.cohort_id}", f"person:{enrolment.person_id}"],
            body={
                "session": session.pk,
                "unit": unit_id,
                "title": unit.title,
                "device": session.device,
                "device_key": fingerprint,
                "position_ms": position_ms,
            },
            now=now,
        )
        return Opened(
            session_id=session.pk,
            number=0,
            ticket=ticket,
            position_ms=position_ms,
            seen_to_ms=session.opened_reach_ms if paced else coverage.length(covered),
            unit_ms=session.unit_ms,
            credited_seconds=session.credited_ms // 1000,
            beat_seconds=rules["beat_seconds"],
            max_gap_seconds=rules["max_gap_seconds"],
            max_rate_percent=rules["max_rate_percent"],
            idle_seconds=idle_seconds,
            day_left_seconds=session.day_left_ms // 1000,
            finished=known is not None and known.finished_at is not None,
            paced=paced,
            server_ephemeral=server_ephemeral,
            slots=session.slots,
            slot_ms=session.slot_ms,
            page=min(position_ms // session.slot_ms, session.slots - 1) if session.slots else 0,
            page_counts_ms=_page_counts_ms(session, covered),
            needs_self_test=missing_test is not None,
            key_lead_seconds=rules["key_lead_seconds"],
            check_answer_seconds=rules["check_answer_seconds"],
            presence=bool(presence.cause),
        )


def challenge_for(*, sign_in_digest: str, enrolment_id: int, unit_id: int, now: dt.datetime) -> str:
    """What the device of this sign-in has to sign within two minutes to open the unit; nothing is written."""
    return protocol.make_challenge(
        protocol.ticket_key(settings.SECRET_KEY),
        sign_in_digest=sign_in_digest,
        enrolment_id=enrolment_id,
        unit_id=unit_id,
        now_ms=clock.milliseconds(now),
    )


def _check_device(
    *,
    sign_in_id: int | None,
    sign_in_digest: str,
    proof: DeviceProof | None,
    enrolment_id: int,
    unit_id: int,
    tab: str,
    now: dt.datetime,
) -> tuple[str, DeviceProof]:
    """The fingerprint of the device that the sign-in is bound to and its proof; raises when it proves nothing."""
    device_key = identity.device_key_of(sign_in_id) if sign_in_id is not None else None
    if device_key is None:
        raise Refused("study.no_device_key", "这次登录还没有绑定设备，不能计学时。请退出后重新登录，再开始学习。")
    if proof is None or not protocol.read_challenge(
        protocol.ticket_key(settings.SECRET_KEY),
        proof.challenge,
        sign_in_digest=sign_in_digest,
        enrolment_id=enrolment_id,
        unit_id=unit_id,
        now_ms=clock.milliseconds(now),
    ):
        raise ProveDevice(
            challenge_for(sign_in_digest=sign_in_digest, enrolment_id=enrolment_id, unit_id=unit_id, now=now)
        )
    text = protocol.opening_text(
        challenge=proof.challenge, enrolment_id=enrolment_id, unit_id=unit_id, tab=tab, ephemeral=proof.ephemeral
    )
    if not p256.is_signed(device_key.public_key, text, proof.signature):
        raise Refused("study.wrong_device", "这不是登录时绑定的设备，不能计学时。请在这台设备上重新登录后再学习。")
    return device_key.fingerprint, proof


def _page_counts_ms(session: StudySession, covered: Sequence[tuple[int, int]]) -> tuple[int, ...]:
    """What each page of a reading unit counts already."""
    ends = [(page + 1) * session.slot_ms for page in range(session.slots)]
    return tuple(
        session.slot_ms - coverage.length(coverage.new_parts(covered, end - session.slot_ms, end)) for end in ends
    )


def _end_former(
    *, person_id: int, sign_in_digest: str, tab: str, take_over: bool, device: str, actor: Actor, now: dt.datetime
) -> None:
    for former in open_of(person_id):
        same_page = bool(tab) and former.tab == tab[:40] and former.sign_in_digest == sign_in_digest
        if sign_in_is_over(former):
            end_locked(former, reason=EndReason.SIGNED_OUT, now=now)
        elif same_page:
            end_locked(former, reason=EndReason.RESUMED, now=now)
        elif is_silent(former, now):
            end_locked(former, reason=EndReason.SILENT, now=now)
        elif take_over:
            record_hand_over(former, actor=actor, device=device, now=now)
            end_locked(former, reason=EndReason.HANDED_OVER, now=now)
        else:
            raise StudyingElsewhere(describe_open(former))


def _end_on_device(fingerprint: str, *, now: dt.datetime) -> None:
    """Whoever else was studying on this device has left it."""
    for former in locked_sessions().filter(device_fingerprint=fingerprint, state=SessionState.OPEN):
        end_locked(former, reason=EndReason.DEVICE_TAKEN, now=now)


def _insert(session: StudySession, proof: DeviceProof) -> tuple[str, str]:
    """Writes the session with first ticket, key and next check; gives the ticket and our half of the key."""
    try:
        with transaction.atomic():
            session.save(force_insert=True)
    except IntegrityError as error:
        raise Conflict("study.elsewhere", "你刚刚在另一个页面打开了学习，请刷新本页再试。") from error
    key = protocol.ticket_key(settings.SECRET_KEY)
    ticket = protocol.make_ticket(
        key,
        session_id=session.pk,
        unit_id=session.unit_id,
        number=1,
        position_ms=session.position_ms,
        previous=secrets.token_urlsafe(24),
    )
    ephemeral = protocol.make_ephemeral()
    try:
        beat_key = protocol.agree(ephemeral, proof.ephemeral, challenge=proof.challenge, session_id=session.pk)
    except ValueError as error:
        raise Invalid("study.bad_key", "这个页面没能和服务器约定密钥，请刷新后再试。") from error
    session.ticket_digest = protocol.digest(ticket)
    session.beat_key = beat_key.hex()
    session.check_left_ms = _check_left_ms(session, key)
    session.save(update_fields=["ticket_digest", "beat_key", "check_left_ms"])
    return ticket, p256.point_text(ephemeral.public_key())


def _check_left_ms(session: StudySession, key: bytes) -> int:
    """Study time until the next check, carried over from the session before: nobody gets round it by a reload."""
    if not session.check_max_ms:
        return 0
    before = StudySession.objects.filter(person_id=session.person_id, pk__lt=session.pk).order_by("-pk").first()
    if before is None or not before.check_max_ms:
        return protocol.draw_interval(key, session.pk, 0, session.check_min_ms, session.check_max_ms)
    return min(before.check_left_ms, session.check_max_ms) if not before.check_nonce else 0
