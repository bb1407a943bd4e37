"""Certificates of completion: issued to a class in the background, each exactly once; taken back by two people.

Number: ``<region of the organisation>-<organisation>-<year>-<running number>``, e.g. ``371502-0012-2026-000123``. The
running number is the organisation's own of the civil year; a number that was taken and not used is left out.
"""

import datetime as dt
import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import batched
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models.functions import Now
from django.urls import reverse

from zhenxue.evidence import api as evidence
from zhenxue.exams.data import BATCH_TRANSITIONS, CERTIFICATE_TRANSITIONS, BatchState, CertificateState
from zhenxue.exams.formats.certificate import Printed, draw
from zhenxue.exams.models import Certificate, CertificateBatch, CertificateNumber
from zhenxue.exams.operations.certificate_files import store
from zhenxue.exams.policies import can_schedule, check_can_schedule
from zhenxue.exams.queries.certificates import address_of, facts_digest, is_busy, last_batch
from zhenxue.exams.queries.completion import completion_of
from zhenxue.identity.data import SYSTEM, Actor
from zhenxue.kernel import clock, masking, storage
from zhenxue.kernel.errors import Conflict
from zhenxue.kernel.hours import class_hours
from zhenxue.notices import api as notices
from zhenxue.training import api as training
from zhenxue.training.data import SkillLevel

TITLE = "培训合格证书"
NOTICE = "exams.certificate"
#: Letters of codes: none that is read as another. Ten of them are some 49 bits.
LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
CODE_LENGTH = 10
CHUNK = 25
#: Work without progress for so long has died with its server and may be gone on with.
STALE_MINUTES = 5


@dataclass(frozen=True, slots=True)
class Drawn:
    """A certificate whose file lies in the store and which is not in the tables yet."""

    enrolment: training.Enrolment
    number: str
    code: str
    path: str
    file_sha256: str


def ask_certificates(*, actor: Actor, cohort: training.Cohort, now: dt.datetime) -> CertificateBatch:
    """Wants certificates for everybody of the cohort who has completed it and has none in force; the worker makes them
    (``issue_batch``). While one batch is in hand, a second click gets that one.

    Raises ``Refused`` for everybody but managers of the organisation, ``Conflict`` when nobody is due.
    """
    check_can_schedule(actor, cohort.organisation_id)
    due = sum(one.is_due for one in completion_of(cohort, _enrolments(cohort.pk)))
    try:
        with transaction.atomic():
            running = last_batch(cohort.pk)
            if running is not None and is_busy(running):
                return running
            if not due:
                raise Conflict("exams.nobody_due", "现在没有要发证的学员：都已发证，或还有没完成的内容，原因见名单。")
            return CertificateBatch.objects.create(
                cohort=cohort,
                total=due,
                asked_by_id=actor.account_id,
                asked_role=str(actor.role),
                asked_at=now,
                progress_at=now,
            )
    except IntegrityError:  # two at the same moment
        return CertificateBatch.objects.filter(cohort=cohort).latest("pk")


def is_stale(batch: CertificateBatch, now: dt.datetime) -> bool:
    """Whether work began, or should have, and nobody seems to have it in hand."""
    return is_busy(batch) and batch.progress_at < now - dt.timedelta(minutes=STALE_MINUTES)


def ask_again(*, actor: Actor, batch: CertificateBatch, now: dt.datetime) -> CertificateBatch:
    """Goes on with a batch whose server died, or that failed, in the name of whoever asks now."""
    check_can_schedule(actor, batch.cohort.organisation_id)
    with transaction.atomic():
        batch = CertificateBatch.objects.select_for_update(of=("self",)).select_related("cohort").get(pk=batch.pk)
        if not is_stale(batch, now) and batch.state != BatchState.FAILED:
            raise Conflict("exams.batch_running", "证书正在制作，或已经制作完成，不用再点。请刷新页面查看。")
        batch.state, batch.asked_by_id, batch.asked_role = BatchState.WAITING, actor.account_id, str(actor.role)
        batch.progress_at, batch.failure = now, ""
        batch.save()
    return batch


