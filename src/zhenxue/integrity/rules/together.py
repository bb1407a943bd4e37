"""Rules over several learners: one device, identical timelines, identical answers, one face of two people."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import combinations

from zhenxue.integrity.data import IncidentKind
from zhenxue.integrity.rules.facts import AttemptFacts, BeatFact, FaceFacts, SessionFacts
from zhenxue.integrity.rules.registry import Finding, Looks, Rule, register_rule

DEVICE = {"people": 3, "within_minutes": 10}
TIMELINE = {"reports": 20, "percent": 90, "offset_ms": 1000, "content_ms": 0}
ANSWERS = {"wrong": 3, "percent": 80, "offset_seconds": 10}


def device_shared(sessions: Sequence[SessionFacts]) -> Sequence[Finding]:
    """Three people or more on one device, one after another within minutes; a finding for each of them."""
    by_device: dict[str, list[SessionFacts]] = defaultdict(list)
    for one in sessions:
        if one.device:
            by_device[one.device].append(one)
    found = []
    for device, used in by_device.items():
        for row in _in_a_row(sorted(used, key=lambda one: one.began_at)):
            people = {one.owner.person_id for one in row}
            if len(people) < DEVICE["people"]:
                continue
            for person in sorted(people):
                first = next(one for one in row if one.owner.person_id == person)
                facts = {"people": len(people), "device": device[:12], "sessions": len(row)}
                once = f"{person}:{device[:16]}:{row[0].context}"
                found.append(Finding(first.owner, first.context, first.began_at, facts, once=once))
    return found


def _in_a_row(ordered: Iterable[SessionFacts]) -> list[list[SessionFacts]]:
    """Sessions of one device, cut where it lay still for longer than the limit."""
    rows: list[list[SessionFacts]] = []
    for one in ordered:
        last = max((before.ended_at for before in rows[-1]), default=one.began_at) if rows else None
        if last is None or (one.began_at - last).total_seconds() > DEVICE["within_minutes"] * 60:
            rows.append([])
        rows[-1].append(one)
    return rows


def identical_timelines(sessions: Sequence[SessionFacts]) -> Sequence[Finding]:
    """Two learners whose reports of one unit come at the same second and name the same content to the millisecond, one
    after the other. Reports in which nothing moved say nothing and are left out."""
    by_unit: dict[int, list[SessionFacts]] = defaultdict(list)
    for one in sessions:
        if len(one.beats) >= TIMELINE["reports"]:
            by_unit[one.unit_id].append(one)
    found = []
    for unit, rivals in by_unit.items():
        for one, other in combinations(sorted(rivals, key=lambda session: session.context), 2):
            if one.owner.person_id == other.owner.person_id:
                continue
            mine, theirs = _moving(one.beats), _moving(other.beats)
            same, shorter = _same_beats(mine, theirs), min(len(mine), len(theirs))
            if same < TIMELINE["reports"] or same * 100 < TIMELINE["percent"] * shorter:
                continue
            for this, that in ((one, other), (other, one)):
                facts = {"same": same, "of": shorter, "unit": unit, "with": that.context}
                found.append(Finding(this.owner, this.context, this.began_at, facts, f"{this.context}-{that.context}"))
    return found


def _moving(beats: Sequence[BeatFact]) -> list[BeatFact]:
    return [beat for beat in beats if beat.to_ms > beat.from_ms]


def _same_beats(some: Sequence[BeatFact], others: Sequence[BeatFact]) -> int:
    """How many reports stand at the same moment, with the same event and the same place in the content."""
    near, close = TIMELINE["offset_ms"], TIMELINE["content_ms"]
    return sum(
        one.event == other.event
        and abs(one.offset_ms - other.offset_ms) <= near
        and abs(one.from_ms - other.from_ms) <= close
        and abs(one.to_ms - other.to_ms) <= close
        for one, other in zip(some, others, strict=False)
    )


def same_answers(attempts: Sequence[AttemptFacts]) -> Sequence[Finding]:
    """Two papers with the same answers, several of them wrong, given in the same order at the same moments."""
    by_exam: dict[int, list[AttemptFacts]] = defaultdict(list)
    for one in attempts:
        by_exam[one.exam_id].append(one)
    found = []
    for rivals in by_exam.values():
        for one, other in combinations(sorted(rivals, key=lambda attempt: attempt.context), 2):
            if one.owner.person_id == other.owner.person_id:
                continue
            wrong = _shared_wrong(one, other)
            if wrong < ANSWERS["wrong"] or not _same_course(one, other):
                continue
            for mine, theirs in ((one, other), (other, one)):
                facts = {"same": len(mine.answers), "wrong": wrong, "with": theirs.context}
                found.append(
                    Finding(mine.owner, mine.context, mine.began_at, facts, f"{mine.context}-{theirs.context}")
                )
    return found


def _shared_wrong(one: AttemptFacts, other: AttemptFacts) -> int:
    """How many wrong answers two papers share when all their answers are the same; else none. What is not marked yet is
    not wrong."""
    mine = {answer.position: answer for answer in one.answers}
    theirs = {answer.position: answer.given for answer in other.answers}
    if {position: answer.given for position, answer in mine.items()} != theirs:
        return 0
    return sum(answer.correct is False for answer in mine.values() if answer.given)


def _same_course(one: AttemptFacts, other: AttemptFacts) -> bool:
    """Whether the answers were given in the same order, most of them at the same time since the beginning."""
    mine = sorted(one.answers, key=lambda answer: answer.sequence)
    theirs = sorted(other.answers, key=lambda answer: answer.sequence)
    if [answer.position for answer in mine] != [answer.position for answer in theirs] or not mine:
        return False
    near = sum(
        abs(a.offset_ms - b.offset_ms) <= ANSWERS["offset_seconds"] * 1000 for a, b in zip(mine, theirs, strict=True)
    )
    return near * 100 >= ANSWERS["percent"] * len(mine)


def duplicate_face(face: FaceFacts) -> Sequence[Finding]:
    """A face that is as near to another person's as the threshold says."""
    if face.percent < face.threshold:
        return []
    facts = {"other_person": face.other_person_id, "percent": face.percent, "threshold": face.threshold}
    pair = "-".join(map(str, sorted((face.owner.person_id, face.other_person_id))))
    return [Finding(face.owner, "", face.found_at, facts, once=f"{face.owner.person_id}:{pair}")]


