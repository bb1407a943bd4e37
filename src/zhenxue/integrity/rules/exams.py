"""Rules over one learner's exam: what the page told (or did not tell), and what people who watched or compared hand on.

What a page tells is a claim: it can be left out, and an honest page tells of calls and notifications too. So these
weigh little by themselves, except where a person looked first.
"""

from collections.abc import Sequence

from zhenxue.integrity.data import IncidentKind
from zhenxue.integrity.rules.facts import AttemptFacts, NoteFacts, PairFacts
from zhenxue.integrity.rules.registry import Finding, Looks, Rule, register_rule

AWAY = {"percent": 20, "minutes": 3}
PASTE = {"characters": 40}
SILENT = {"answers": 5}
ALIKE = {"one_in": 100}


def away_from_exam(attempt: AttemptFacts) -> Sequence[Finding]:
    """A good part of the exam the page was out of sight."""
    lasted = max(int((attempt.ended_at - attempt.began_at).total_seconds() * 1000), 1)
    percent = min(attempt.away_ms * 100 // lasted, 100)
    if attempt.away_ms < AWAY["minutes"] * 60_000 or percent < AWAY["percent"]:
        return []
    facts = {"away_seconds": attempt.away_ms // 1000, "percent": percent, "times": attempt.leaves}
    return [Finding(attempt.owner, attempt.context, attempt.began_at, facts)]


def long_paste(attempt: AttemptFacts) -> Sequence[Finding]:
    """A long text was pasted into an answer, and it was not copied from the page itself."""
    if attempt.longest_paste < PASTE["characters"]:
        return []
    facts = {"characters": attempt.longest_paste}
    return [Finding(attempt.owner, attempt.context, attempt.began_at, facts)]


def silent_page(attempt: AttemptFacts) -> Sequence[Finding]:
    """Answers came while the page told nothing at all."""
    if attempt.silent_answers < SILENT["answers"]:
        return []
    facts = {"answers": attempt.silent_answers, "of": len(attempt.answers)}
    return [Finding(attempt.owner, attempt.context, attempt.began_at, facts)]


def answers_alike(pair: PairFacts) -> Sequence[Finding]:
    """A pair that the comparison found and a person looked at."""
    if pair.one_in < ALIKE["one_in"]:
        return []
    facts = {"same_wrong": pair.same_wrong, "common": pair.common, "one_in": pair.one_in, "with": pair.other}
    return [Finding(pair.owner, pair.context, pair.at, facts, once=f"{pair.context}-{pair.other}")]


def room_note(note: NoteFacts) -> Sequence[Finding]:
    """What an invigilator wrote down."""
    if not note.words.strip():
        return []
    facts = {"words": note.words.strip()[:200], "by": note.by_person}
    return [Finding(note.owner, note.context, note.at, facts, once=f"{note.context}:{note.number}")]


register_rule(
    Rule(
        "away_from_exam",
        "考试中长时间离开页面",
        Looks.ATTEMPT,
        "考试页面累计三分钟以上、且占答题时间两成以上不在屏幕上",
        25,
        1,
        IncidentKind.EXAM_BRUSHING,
        "接电话、弹出通知、手机自动锁屏、误触返回；由页面上报，只是线索",
        away_from_exam,
        AWAY,
        "查资料要离开页面，但离开页面的原因很多；不到立案分值，要和其他线索合在一起看；最多算两次",
        most=2,
    )
)
register_rule(
    Rule(
        "long_paste",
        "考试中粘贴了长段文字",
        Looks.ATTEMPT,
        "一次粘贴四十字以上，且不是从本页复制的",
        25,
        1,
        IncidentKind.EXAM_BRUSHING,
        "用输入法的剪贴板、语音转写；先在别处打好草稿",
        long_paste,
        PASTE,
        "四十字约为一两句话，短的粘贴不提示；内容是不是别处来的要由人看；最多算两次",
        most=2,
    )
)
register_rule(
    Rule(
        "silent_page",
        "有作答却没有行为记录",
        Looks.ATTEMPT,
        "考试页面一直没有上报，却保存了五个以上答案",
        20,
        1,
        IncidentKind.EXAM_BRUSHING,
        "浏览器太旧或关掉了脚本，用的是不带脚本的页面；拦截软件挡住了上报",
        silent_page,
        SILENT,
        "断网时答案也传不上来，所以只数没有上报时存下的答案；最多算两次",
        most=2,
    )
)
register_rule(
    Rule(
        "answers_alike",
        "答卷比对后交由核查",
        Looks.PAIR,
        "考试结束后全场比对，两份答卷相同的错答或作答节奏超出偶然，工作人员看过后交由核查",
        60,
        1,
        IncidentKind.EXAM_BRUSHING,
        "同一位老师讲错了同一处；两人一起复习过；比对本身每一百场也会误报一两场",
        answers_alike,
        ALIKE,
        "先由机器按误报率筛过，再由人看过并写明意见，单独一次也要核查；最多算两次",
        most=2,
    )
)
register_rule(
    Rule(
        "room_note",
        "监考员记录的情况",
        Looks.NOTE,
        "监考员在考试中写下的情况",
        60,
        1,
        IncidentKind.EXAM_BRUSHING,
        "看错了人、误会了学员的举动；学员的说明和行为记录要一并看",
        room_note,
        why="由在场的人看到并署名，单独一次也要核查；最多算两次",
        most=2,
    )
)
