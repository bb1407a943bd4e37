"""Numbers that a regulation sets: which there are, their words and bounds, and a rule set as others read it."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

from zhenxue.kernel.data import Labelled


class RuleGroup(Labelled):
    """Where a number stands on pages and forms."""

    HOURS = "hours", "学时"
    STUDY = "study", "学习过程"
    PRESENCE = "presence", "在学核验"
    COHORT = "cohort", "班期与考核"
    SUBSIDY = "subsidy", "补贴"
    KEEPING = "keeping", "保存"
    OTHER = "other", "其他"


YES_NO = {1: "是", 0: "否"}


@dataclass(frozen=True, slots=True)
class RuleField:
    """A number that the platform reads by ``key``: its words, and the bounds within which it means something."""

    key: str
    label: str
    unit: str
    group: RuleGroup
    low: int
    high: int

    @property
    def is_switch(self) -> bool:
        """A yes (1) or no (0), told in these words."""
        return (self.low, self.high, self.unit) == (0, 1, "")

    def told(self, value: int) -> str:
        """The value as people read it, without its unit."""
        return YES_NO.get(value, str(value)) if self.is_switch else str(value)


#: Every number the platform reads. A bound is sense, not policy: what is right is said by the rule set and its source.
RULE_FIELDS = (
    RuleField("minutes_per_class_hour", "每课时分钟数", "分钟", RuleGroup.HOURS, 30, 120),
    RuleField("online_share_percent", "线上课时占总课时上限", "%", RuleGroup.HOURS, 0, 100),
    RuleField("daily_cap_class_hours", "每人每日计入上限", "课时", RuleGroup.HOURS, 1, 16),
    RuleField("finish_percent", "一个单元看满多少算学完", "%", RuleGroup.HOURS, 50, 100),
    RuleField("max_rate_percent", "播放速度上限（100% 是正常速度）", "%", RuleGroup.HOURS, 100, 200),
    RuleField("page_share_percent", "一页阅读时间上限（占平均每页）", "%", RuleGroup.HOURS, 100, 500),
    RuleField("reading_needs_self_test", "阅读单元须通过自测才算学完", "", RuleGroup.HOURS, 0, 1),
    RuleField("units_in_order", "须按顺序学习单元（否则可自选顺序）", "", RuleGroup.HOURS, 0, 1),
    RuleField("beat_seconds", "学习中每隔多久核对一次", "秒", RuleGroup.STUDY, 5, 60),
    RuleField("max_gap_seconds", "断开多久以内仍连续计时", "秒", RuleGroup.STUDY, 10, 300),
    RuleField("idle_seconds", "多久没有操作就暂停计时", "秒", RuleGroup.STUDY, 60, 3600),
    RuleField("reading_idle_seconds", "阅读时无操作暂停计时", "秒", RuleGroup.STUDY, 30, 3600),
    RuleField("key_lead_seconds", "视频最多提前加载多久", "秒", RuleGroup.STUDY, 10, 300),
    RuleField("check_min_seconds", "在学确认最短间隔", "秒", RuleGroup.STUDY, 60, 7200),
    RuleField("check_max_seconds", "在学确认最长间隔", "秒", RuleGroup.STUDY, 60, 7200),
    RuleField("check_answer_seconds", "在学确认应答时限", "秒", RuleGroup.STUDY, 15, 600),
    RuleField("persons_per_device_day", "一台设备每日可学人数", "人", RuleGroup.STUDY, 1, 100),
    RuleField("presence_per_class_hour", "每课时随机核验次数（0 为不核验）", "次", RuleGroup.PRESENCE, 0, 6),
    RuleField("presence_at_entry", "开始学习时核验", "", RuleGroup.PRESENCE, 0, 1),
    RuleField("presence_answer_seconds", "核验应答时限", "秒", RuleGroup.PRESENCE, 30, 600),
    RuleField("presence_tries", "一次核验最多试几回", "回", RuleGroup.PRESENCE, 1, 10),
    RuleField("presence_make_up_days", "漏做核验几个工作日内可补", "工作日", RuleGroup.PRESENCE, 0, 30),
    RuleField("presence_misses_fail", "一个单元漏做几次须重学", "次", RuleGroup.PRESENCE, 1, 20),
    RuleField("presence_face_first", "先用人脸核验（学员可改用其他方式）", "", RuleGroup.PRESENCE, 0, 1),
    RuleField("presence_strength_study", "学习中核验的足够强度（0 为不限）", "级", RuleGroup.PRESENCE, 0, 2),
    RuleField("presence_weak_in_row", "强度不够的核验最多连续几次", "次", RuleGroup.PRESENCE, 1, 100),
    RuleField("presence_strength_exam", "进考场核验的最低强度（0 为不限）", "级", RuleGroup.PRESENCE, 0, 2),
    RuleField("presence_return_makes_up", "漏做后回来通过核验就算补做", "", RuleGroup.PRESENCE, 0, 1),
    RuleField("face_check_percent", "在学人脸核验相似度阈值", "%", RuleGroup.PRESENCE, 30, 70),
    RuleField("face_exam_percent", "考试人脸核验相似度阈值", "%", RuleGroup.PRESENCE, 30, 70),
    RuleField("face_duplicate_percent", "重复人脸提示阈值", "%", RuleGroup.PRESENCE, 40, 80),
    RuleField("face_keep_days", "结班后人脸数据保存", "天", RuleGroup.PRESENCE, 0, 365),
    RuleField("verify_strength_study", "学习需要的实名强度（0 为不限）", "级", RuleGroup.PRESENCE, 0, 3),
    RuleField("verify_strength_exam", "考试需要的实名强度（0 为不限）", "级", RuleGroup.PRESENCE, 0, 3),
    RuleField("incident_reply_days", "机构说明期限", "工作日", RuleGroup.PRESENCE, 1, 30),
    RuleField("ruling_days", "裁定期限", "工作日", RuleGroup.PRESENCE, 1, 60),
    RuleField("appeal_days", "申诉期限", "天", RuleGroup.PRESENCE, 1, 60),
    RuleField("cohort_max_learners", "每班人数上限", "人", RuleGroup.COHORT, 1, 1000),
    RuleField("pass_percent", "考核合格线", "%", RuleGroup.COHORT, 1, 100),
    RuleField("late_minutes", "上课多久以后算迟到", "分钟", RuleGroup.COHORT, 0, 120),
    RuleField("attendance_close_hours", "下课后多久以内可登记考勤", "小时", RuleGroup.COHORT, 1, 720),
    RuleField("subsidy_online_percent", "线上补贴占线下标准", "%", RuleGroup.SUBSIDY, 0, 100),
    RuleField("retention_years", "学习记录和资料至少保存", "年", RuleGroup.KEEPING, 5, 100),
)
RULE_FIELD_OF = {one.key: one for one in RULE_FIELDS}
#: Pairs of which the first must not be above the second.
RULE_ORDER = (
    ("beat_seconds", "max_gap_seconds"),
    ("reading_idle_seconds", "idle_seconds"),
    ("check_min_seconds", "check_max_seconds"),
    ("check_answer_seconds", "check_min_seconds"),
)


def rule_problems(values: Mapping[str, int]) -> dict[str, str]:
    """What is wrong with the numbers of a rule set, by key, in words; empty when all fit. Unknown keys may be any."""
    problems = {}
    for key, value in values.items():
        known = RULE_FIELD_OF.get(key)
        if known and not known.low <= value <= known.high:
            problems[key] = f"{known.label}应在 {known.low} 到 {known.high}{known.unit} 之间，请改正。"
    for low, high in RULE_ORDER:
        if low in values and high in values and values[low] > values[high]:
            words = f"{RULE_FIELD_OF[low].label}不能大于{RULE_FIELD_OF[high].label}，请改正其中一个。"
            problems.setdefault(low, words)
    return problems


@dataclass(frozen=True, slots=True)
class Rule:
    """One number of a rule set with its source, e.g. ``online_share_percent = 40`` from 聊人社字〔2025〕3号."""

    key: str
    value: int
    unit: str
    source: str
    label: str = ""

    @property
    def group(self) -> RuleGroup:
        known = RULE_FIELD_OF.get(self.key)
        return known.group if known else RuleGroup.OTHER

    @property
    def told(self) -> str:
        """The value with its unit, or 是 or 否."""
        known = RULE_FIELD_OF.get(self.key)
        return f"{known.told(self.value) if known else self.value} {self.unit}".rstrip()


def rules_by_group(rules: Mapping[str, Rule]) -> list[tuple[RuleGroup, list[Rule]]]:
    """The rules in the order of forms and pages, group by group; groups without rules are left out."""
    order = {one.key: number for number, one in enumerate(RULE_FIELDS)}
    ordered = sorted(rules.values(), key=lambda rule: (order.get(rule.key, len(order)), rule.key))
    groups = [(group, [rule for rule in ordered if rule.group is group]) for group in RuleGroup]
    return [(group, members) for group, members in groups if members]


@dataclass(frozen=True, slots=True)
class Rules:
    """The rule set in force for a region (and a kind of programme) on a day; ``rules["online_share_percent"]`` is the
    number, with its source.

    ``programme_kind`` is empty for a rule set of all kinds. ``pk`` names the stored rule set.
    """

    region_code: str
    region_name: str
    version: str
    valid_from: dt.date
    valid_until: dt.date | None
    source: str
    rules: Mapping[str, Rule] = field(default_factory=dict)
    programme_kind: str = ""
    pk: int = 0

    def __getitem__(self, key: str) -> int:
        return self.rules[key].value

    @property
    def sources(self) -> dict[str, str]:
        """Where each number comes from: a clause, or the words for a default of the platform."""
        return {key: rule.source for key, rule in self.rules.items()}

    @property
    def groups(self) -> list[tuple[RuleGroup, list[Rule]]]:
        return rules_by_group(self.rules)

    def frozen(self) -> dict[str, int]:
        """The bare numbers by key, for freezing into a cohort."""
        return {key: rule.value for key, rule in self.rules.items()}


@dataclass(frozen=True, slots=True)
class RuleChange:
    """One number of a rule set beside the rule set before it; a missing side says that it is new, or gone."""

    rule: Rule
    before: Rule | None
    gone: bool = False

    @property
    def changed(self) -> bool:
        return self.gone or self.before is None or self.before.value != self.rule.value


@dataclass(frozen=True, slots=True)
class RuleDraft:
    """What somebody wants to issue as a rule set: values and sources by key; words come with the key."""

    region_code: str
    programme_kind: str
    version: str
    valid_from: dt.date
    valid_until: dt.date | None
    source: str
    values: Mapping[str, int]
    sources: Mapping[str, str]