def resume_stalled(*, now: dt.datetime) -> list[CertificateBatch]:
    """The batches that nobody has in hand any more (their server died), made ready to be gone on with by the worker in
    the name of whoever asked; each is given once in ``STALE_MINUTES``."""
    found = []
    for batch in CertificateBatch.objects.filter(state__in=[BatchState.WAITING, BatchState.RUNNING]):
        if is_stale(batch, now):
            same = CertificateBatch.objects.filter(pk=batch.pk, state=batch.state, progress_at=batch.progress_at)
            if same.update(state=BatchState.WAITING, progress_at=now):
                found.append(batch)
    return found


def issue_batch(*, actor: Actor, batch_id: int, now: dt.datetime) -> CertificateBatch | None:
    """Makes the certificates of a batch; None where another worker has it, or it is done.

    May die anywhere and be run again: whoever has one in force by then gets no second one.
    """
    batch = _take(batch_id, now)
    if batch is None:
        return None
    try:
        check_can_schedule(actor, batch.cohort.organisation_id)
        due = [one for one in completion_of(batch.cohort, _enrolments(batch.cohort_id)) if one.is_due]
        made = batch.certificates.count()
        CertificateBatch.objects.filter(pk=batch.pk).update(total=made + len(due), done=made)
        for chunk in batched(due, CHUNK):
            _issue(actor, batch.cohort, [one.enrolment for one in chunk], now, batch=batch)
    except Exception as error:
        words = str(getattr(error, "message", "")) or "制作时出了错，请重试；还不行请联系平台。"
        CertificateBatch.objects.filter(pk=batch.pk).update(state=BatchState.FAILED, failure=words[:200])
        raise
    CertificateBatch.objects.filter(pk=batch.pk).update(state=BatchState.DONE, ended_at=Now())
    batch.refresh_from_db()
    return batch


def may_issue(actor: Actor, batch_id: int) -> bool:
    """Whether this office of whoever asked is the one that may make the batch."""
    rows = CertificateBatch.objects.filter(pk=batch_id, cohort__organisation_id=actor.organisation_id or 0)
    return can_schedule(actor, actor.organisation_id or 0) and rows.exists()


def drop_batch(*, batch_id: int, words: str) -> None:
    """A batch that nobody may go on with (whoever asked left office) says so."""
    waiting = CertificateBatch.objects.filter(pk=batch_id, state=BatchState.WAITING)
    waiting.update(state=BatchState.FAILED, failure=words[:200])


def note_taken(*, actor: Actor, cohort: training.Cohort, count: int, form: str, now: dt.datetime) -> None:
    """Who takes the certificates of a class as one file leaves an entry; raises ``Conflict`` when there are none."""
    if not count:
        raise Conflict("exams.no_certificates", "这个班还没有有效的证书。")
    with transaction.atomic():
        body = {"count": count, "form": {"zip": "压缩包", "print": "打印"}.get(form, form)}
        about = [f"organisation:{cohort.organisation_id}"]
        subject = f"cohort:{cohort.pk}"
        evidence.record(kind="exams.certificates_taken", actor=actor, subject=subject, about=about, body=body, now=now)


def reissue(actor: Actor, old: Certificate, now: dt.datetime) -> Certificate:
    """A new certificate in the place of a revoked one, in the caller's transaction. Raises ``Conflict`` when nothing
    entitles the learner (any more)."""
    cohort = old.enrolment.cohort
    standing = completion_of(cohort, [old.enrolment])
    if not standing[0].is_due:
        raise Conflict("exams.not_due", f"不能换发：{'；'.join(standing[0].reasons)}。可以只撤销。")
    return _issue(actor, cohort, [old.enrolment], now, replaces=old)[0]


