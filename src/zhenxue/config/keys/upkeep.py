"""What keys an installation uses, what is wrong with them, and the changes that touch every table."""

import base64
from collections.abc import Iterator

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from zhenxue.evidence import api as evidence
from zhenxue.kernel import crypto, reindexing, resealing
from zhenxue.kernel.keys import KeyRefused, KeyService, fingerprint, name_of_bytes


class KeysRefused(Exception):
    """A change of keys that must not be made now, in a sentence that says why."""


def field_fingerprints() -> dict[str, str]:
    """Fingerprint by key id, newest first."""
    return {key_id: fingerprint("field", secret) for key_id, secret in crypto.field_keys()}


def index_fingerprints() -> list[str]:
    """Newest first."""
    return [fingerprint("index", key) for key in crypto.index_keys()]


def describe() -> Iterator[str]:
    """Every key in use as lines for a terminal: fingerprints and counts, never a secret."""
    yield "存证链密钥"
    for key in evidence.log_keys():
        span = f"大小 {key.first} 起" + (f"，至 {key.end}（{key.ended or '重叠'}）" if key.end is not None else "")
        yield f"  {key.vkey}"
        yield f"    指纹 {name_of_bytes(key.vkey.encode())}  {span}"
    yield "个人信息加密密钥（最新的在前）"
    counts = resealing.count_keys()
    fingerprints = field_fingerprints()
    for key_id, told in fingerprints.items():
        yield f"  {key_id}  指纹 {told}  用它加密的值 {sum(count[key_id] for count in counts.values())} 个"
    for key_id in sorted({key_id for count in counts.values() for key_id in count} - set(fingerprints)):
        yield f"  {key_id}  未配置！ 用它加密的值 {sum(count[key_id] for count in counts.values())} 个"
    yield "查找索引密钥（最新的在前）"
    for told in index_fingerprints():
        yield f"  指纹 {told}"
    yield f"  不在最新密钥下的索引 {sum(reindexing.count_stale().values())} 个"
    former = len(settings.SECRET_KEY_FALLBACKS)
    yield f"网站密钥  指纹 {fingerprint('site', settings.SECRET_KEY)}，仍接受的旧密钥 {former} 把"
    told = fingerprint("backup", settings.BACKUP_KEY) if settings.BACKUP_KEY else "未设置，备份不加密"
    yield f"备份密钥  {told}"


def problems() -> list[str]:
    """Everything that makes the configured keys unfit for what the tables hold; empty when all is well."""
    found = [f"个人信息加密：{line}，请把它放回 ZHENXUE_FIELD_KEYS" for line in resealing.needed_but_missing()]
    if not found and len(crypto.index_keys()) == 1:
        found += [
            f"查找索引：{place} 有 {count} 个索引不是用现在的密钥生成的，请放回旧密钥后运行 zhenxue keys reindex"
            for place, count in reindexing.count_stale().items()
            if count
        ]
    try:
        found += [f"存证链：{line}" for line in evidence.signing_problems()]
    except ImproperlyConfigured as error:
        found.append(f"存证链：{error}")
    return found


def check_field_key_can_go(key_id: str) -> None:
    """Raises ``KeysRefused`` while a value lies under this key, or new ones might."""
    if key_id == crypto.field_key_ids()[0]:
        raise KeysRefused(f"{key_id} 是最新的密钥，新数据正用它加密；请先把新密钥放在 ZHENXUE_FIELD_KEYS 最前并重启")
    needed = {place: count[key_id] for place, count in resealing.count_keys().items() if count[key_id]}
    if needed:
        places = "、".join(f"{place} {count} 个" for place, count in needed.items())
        raise KeysRefused(f"密钥 {key_id} 还不能停用：{places}。请先运行 zhenxue keys reseal")


def check_index_key_can_go() -> None:
    """Raises ``KeysRefused`` while an index lies under an older key."""
    if len(crypto.index_keys()) < 2:
        raise KeysRefused("只配置了一把查找索引密钥，没有可停用的")
    needed = {place: count for place, count in reindexing.count_stale().items() if count}
    if needed:
        places = "、".join(f"{place} {count} 个" for place, count in needed.items())
        raise KeysRefused(f"旧的查找索引密钥还不能停用：{places}。请先运行 zhenxue keys reindex")


def wrap(service: KeyService, secret: str) -> str:
    """A setting that only this service opens; opened once before it is told. Raises ``KeyRefused``."""
    wrapped = service.wrap(secret.encode())
    if service.unwrap(wrapped) != secret.encode():
        raise KeyRefused(f"{service.name}: what it wrapped does not open again")
    return f"wrapped:{base64.b64encode(wrapped).decode()}"
