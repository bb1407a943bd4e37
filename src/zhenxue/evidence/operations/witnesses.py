"""Who watches the log: witnesses are added, moved and retired; each act is itself evidence. The caller says who may."""

import datetime as dt
import ipaddress
from urllib.parse import urlsplit

from django.db import IntegrityError, transaction

from zhenxue.evidence.data import WITNESS_ADDED, WITNESS_MOVED, WITNESS_RETIRED, ActorLike
from zhenxue.evidence.models import Witness
from zhenxue.evidence.operations.recording import record
from zhenxue.evidence.queries.keys import key_ring
from zhenxue.kernel.errors import Conflict, Invalid, NotFound
from zhenxue.tlog.cosignatures import WitnessKey
from zhenxue.tlog.errors import NoteBroken

URL_LENGTH = 300
NAME_LENGTH = 120
SANDBOX = "（演示见证）"


def add_witness(
    *,
    vkey: str,
    url: str,
    organisation: str,
    actor: ActorLike,
    now: dt.datetime,
    is_sandbox: bool = False,
) -> Witness:
    """Registers a witness by its public key and the address under which it takes checkpoints.

    Raises ``Invalid`` with the field that does not fit, ``Conflict`` when this key or name is registered already.
    """
    key = read_vkey(vkey)
    address = read_url(url)
    owner = organisation.strip()
    if is_sandbox and SANDBOX not in owner:
        owner += SANDBOX  # part of the name, so that pages, dossiers and checkpoints all say it
    if not owner or len(owner) > NAME_LENGTH:
        raise _invalid("organisation", f"请填写见证所属的部门，不超过 {NAME_LENGTH} 个字。")
    with transaction.atomic():
        try:
            with transaction.atomic():
                witness = Witness.objects.create(
                    name=key.name,
                    vkey=str(key),
                    organisation=owner,
                    url=address,
                    is_sandbox=is_sandbox,
                    added_at=now,
                )
        except IntegrityError as error:
            raise Conflict("evidence.witness_known", "这个见证已经登记过（名称或公钥相同）。") from error
        body = {"name": key.name, "organisation": owner, "sandbox": is_sandbox, "url": address, "vkey": str(key)}
        _record(WITNESS_ADDED, witness, body, actor, now)
    return witness


def move_witness(*, witness_id: int, url: str, actor: ActorLike, now: dt.datetime) -> Witness:
    """The witness answers under another address now; its key stays. The same address changes and records nothing."""
    address = read_url(url)
    with transaction.atomic():
        witness = _get_active(witness_id)
        if address != witness.url:
            before, witness.url = witness.url, address
            witness.save(update_fields=["url"])
            _record(WITNESS_MOVED, witness, {"name": witness.name, "old": before, "new": address}, actor, now)
    return witness


def retire_witness(*, witness_id: int, reason: str, actor: ActorLike, now: dt.datetime) -> Witness:
    """No more checkpoints are sent to it, and its cosignatures count no more.

    A disagreement that is open stays open, and stays an alarm: retiring the one who objects settles nothing.
    Raises ``NotFound``, ``Conflict`` when it is retired already, ``Invalid`` without a reason.
    """
    words = reason.strip()
    if not words:
        raise _invalid("reason", "请填写停用的理由，会记入存证。")
    with transaction.atomic():
        witness = _get_active(witness_id)
        witness.retired_at = now
        witness.save(update_fields=["retired_at"])
        _record(WITNESS_RETIRED, witness, {"name": witness.name, "vkey": witness.vkey, "reason": words}, actor, now)
    return witness


def read_vkey(text: str) -> WitnessKey:
    """The key of a witness that is not the log itself; raises ``Invalid``."""
    try:
        key = WitnessKey.from_text(text)
    except NoteBroken as error:
        if "of a log" in str(error):
            raise _invalid("vkey", "这是存证链的公钥，不是见证的公钥。见证公钥由见证方运行 init 时打印。") from error
        raise _invalid("vkey", "公钥不完整或有误，请整行复制见证方给出的公钥，不要手工输入。") from error
    if len(key.name) > NAME_LENGTH:
        raise _invalid("vkey", f"见证名称不能超过 {NAME_LENGTH} 个字符。")
    if any(span.verifier.public == key.public for span in key_ring().spans):
        raise _invalid("vkey", "见证不能使用存证链自己的密钥。")
    return key


def read_url(text: str) -> str:
    """An address to which ``/add-checkpoint`` can be appended; raises ``Invalid``."""
    address = text.strip().rstrip("/")
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host, parts = None, urlsplit("")
    plain = not (parts.query or parts.fragment or parts.username or parts.password)
    printable = all("!" <= character <= "~" for character in address)
    if parts.scheme not in {"http", "https"} or not host or not plain or not printable or len(address) > URL_LENGTH:
        raise _invalid("url", "请填写见证服务的网址，例如 https://witness.example.gov.cn，不带参数和账号。")
    if _is_linked_locally(host):
        raise _invalid("url", "这个地址不能用作见证服务的网址。")
    return address


def _is_linked_locally(host: str) -> bool:
    """Link-local addresses hold the metadata service of clouds; nothing else lives there that could be a witness."""
    try:
        return ipaddress.ip_address(host).is_link_local
    except ValueError:
        return False


def _get_active(witness_id: int) -> Witness:
    witness = Witness.objects.select_for_update().filter(pk=witness_id).first()
    if witness is None:
        raise NotFound("evidence.no_witness", "没有这个见证。")
    if not witness.is_active:
        raise Conflict("evidence.witness_retired", "这个见证已经停用。")
    return witness


def _record(kind: str, witness: Witness, body: dict[str, object], actor: ActorLike, now: dt.datetime) -> None:
    record(kind=kind, actor=actor, subject=f"witness:{witness.pk}", body=body, now=now)


def _invalid(field: str, words: str) -> Invalid:
    return Invalid("evidence.witness_invalid", words, fields={field: words})
