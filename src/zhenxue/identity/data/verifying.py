"""Real-name verification: consents, identity cards, methods and their strength, organisations' documents."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

from zhenxue.kernel.data import Labelled


class ConsentPurpose(Labelled):
    """What a person consents to, each apart from the others (PIPL arts. 14 and 29)."""

    FACE = "face", "人脸识别"
    DOCUMENTS = "identity_documents", "身份证件信息"


@dataclass(frozen=True, slots=True)
class ConsentText:
    """One version of the words that a person agrees to; ``digest`` is the SHA-256 of the file in hex."""

    purpose: ConsentPurpose
    version: str
    title: str
    paragraphs: tuple[str, ...]
    digest: str

    @property
    def parts(self) -> list[tuple[str, str]]:
        """Each paragraph as its bold beginning (``**谁在处理。**``; may be empty) and the rest."""
        return [_split_head(paragraph) for paragraph in self.paragraphs]


def _split_head(paragraph: str) -> tuple[str, str]:
    head, bold, rest = paragraph.removeprefix("**").partition("**")
    return (head, rest) if bold and paragraph.startswith("**") else ("", paragraph)


class CardState(Labelled):
    """The photographs of an identity card and what stands on it."""

    WAITING = "waiting", "正在识别"
    READ = "read", "已识别，待本人核对"
    UNREADABLE = "unreadable", "没有识别出来"
    CONFIRMED = "confirmed", "本人已核对"


CARD_TRANSITIONS: dict[CardState, frozenset[CardState]] = {
    CardState.WAITING: frozenset({CardState.READ, CardState.UNREADABLE, CardState.CONFIRMED}),
    CardState.READ: frozenset({CardState.CONFIRMED, CardState.WAITING}),
    CardState.UNREADABLE: frozenset({CardState.CONFIRMED, CardState.WAITING}),
    CardState.CONFIRMED: frozenset({CardState.WAITING}),
}


class CardField(Labelled):
    """What is read off a card and confirmed by its holder, in the order of the page."""

    NAME = "name", "姓名"
    NUMBER = "citizen_number", "公民身份号码"
    ADDRESS = "address", "住址"
    ISSUER = "issuer", "签发机关"
    VALID_FROM = "valid_from", "有效期起"
    VALID_UNTIL = "valid_until", "有效期止"


@dataclass(frozen=True, slots=True)
class CardFacts:
    """What stands on a card, as read or as confirmed; empty where it is not known. ``valid_until`` is a day
    (2030-01-31) or 长期."""

    name: str = ""
    citizen_number: str = ""
    address: str = ""
    issuer: str = ""
    valid_from: str = ""
    valid_until: str = ""


LONG_TERM = "长期"


class VerificationState(Labelled):
    """One attempt to prove who a person is."""

    STARTED = "started", "办理中"
    WAITING = "waiting", "等待审核"
    PASSED = "passed", "已通过"
    REFUSED = "refused", "未通过"
    DROPPED = "dropped", "已取消"


VERIFICATION_TRANSITIONS: dict[VerificationState, frozenset[VerificationState]] = {
    VerificationState.STARTED: frozenset(
        {
            VerificationState.WAITING,
            VerificationState.PASSED,
            VerificationState.REFUSED,
            VerificationState.DROPPED,
        }
    ),
    VerificationState.WAITING: frozenset(
        {VerificationState.PASSED, VerificationState.REFUSED, VerificationState.DROPPED}
    ),
    VerificationState.PASSED: frozenset(),
    VerificationState.REFUSED: frozenset(),
    VerificationState.DROPPED: frozenset(),
}

#: What a strength means: it is recorded with the person, and the rules of a cohort say which is enough.
STRENGTHS = {
    0: "未实名",
    1: "手机验证码和教师确认",
    2: "当面核验，或运营商、电子社保卡、公安比对",
    3: "人脸与证件照比对（含活体检测）",
}

#: Methods that people judge: a teacher's word after the phone code; card or person looked at by the provider or bureau.
WORD, REVIEW, IN_PERSON = "word", "review", "in_person"
#: The method that ``integrity`` offers.
FACE = "face"
CARRIER, SOCIAL_CARD, POLICE = "carrier", "social_card", "police"
STRENGTH_OF = {WORD: 1, REVIEW: 2, IN_PERSON: 2, CARRIER: 2, SOCIAL_CARD: 2, POLICE: 2, FACE: 3}
METHOD_LABELS = {
    WORD: "教师确认",
    REVIEW: "机构审核证件",
    IN_PERSON: "当面核验",
    CARRIER: "运营商三要素核验",
    SOCIAL_CARD: "电子社保卡登录",
    POLICE: "公安身份比对",
    FACE: "人脸核验",
}


class MethodKind(Labelled):
    """How a method is used."""

    PAGE = "page", "另一个页面"
    REDIRECT = "redirect", "前往外部页面"
    INLINE = "inline", "当场核验"
    REQUEST = "request", "提交申请，由人审核"


@dataclass(frozen=True, slots=True)
class Method:
    """One way to prove who one is, as it is offered. ``url_name`` is the page of a method of kind ``PAGE``."""

    key: str
    kind: MethodKind
    note: str
    url_name: str = ""

    @property
    def label(self) -> str:
        return METHOD_LABELS[self.key]

    @property
    def strength(self) -> int:
        return STRENGTH_OF[self.key]


class Match(Labelled):
    """What an outside register says about a person."""

    SAME = "same", "一致"
    DIFFERENT = "different", "不一致"
    UNKNOWN = "unknown", "查无此人或无法判断"


@dataclass(frozen=True, slots=True)
class Outcome:
    """An outside register's answer: no personal data, only whether it fits, its own number, and words for the
    person."""

    match: Match
    reference: str = ""
    words: str = ""
    facts: Mapping[str, str | int | float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Need:
    """What somebody needs a strength for: 学习, 考试."""

    label: str
    strength: int


class Step(Labelled):
    """The steps of the page 实名认证, in order."""

    CONSENT = "consent", "同意"
    CARD = "card", "拍证件"
    CHECK = "check", "核对"
    PHONE = "phone", "验手机"
    METHOD = "method", "核验"


class DocumentKind(Labelled):
    """Papers of an organisation."""

    LICENCE = "licence", "营业执照（登记证书）"
    SCHOOL = "school", "民办学校办学许可证"
    LABOUR = "labour", "人力资源服务许可证"
    RECORD = "record", "培训备案（目录）文件"
    SECURITY = "security", "网络安全等级保护备案证明"
    SOFTWARE = "software", "软件著作权登记证书"
    NETWORK = "network", "互联网信息服务许可（ICP）备案"
    OTHER = "other", "其他资质"


class DocumentState(Labelled):
    WAITING = "waiting", "待审核"
    ACCEPTED = "accepted", "已通过"
    REFUSED = "refused", "已退回"
    REPLACED = "replaced", "已更换"


DOCUMENT_TRANSITIONS: dict[DocumentState, frozenset[DocumentState]] = {
    DocumentState.WAITING: frozenset({DocumentState.ACCEPTED, DocumentState.REFUSED, DocumentState.REPLACED}),
    DocumentState.ACCEPTED: frozenset({DocumentState.REFUSED, DocumentState.REPLACED}),
    DocumentState.REFUSED: frozenset({DocumentState.REPLACED}),
    DocumentState.REPLACED: frozenset(),
}

#: Days before the end of a document's validity on which its owner is reminded; 0 is the day after it.
REMIND_DAYS = (60, 30, 7, 0)


@dataclass(frozen=True, slots=True)
class CodePolicy:
    """Bounds of codes sent to a phone."""

    lives: dt.timedelta = dt.timedelta(minutes=5)
    again_after: dt.timedelta = dt.timedelta(seconds=60)
    tries: int = 5
    a_day_person: int = 10
    a_day_number: int = 10


CODE_POLICY = CodePolicy()
