"""Rules over presence checks: missed and failed ones, and what the face engine saw."""

from collections.abc import Callable, Sequence

from zhenxue.integrity.data import IncidentKind
from zhenxue.integrity.rules.facts import CHECK_WORDS, CheckFacts
from zhenxue.integrity.rules.registry import Finding, Looks, Rule, register_rule


def missed(check: CheckFacts) -> Sequence[Finding]:
    """A check that ran out of time and was not made up in its days."""
    return [_of(check)] if check.state == "missed" and not check.made_up and not check.can_be_made_up else []


def failed(check: CheckFacts) -> Sequence[Finding]:
    """A check that was answered, wrongly to the end, and not made up in its days."""
    return [_of(check)] if check.state == "failed" and not check.made_up and not check.can_be_made_up else []


def other_face(check: CheckFacts) -> Sequence[Finding]:
    """Somebody else to the very end; who passed in a later try only had a bad picture before."""
    return seen("other_face")(check) if check.state != "passed" else []


def seen(rule: str) -> Callable[[CheckFacts], Sequence[Finding]]:
    """A rule that fires when the verdict of a check has one of its words, however the check ended."""
    words = frozenset(word for word, key in CHECK_WORDS.items() if key == rule)

    def find(check: CheckFacts) -> Sequence[Finding]:
        return [_of(check)] if check.found & words else []

    return find


def _of(check: CheckFacts) -> Finding:
    facts = {"check": check.check_id, "kind": check.kind, "tries": check.tries}
    if check.found:
        facts["found"] = ",".join(sorted(check.found))
    return Finding(check.owner, check.context, check.asked_at, facts, once=f"check:{check.check_id}")


register_rule(
    Rule(
        "check_missed",
        "没有完成在学核验",
        Looks.CHECK,
        "核验提出后，到时限也没有完成，也没有在期限内补做",
        10,
        1,
        IncidentKind.IDLING,
        "接电话、停电、断网、摄像头坏了；在期限内补做的不算",
        missed,
        why="最常见的诚实情况，所以最轻；最多算四次",
        most=4,
        in_exam=IncidentKind.PROXY_EXAM,
    )
)
register_rule(
    Rule(
        "check_failed",
        "在学核验未通过",
        Looks.CHECK,
        "核验做了，用完次数仍未通过",
        20,
        1,
        IncidentKind.PROXY_STUDY,
        "光线差、戴口罩、证件照年代久；改用其他方式通过或补做的不算",
        failed,
        why="比没做更值得看，但人脸比对本身会出错；最多算三次",
        most=3,
        in_exam=IncidentKind.PROXY_EXAM,
    )
)
register_rule(
    Rule(
        "second_face",
        "画面里有第二张脸",
        Looks.CHECK,
        "核验的照片里有两张以上清楚的脸",
        20,
        1,
        IncidentKind.PROXY_STUDY,
        "家人、同学从旁边走过，墙上有照片",
        seen("second_face"),
        why="偶然入镜很常见，反复出现才有意义；最多算三次",
        most=3,
        in_exam=IncidentKind.PROXY_EXAM,
    )
)
register_rule(
    Rule(
        "other_face",
        "核验照片与登记的人脸不像",
        Looks.CHECK,
        "核验到最后也没有通过，照片清楚，但与登记的人脸不同",
        60,
        1,
        IncidentKind.PROXY_STUDY,
        "登记时的照片质量差，长相变化大；同一次核验里后来通过的不算",
        other_face,
        why="直接指向替课，单独一次也要由人看照片",
        most=2,
        in_exam=IncidentKind.PROXY_EXAM,
    )
)
register_rule(
    Rule(
        "reused_picture",
        "照片以前用过",
        Looks.CHECK,
        "交来的照片与以前交过的逐字节相同，或感知哈希几乎相同",
        60,
        1,
        IncidentKind.VIRTUAL_CAMERA,
        "网络重发同一次提交（同一次核验内的不算）",
        seen("reused_picture"),
        why="摄像头拍不出两张逐字节相同的照片，单独一次也要由人看",
        most=2,
    )
)
register_rule(
    Rule(
        "frozen_picture",
        "画面不动或循环",
        Looks.CHECK,
        "连拍的几张画面之间没有活体应有的变化，或循环播放",
        30,
        1,
        IncidentKind.VIRTUAL_CAMERA,
        "手机架得很稳、人坐着不动；摄像头驱动卡住",
        seen("frozen_picture"),
        why="卡住的摄像头也会这样，两次才立案；最多算两次",
        most=2,
    )
)
register_rule(
    Rule(
        "virtual_camera",
        "摄像头像是虚拟的",
        Looks.CHECK,
        "摄像头的名称、分辨率或画面特征与常见的虚拟摄像头软件相同",
        30,
        1,
        IncidentKind.VIRTUAL_CAMERA,
        "用手机当电脑摄像头、会议软件自带的美颜摄像头",
        seen("virtual_camera"),
        why="名称可以改，正常软件也会装，所以只算中等；最多算两次",
        most=2,
    )
)
register_rule(
    Rule(
        "camera_changed",
        "换了摄像头",
        Looks.CHECK,
        "同一台设备上，这次核验用的摄像头和以前通过核验时用过的都不一样",
        10,
        1,
        IncidentKind.VIRTUAL_CAMERA,
        "新接了摄像头、前后镜头对调、浏览器或驱动更新后改了名称",
        seen("camera_changed"),
        why="多半是正常更换，所以最轻，只和其他线索一起才有意义；最多算两次",
        most=2,
    )
)