def take_back(actor: Actor, certificate: Certificate, reason: str, about: dict[str, Any], now: dt.datetime) -> None:
    """Revokes in the caller's transaction, once two people agreed (``certificate_changes``)."""
    if CertificateState.REVOKED not in CERTIFICATE_TRANSITIONS[CertificateState(certificate.state)]:
        raise Conflict("exams.certificate_revoked", "这张证书已经撤销。")
    certificate.state, certificate.reason, certificate.revoked_at = CertificateState.REVOKED, reason, now
    certificate.save(update_fields=["state", "reason", "revoked_at"])
    body = {"number": certificate.number, "reason": reason, **about}
    log(actor, certificate, "exams.certificate_revoked", body, now)


def log(actor: Actor, certificate: Certificate, kind: str, body: dict[str, Any], now: dt.datetime) -> None:
    """An entry about a certificate; its learner reads it too."""
    enrolment = certificate.enrolment
    about = [f"cohort:{enrolment.cohort_id}", f"enrolment:{enrolment.pk}", f"person:{enrolment.person_id}"]
    evidence.record(kind=kind, actor=actor, subject=f"certificate:{certificate.pk}", about=about, body=body, now=now)


def _take(batch_id: int, now: dt.datetime) -> CertificateBatch | None:
    with transaction.atomic():
        rows = CertificateBatch.objects.select_for_update(of=("self",)).select_related("cohort__organisation__region")
        batch = rows.filter(pk=batch_id).first()
        if batch is None or (batch.state == BatchState.RUNNING and not is_stale(batch, now)):
            return None
        if batch.state != BatchState.RUNNING and BatchState.RUNNING not in BATCH_TRANSITIONS[BatchState(batch.state)]:
            return None
        batch.state, batch.progress_at, batch.failure = BatchState.RUNNING, now, ""
        batch.save(update_fields=["state", "progress_at", "failure"])
    return batch


def _enrolments(cohort_id: int) -> list[training.Enrolment]:
    return list(training.visible_enrolments(SYSTEM).filter(cohort_id=cohort_id).order_by("pk"))


def _issue(
    actor: Actor,
    cohort: training.Cohort,
    enrolments: Sequence[training.Enrolment],
    now: dt.datetime,
    *,
    batch: CertificateBatch | None = None,
    replaces: Certificate | None = None,
) -> list[Certificate]:
    """Numbers, files, then the rows with their entries in one transaction; files that came to nothing are deleted."""
    facts = facts_of(cohort, now)
    drawn: list[Drawn] = []
    kept: list[Certificate] = []
    try:
        numbers = _numbers(cohort, len(enrolments), now)
        for enrolment, number in zip(enrolments, numbers, strict=True):
            drawn.append(_draw(enrolment, number, facts, now))
        with transaction.atomic():
            if batch is not None:  # one worker at a time
                CertificateBatch.objects.select_for_update().get(pk=batch.pk)
            held = Certificate.objects.filter(enrolment__in=[one.pk for one in enrolments], state="valid")
            have = set(held.values_list("enrolment_id", flat=True))
            digest = facts_digest(facts)
            for one in drawn:
                if one.enrolment.pk not in have:
                    kept.append(_keep(actor, one, facts, digest, now, batch, replaces))
            if batch is not None:
                done = batch.certificates.count()
                CertificateBatch.objects.filter(pk=batch.pk).update(done=done, progress_at=Now())
    except BaseException:
        _forget(drawn, [])
        raise
    _forget(drawn, kept)
    return kept


def _forget(drawn: Sequence[Drawn], kept: Sequence[Certificate]) -> None:
    used = {one.path for one in kept}
    for one in drawn:
        if one.path not in used:
            storage.delete(one.path)