register_rule(
    Rule(
        "device_shared",
        "一台设备上先后有多位学员",
        Looks.SESSIONS,
        "同一台设备上，三名以上学员前后相隔几分钟轮流学习",
        40,
        1,
        IncidentKind.DEVICE_SHARING,
        "机房、图书馆的公用电脑，一家几口都在学；培训机构说明了场所就不成立",
        device_shared,
        DEVICE,
        "每名学员各算一条；两人合用一台很常见，三人前后脚换手才提示",
        class_wide=True,
    )
)
register_rule(
    Rule(
        "identical_timelines",
        "两名学员的学习过程一模一样",
        Looks.SESSIONS,
        "两名学员学同一单元，二十次以上上报的动作和时刻相同（相差不到一秒），内容位置逐毫秒相同",
        60,
        1,
        IncidentKind.BRUSHING,
        "同一间机房里同时开始、一路播到底的两个人，时刻会很近，但播放位置总差几毫秒；差一毫秒就不算",
        identical_timelines,
        TIMELINE,
        "两台播放器不会在几分钟里每次都停在同一毫秒上，只有照抄上报才会；单独一次也要由人看；最多算两次",
        most=2,
        class_wide=True,
    )
)
register_rule(
    Rule(
        "same_answers",
        "两份答卷答案相同、顺序相同",
        Looks.ATTEMPTS,
        "两份答卷每题答案都相同，其中三题以上同样答错，答题顺序和时刻也相同",
        60,
        1,
        IncidentKind.EXAM_BRUSHING,
        "都答对了的好答卷本来就一样；同桌前后脚开考、按题号顺序答，顺序会一样，但答错的题和时刻不会都一样",
        same_answers,
        ANSWERS,
        "三道同样的错题加上同样的时刻，巧合的可能很小；单独一次也要由人看；最多算两次",
        most=2,
    )
)
register_rule(
    Rule(
        "duplicate_face",
        "一张脸登记了两个人",
        Looks.FACE,
        "新登记的人脸与另一位学员的人脸相似度达到阈值",
        100,
        1,
        IncidentKind.DUPLICATE_FACE,
        "双胞胎、近亲，照片质量差；同一个人更正了身份号码",
        duplicate_face,
        why="两个身份号码对一张脸，机器不能判断是谁的问题，每一条都要由人看",
    )
)
