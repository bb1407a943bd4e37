"""Rules over one learner's study: addresses, places, hidden pages, input, keys, tickets."""

import datetime as dt
import ipaddress
import itertools
import math
from collections.abc import Sequence

from zhenxue.integrity.data import IncidentKind
from zhenxue.integrity.rules.facts import SessionFacts, SignInFacts
from zhenxue.integrity.rules.registry import Finding, Looks, Rule, register_rule

SWITCHES = {"switches": 3, "within_minutes": 10}
HIDDEN = {"percent": 60, "minutes": 20}
INPUT = {"inputs": 20, "spread_percent": 5}
KEYS = {"reports": 5}
TICKETS = {"foreign": 3, "unproven": 5, "replayed": 20}
TRAVEL = {"kmh": 900, "km": 300}
#: Reasons of refused reports that no reload, lost answer or second window of one's own brings about.
FOREIGN = ("foreign", "device")
UNPROVEN = ("no_proof", "out_of_order")


def two_addresses(day: Sequence[SessionFacts]) -> Sequence[Finding]:
    """One day's sessions of a learner that change to and fro between networks, each change within minutes."""
    ordered = sorted((one for one in day if one.address), key=lambda one: one.began_at)
    last = None
    switches = back = 0
    seen: set[str] = set()
    for before, after in itertools.pairwise(ordered):
        here, there = network(before.address), network(after.address)
        seen.add(here)
        gap = (after.began_at - before.ended_at).total_seconds()
        if here != there and gap <= SWITCHES["within_minutes"] * 60:
            switches += 1
            back += there in seen
            last = after
    if last is None or switches < SWITCHES["switches"] or not back:
        return []
    facts = {"switches": switches, "networks": len(seen | {network(last.address)})}
    return [Finding(last.owner, last.context, last.began_at, facts, once=f"{last.owner.enrolment_id}:{_day(last)}")]


def network(address: str) -> str:
    """The network that an address lies in: /24 of IPv4, /48 of IPv6; the text itself where it is neither."""
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return address
    return str(ipaddress.ip_network(f"{known}/{24 if known.version == 4 else 48}", strict=False))


def impossible_travel(sign_ins: Sequence[SignInFacts]) -> Sequence[Finding]:
    """Two sign-ins, one after the other, from places too far apart for the time between them."""
    placed = sorted((one for one in sign_ins if one.place), key=lambda one: one.began_at)
    found = []
    for before, after in itertools.pairwise(placed):
        if before.place is None or after.place is None:
            continue
        km = distance_km(before.place, after.place)
        hours = max((after.began_at - before.ended_at).total_seconds(), 60) / 3600
        if km >= TRAVEL["km"] and km / hours > TRAVEL["kmh"]:
            facts = {"km": round(km), "minutes": round(hours * 60)}
            once = f"{before.key}-{after.key}"
            found.append(Finding(after.owner, "", after.began_at, facts, once=once))
    return found


def distance_km(one: tuple[float, float], other: tuple[float, float]) -> float:
    """Great-circle distance of two points (latitude, longitude in degrees), haversine on a sphere of 6,371 km."""
    (a, b), (c, d) = (tuple(map(math.radians, point)) for point in (one, other))
    half = math.sin((c - a) / 2) ** 2 + math.cos(a) * math.cos(c) * math.sin((d - b) / 2) ** 2
    return 2 * 6371 * math.asin(math.sqrt(half))


def hidden_share(session: SessionFacts) -> Sequence[Finding]:
    """Most of the reported time the page was out of sight (that time did not count; here it says what went on)."""
    if session.hidden_ms < HIDDEN["minutes"] * 60_000:
        return []
    percent = session.hidden_ms * 100 // max(session.reported_ms, 1)
    return [_of(session, {"percent": percent})] if percent >= HIDDEN["percent"] else []


def machine_input(session: SessionFacts) -> Sequence[Finding]:
    """Inputs that come at intervals too even for a hand: their spread is a few per cent of their mean."""
    moments: list[int] = []
    for beat in session.beats:
        at = beat.offset_ms - beat.idle_ms
        if not moments or at - moments[-1] > 500:
            moments.append(at)
    gaps = [after - before for before, after in itertools.pairwise(moments)]
    if len(gaps) < INPUT["inputs"]:
        return []
    mean = sum(gaps) / len(gaps)
    spread = math.sqrt(sum((gap - mean) ** 2 for gap in gaps) / len(gaps))
    percent = int(spread * 100 / max(mean, 1))
    # an input in every report (somebody types or moves all the time) shows the reports' own evenness, not the hand's
    busy = sum(beat.idle_ms < 1000 for beat in session.beats) * 2 > len(session.beats)
    if busy or percent >= INPUT["spread_percent"]:
        return []
    return [_of(session, {"inputs": len(moments), "every_ms": round(mean), "spread_percent": percent})]