def _keep(
    actor: Actor,
    drawn: Drawn,
    facts: dict[str, Any],
    digest: str,
    now: dt.datetime,
    batch: CertificateBatch | None,
    replaces: Certificate | None,
) -> Certificate:
    made = Certificate.objects.create(
        enrolment=drawn.enrolment,
        batch=batch,
        replaces=replaces,
        number=drawn.number,
        code=drawn.code,
        facts=facts,
        facts_sha256=digest,
        path=drawn.path,
        file_sha256=drawn.file_sha256,
        issued_at=now,
    )
    body: dict[str, Any] = {"number": made.number, "facts_sha256": digest, "file_sha256": made.file_sha256}
    if replaces is not None:
        body["replaces"] = replaces.number
    log(actor, made, "exams.certificate_issued", body, now)
    notices.notify(
        person_id=drawn.enrolment.person_id,
        kind=NOTICE,
        title="证书已发放",
        text=f"“{drawn.enrolment.cohort.title}”的{TITLE}已发放，可以查看和下载。",
        link=reverse("exams:certificate", args=[made.pk]),
        now=now,
    )
    return made


def _draw(enrolment: training.Enrolment, number: str, facts: dict[str, Any], now: dt.datetime) -> Drawn:
    code = "".join(secrets.choice(LETTERS) for _ in range(CODE_LENGTH))
    person = enrolment.person
    content = draw(
        Printed(
            title=str(facts["title"]),
            number=number,
            code=code,
            name=person.name,
            citizen=masking.citizen_number(person.citizen_number),
            sentence=str(facts["sentence"]),
            lines=tuple((label, text) for label, text in facts["lines"]),
            organisation=str(facts["organisation"]),
            day=str(facts["day"]),
            address=address_of(number, code),
        ),
        made_at=now,
    )
    return Drawn(enrolment, number, code, store(content), hashlib.sha256(content).hexdigest())


def facts_of(cohort: training.Cohort, now: dt.datetime) -> dict[str, Any]:
    """What is printed on every certificate of a cohort on a day, the learner aside."""
    programme = cohort.programme
    hour = training.rules_of(cohort)["minutes_per_class_hour"]
    online, offline = (class_hours(one, minutes_per_hour=hour) for one in training.required_seconds(cohort.pk))
    level = "" if programme.level == SkillLevel.NONE else SkillLevel(programme.level).label
    what = "，".join(filter(None, [programme.occupation.name, level]))
    begin, end = _day(cohort.starts_on), _day(cohort.ends_on)
    return {
        "title": TITLE,
        "organisation": cohort.organisation.name,
        "day": _day(clock.civil_day(now)),
        "sentence": f"于{begin}至{end}参加“{programme.title}”（{what}）培训，学完规定课程，考核合格，特发此证。",
        "lines": [
            ["班期", f"{cohort.code}　{cohort.title}"],
            ["学时", f"线上 {_plain(online)} 学时，线下 {_plain(offline)} 学时（每学时 {hour} 分钟）"],
            ["统一社会信用代码", cohort.organisation.uscc],
            ["备案地区", cohort.region.name],
        ],
    }


def _plain(number: object) -> str:
    text = str(number)
    return text.rstrip("0").rstrip(".") if "." in text else text


def _day(day: dt.date) -> str:
    return f"{day.year} 年 {day.month} 月 {day.day} 日"


def _numbers(cohort: training.Cohort, count: int, now: dt.datetime) -> list[str]:
    """The next running numbers of an organisation; taken for good."""
    pk, region = cohort.organisation_id, cohort.organisation.region_id
    year = clock.civil_day(now).year
    with transaction.atomic():
        CertificateNumber.objects.get_or_create(organisation_id=pk, year=year)
        row = CertificateNumber.objects.select_for_update().get(organisation_id=pk, year=year)
        first, row.last = row.last + 1, row.last + count
        row.save(update_fields=["last"])
    return [f"{region:0<6}-{pk:04d}-{year}-{number:06d}" for number in range(first, first + count)]
