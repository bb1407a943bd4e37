"""How well a person's name is proven, by what, and what is to be done next."""

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from django.db.models import Q, QuerySet

from zhenxue.identity.data import (
    CARRIER,
    FACE,
    METHOD_LABELS,
    POLICE,
    REVIEW,
    SOCIAL_CARD,
    STRENGTHS,
    WORD,
    Actor,
    CardState,
    ConsentPurpose,
    Method,
    MethodKind,
    Need,
    Role,
    Step,
    VerificationState,
)
from zhenxue.identity.models import Consent, IdentityCard, Person, Verification
from zhenxue.identity.queries.cards import find_card
from zhenxue.identity.queries.codes import has_proven_phone
from zhenxue.identity.queries.consents import living_consents
from zhenxue.identity.queries.people import visible_people
from zhenxue.kernel.errors import NotFound
from zhenxue.kernel.outside import find_caller

OPEN = (VerificationState.STARTED, VerificationState.WAITING)

#: What a person needs a strength for, as an upper app knows it (training: the rules of one's cohorts).
NeedsOf = Callable[[int], Iterable[Need]]
_needs: dict[str, NeedsOf] = {}
_methods: dict[str, Method] = {}

BUILT_IN = (
    Method(CARRIER, MethodKind.INLINE, "由运营商核对姓名、身份号码和手机号码是不是同一个人，几秒钟出结果。"),
    Method(SOCIAL_CARD, MethodKind.REDIRECT, "前往电子社保卡登录，由它告诉平台您是谁。"),
    Method(POLICE, MethodKind.INLINE, "由公安核对姓名、身份号码和证件上的照片，几秒钟出结果。"),
    Method(REVIEW, MethodKind.REQUEST, "请承训机构的工作人员查看您上传的证件后确认，一般一个工作日。"),
    Method(WORD, MethodKind.REQUEST, "没有证件照片也可以：手机验证码通过后，请任课教师确认是您本人。"),
)


def register_needs(name: str, needs_of: NeedsOf) -> None:
    """Let an upper app say what a person needs a strength for; called in ``apps.ready()``, once per name."""
    _needs[name] = needs_of


def register_method(method: Method) -> None:
    """Offer one more way of proving who one is; called in ``apps.ready()``, once per key."""
    _methods[method.key] = method


def strength_of(person_id: int) -> int:
    """0 (not verified) to 3; ``data.STRENGTHS`` says what each means."""
    return Person.objects.filter(pk=person_id).values_list("verified_strength", flat=True).first() or 0


def strengths_of(person_ids: Iterable[int]) -> dict[int, int]:
    """The strengths of many people. One query."""
    rows = Person.objects.filter(pk__in=list(person_ids))
    return dict(rows.values_list("pk", "verified_strength"))


def needs_of(person_id: int) -> list[Need]:
    """What the person needs a strength for, the highest of each label."""
    found: dict[str, int] = {}
    for needs in _needs.values():
        for need in needs(person_id):
            found[need.label] = max(found.get(need.label, 0), need.strength)
    return [Need(label, strength) for label, strength in found.items() if strength]