def keys_ahead(session: SessionFacts) -> Sequence[Finding]:
    """Reports of playing content whose keys had not been given out: it cannot have been seen."""
    return [_of(session, {"reports": session.keys_ahead})] if session.keys_ahead >= KEYS["reports"] else []


def ticket_refusals(session: SessionFacts) -> Sequence[Finding]:
    """Reports that did not prove themselves, more than reloads and lost answers bring."""
    foreign = sum(session.refusals.get(reason, 0) for reason in FOREIGN)
    unproven = sum(session.refusals.get(reason, 0) for reason in UNPROVEN)
    replayed = session.refusals.get("replayed", 0)
    if foreign < TICKETS["foreign"] and unproven < TICKETS["unproven"] and replayed < TICKETS["replayed"]:
        return []
    return [_of(session, {"foreign": foreign, "unproven": unproven, "replayed": replayed})]


def _of(session: SessionFacts, facts: dict[str, int]) -> Finding:
    return Finding(session.owner, session.context, session.began_at, facts)


def _day(session: SessionFacts) -> str:
    """The civil day in China (UTC+8, no summer time) on which a session began."""
    return (session.began_at.astimezone(dt.UTC) + dt.timedelta(hours=8)).date().isoformat()


register_rule(
    Rule(
        "two_addresses",
        "在两个网络之间来回",
        Looks.DAY,
        "同一天里，学习在两个网络之间来回切换，每次相隔几分钟",
        20,
        1,
        IncidentKind.PROXY_STUDY,
        "手机在无线网和流量之间切换、路上换基站；只换一两次的不算",
        two_addresses,
        SWITCHES,
        "手机换网很常见，所以要来回三次以上才提示；最多算三次",
        most=3,
    )
)
register_rule(
    Rule(
        "impossible_travel",
        "两次登录之间走不了那么远",
        Looks.SIGN_INS,
        "前后两次登录的网络所在地相距很远，两次之间的时间连飞机也到不了",
        40,
        1,
        IncidentKind.PROXY_STUDY,
        "用了代理、公司专线出口在外地、运营商地址登记不准；没有所在地资料的地址不比较",
        impossible_travel,
        TRAVEL,
        "300 公里以内地址库误差太大；900 公里每小时是民航速度。地址库会错，所以一次不立案",
        most=2,
    )
)
register_rule(
    Rule(
        "hidden_share",
        "大部分时间页面不在前台",
        Looks.SESSION,
        "一次学习里，页面切到后台的时间占六成以上，且不少于 20 分钟",
        10,
        1,
        IncidentKind.IDLING,
        "边学边查资料、接视频电话；后台时间本来就不计学时",
        hidden_share,
        HIDDEN,
        "这段时间已经不计学时，只说明学习的样子，所以最轻；最多算三次",
        most=3,
    )
)
register_rule(
    Rule(
        "machine_input",
        "操作间隔过于均匀",
        Looks.SESSION,
        "一次学习里有 20 次以上操作，间隔几乎完全相同",
        30,
        1,
        IncidentKind.BRUSHING,
        "一直在滚动或打字（每次上报都有操作的不算）；加了随机抖动的程序查不出来，所以没有这条不等于没有问题",
        machine_input,
        INPUT,
        "人的操作间隔差别在一半上下，5% 以内不是手能做到的；但只凭这条不立案；最多算两次",
        most=2,
    )
)
register_rule(
    Rule(
        "keys_ahead",
        "上报了还没有加载的内容",
        Looks.SESSION,
        "一次学习里多次上报播放了没有拿到密钥的视频内容",
        30,
        1,
        IncidentKind.BRUSHING,
        "网络慢、密钥请求失败时播放器也会报一两次；五次以下不算",
        keys_ahead,
        KEYS,
        "没有密钥就不可能看到画面；这些时间已经不计学时；最多算两次",
        most=2,
    )
)
register_rule(
    Rule(
        "ticket_refusals",
        "多次上报没有学习凭证",
        Looks.SESSION,
        "一次学习里多次上报凭证不对：来自别的设备、别的学习，没有凭证，或反复重放",
        30,
        1,
        IncidentKind.BRUSHING,
        "刷新页面、断网重发会带来少量重复；两个窗口同时开着；限额以下不算",
        ticket_refusals,
        TICKETS,
        "正常页面不会产生来自别的设备的上报，三次就提示；重放要二十次才提示；最多算两次",
        most=2,
    )
)
