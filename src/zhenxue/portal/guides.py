"""Words that depend on the role: headings of the home page, the five groups, and the guides."""

from dataclasses import dataclass

from zhenxue.identity.data import Actor, Role


@dataclass(frozen=True, slots=True)
class Group:
    """One of the five groups that work here: who, what they do, what they get for certain."""

    name: str
    does: str
    gets: str


@dataclass(frozen=True, slots=True)
class Guide:
    """A guide under ``/help/<slug>/``; its text is the template ``portal/guides/<slug>.html``."""

    slug: str
    title: str
    summary: str
    roles: frozenset[Role] = frozenset()

    @property
    def template(self) -> str:
        return f"portal/guides/{self.slug}.html"


@dataclass(frozen=True, slots=True)
class HomeWords:
    heading: str
    lead: str


GROUPS = (
    Group("学员", "用手机或电脑上课、签到、考试。", "每一分钟算不算数、为什么，当场看得到。"),
    Group("承训机构", "编培训项目，备案开班，录考勤，报补贴。", "材料由系统按记录生成，不用月底补台账。"),
    Group("企业用人单位", "给新招和在岗职工开班，随时看进度。", "职工学到哪、过没过，一张表说清。"),
    Group("人社部门", "审批备案，随时抽查，逐段核发补贴。", "任何一个学时都能追到人、时间和证据。"),
    Group("平台运营机构", "审核课程资源，保障系统运行。", "日志连自己也改不了，经得起核验。"),
)

GUIDES = (
    Guide(
        "learner",
        "学员：怎么上课、怎么算学时",
        "登录、上课、签到、考试，以及学时没有计入时怎么办。",
        frozenset({Role.LEARNER}),
    ),
    Guide("teacher", "教师：点名与查看学员", "线下课考勤怎么录、录错了怎么更正。", frozenset({Role.TEACHER})),
    Guide(
        "manager",
        "机构与企业管理员：从项目到补贴",
        "编项目、备案开班、导入名册、安排考试、申报补贴。",
        frozenset({Role.PROVIDER_MANAGER, Role.ENTERPRISE_MANAGER}),
    ),
    Guide(
        "bureau",
        "人社部门：审批、抽查与核发",
        "看什么、批什么、怎么核对一条学习记录。",
        frozenset({Role.BUREAU_OFFICER}),
    ),
    Guide(
        "operator",
        "平台运营：审核资源与管理机构",
        "审课程、开机构账号、看系统日志。",
        frozenset({Role.OPERATOR_REVIEWER, Role.OPERATOR_ADMIN}),
    ),
    Guide("technical", "打不开、看不了、登录不上", "手机和浏览器要求，网络断了、视频卡住、被提示在别处登录时怎么办。"),
    Guide("evidence", "学时为什么可信", "一个学时要有哪些证据，公开日志怎么核对。"),
)

_HOME = {
    Role.LEARNER: HomeWords("今天学什么", ""),
    Role.TEACHER: HomeWords("我的课", "今天的课和等您点名的课在最上面。"),
    Role.PROVIDER_MANAGER: HomeWords("待办", "先处理有期限的，再看班期进度。"),
    Role.ENTERPRISE_MANAGER: HomeWords("待办", "先处理有期限的，再看职工的学习进度。"),
    Role.BUREAU_OFFICER: HomeWords("待办", "等您审批和核发的在最上面，下面是本地区的情况。"),
    Role.OPERATOR_REVIEWER: HomeWords("待审核", "按提交先后排列。"),
    Role.OPERATOR_ADMIN: HomeWords("平台运行", "机构、账号和系统状态。"),
}


def home_words(actor: Actor) -> HomeWords:
    """The heading of a role's home page."""
    return _HOME.get(actor.role or Role.LEARNER, HomeWords("首页", ""))


def guides_for(actor: Actor) -> list[Guide]:
    """All guides, those of the actor's role first."""
    return sorted(GUIDES, key=lambda guide: actor.role not in guide.roles)


def find_guide(slug: str) -> Guide | None:
    return next((guide for guide in GUIDES if guide.slug == slug), None)