@dataclass(frozen=True, slots=True)
class Offer:
    """A method with what keeps the person from it now (empty: nothing), and its last attempt."""

    method: Method
    obstacle: str
    last: Verification | None

    @property
    def waits(self) -> bool:
        return self.last is not None and self.last.state == VerificationState.WAITING


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a person stands with real-name verification."""

    person: Person
    consents: dict[ConsentPurpose, Consent]
    card: IdentityCard | None
    phone_proven: bool
    offers: tuple[Offer, ...]
    needs: tuple[Need, ...]

    @property
    def wanted(self) -> int:
        """The strength that is enough for everything the person takes part in."""
        return max((need.strength for need in self.needs), default=0)

    @property
    def is_enough(self) -> bool:
        return self.person.verified_strength >= max(self.wanted, 1)

    @property
    def missing(self) -> list[str]:
        """What the present strength is not enough for."""
        return [need.label for need in self.needs if need.strength > self.person.verified_strength]

    @property
    def waiting(self) -> bool:
        """Whether somebody is asked to judge."""
        return any(offer.waits for offer in self.offers)

    @property
    def method_label(self) -> str:
        return METHOD_LABELS.get(self.person.verified_by_method, self.person.verified_by_method)

    @property
    def card_done(self) -> bool:
        return self.card is not None and self.card.state == CardState.CONFIRMED

    @property
    def has_documents_consent(self) -> bool:
        return ConsentPurpose.DOCUMENTS in self.consents

    @property
    def next(self) -> Step | None:
        """The step to offer first; None when enough is proven."""
        if self.is_enough:
            return None
        if not self.has_documents_consent:
            return Step.CONSENT
        if self.card is None:
            return Step.CARD
        if not self.card_done:
            return Step.CHECK
        return Step.METHOD if self.phone_proven else Step.PHONE

    @property
    def steps(self) -> list[tuple[str, str]]:
        """For the stepped line."""
        done = {
            Step.CONSENT: self.has_documents_consent,
            Step.CARD: self.card is not None,
            Step.CHECK: self.card_done,
            Step.PHONE: self.phone_proven,
            Step.METHOD: self.is_enough,
        }
        return [(step.label, "done" if done[step] else "now" if step is self.next else "todo") for step in Step]


def progress_of(person_id: int) -> Progress:
    """Everything the page 实名认证 shows."""
    person = Person.objects.get(pk=person_id)
    card, consents, proven = find_card(person_id), living_consents(person_id), has_proven_phone(person)
    last: dict[str, Verification] = {}
    for row in Verification.objects.filter(person=person).order_by("pk"):
        last[row.method] = row
    offers = tuple(
        Offer(method, _obstacle(method, person, card, proven), last.get(method.key)) for method in offered_methods()
    )
    return Progress(person, consents, card, proven, offers, tuple(needs_of(person_id)))


@dataclass(frozen=True, slots=True)
class Lack:
    """That a person has not proven enough: the present strength, what is wanted, and for what."""

    strength: int
    wanted: int
    labels: tuple[str, ...]


def find_lack(person_id: int, strength: int) -> Lack | None:
    """None for somebody whose ``strength`` is enough. No query for those who have proven nothing or everything, else
    what the registered apps ask for their needs."""
    needs = needs_of(person_id) if 0 < strength < max(STRENGTHS) else []
    wanted = max((need.strength for need in needs), default=1)
    if strength >= wanted:
        return None
    return Lack(strength, wanted, tuple(need.label for need in needs if need.strength > strength))


def offered_methods() -> list[Method]:
    """Those that can be used here: built in, registered, and set up outside; the stronger first."""
    outside = {CARRIER, SOCIAL_CARD, POLICE}
    built_in = [one for one in BUILT_IN if one.key not in outside or find_caller(one.key) is not None]
    found = [*_methods.values(), *built_in]
    return sorted(found, key=lambda one: -one.strength)


def find_method(key: str) -> Method:
    """An offered method; raises ``NotFound``."""
    found = next((one for one in offered_methods() if one.key == key), None)
    if found is None:
        raise NotFound("identity.no_method", "没有这种核验方式，请从列表里选择。")
    return found


def obstacle_of(method: Method, person: Person) -> str:
    """What keeps a person from a method now; empty: nothing."""
    return _obstacle(method, person, find_card(person.pk), has_proven_phone(person))


def _obstacle(method: Method, person: Person, card: IdentityCard | None, proven: bool) -> str:
    confirmed = card is not None and card.state == CardState.CONFIRMED
    if method.key in {CARRIER, WORD} and not proven:
        return "请先完成“验手机”。"
    if method.key == REVIEW and not confirmed:
        return "请先拍证件并核对。"
    if method.key in {POLICE, FACE} and not person.portrait:
        return "请先拍证件：要用证件上的照片作比对（证件号码须与名册一致）。"
    return ""


def visible_verifications(actor: Actor) -> QuerySet[Verification]:
    """Of people in sight; one's own always."""
    rows = Verification.objects.select_related("person")
    if actor.is_operator or actor.role is Role.SYSTEM:
        return rows
    return rows.filter(Q(person_id__in=visible_people(actor).values("pk")))


def reviews_for(actor: Actor) -> QuerySet[Verification]:
    """What waits for people to judge and this actor may judge: a teacher gives words, the others look at cards too."""
    methods = [WORD] if actor.role is Role.TEACHER else [WORD, REVIEW]
    return visible_verifications(actor).filter(method__in=methods).exclude(person_id=actor.person_id or 0)


def get_visible_verification(actor: Actor, verification_id: int) -> Verification:
    found = visible_verifications(actor).filter(pk=verification_id).first()
    if found is None:
        raise NotFound("identity.no_verification", "没有找到这次核验，或您没有查看权限。")
    return found


def attempts_today(person_id: int, method: str, since: dt.datetime) -> int:
    return Verification.objects.filter(person_id=person_id, method=method, started_at__gte=since).count()
