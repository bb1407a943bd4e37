"""Reading units (documents and texts): their pages, the share of each, and the self-test that belongs to them."""

from django.db.models import Exists, OuterRef, QuerySet

from zhenxue.catalogue import markup
from zhenxue.catalogue.data import READING_KINDS, UnitKind
from zhenxue.catalogue.models import SelfTestQuestion, Unit
from zhenxue.kernel.hours import in_words
from zhenxue.kernel.remembering import Remembered

#: Texts whose pages are remembered; a text is known by its unit and its words.
KEPT_TEXTS = 5_000

_texts: Remembered[tuple[int, int], int] = Remembered(KEPT_TEXTS)


def reading_pages(unit: Unit) -> int:
    """In how many pages a unit is read: a document's drawn pages, a text's sections, one for a self-test.

    None for a video. The pages of a text are those of ``render_markup(..., paged=True)``. Costs no query for a unit
    whose material is loaded.
    """
    if unit.kind == UnitKind.VIDEO:
        return 0
    if unit.kind == UnitKind.DOCUMENT:
        return max(1, unit.material.pages) if unit.material else 1
    if unit.kind == UnitKind.TEXT:
        return _pages_of_text(unit)
    return 1


def page_ms(unit: Unit, share_percent: int) -> int:
    """The most that one page of a reading unit may earn: so many per cent of an equal share, rounded up.

    ``share_percent`` is the rule ``page_share_percent``. All pages together may come to more than the unit's time,
    which stays the ceiling of the whole. Nothing for a video.
    """
    pages = reading_pages(unit)
    return -(-unit.seconds * 1000 * share_percent // (pages * 100)) if pages else 0


def page_limit(unit: Unit, share_percent: int) -> str:
    """The maximum of ``page_ms`` in the learner's words; empty for a unit of one page, whose time is the maximum."""
    pages = reading_pages(unit)
    if unit.kind not in READING_KINDS or pages < 2:
        return ""
    word = "页" if unit.kind == UnitKind.DOCUMENT else "节"
    most = min(page_ms(unit, share_percent) // 1000, unit.seconds)
    return f"共 {pages} {word}，每{word}最多计 {in_words(most)}"


def self_test_of(unit: Unit) -> Unit | None:
    """The self-test that a reading unit is finished by: the unit itself if it has questions of its own, else the next
    self-test unit of its chapter.

    ``None`` for units of another kind, and for a reading unit of a version from the time before self-tests were
    required (a new one cannot be published without). At most two queries.
    """
    if unit.kind not in READING_KINDS:
        return None
    if SelfTestQuestion.objects.filter(unit=unit).exists():
        return unit
    return _self_tests_after(unit).first()


def units_tested_by(unit: Unit) -> list[Unit]:
    """The reading units that a self-test unit finishes: those before it, up to the self-test before, in study order."""
    if unit.kind != UnitKind.SELF_TEST or not SelfTestQuestion.objects.filter(unit=unit).exists():
        return []
    before = Unit.objects.filter(chapter_id=unit.chapter_id, position__lt=unit.position)
    former = _with_questions(before.filter(kind=UnitKind.SELF_TEST)).order_by("-position").first()
    own = Exists(SelfTestQuestion.objects.filter(unit=OuterRef("pk")))
    rows = before.filter(kind__in=READING_KINDS, position__gt=former.position if former else 0)
    return list(rows.exclude(own).order_by("position"))


def _pages_of_text(unit: Unit) -> int:
    key = (unit.pk or 0, hash(unit.body))
    return _texts.many([key], lambda keys: {key: markup.count_pages(unit.body)})[key]


def _self_tests_after(unit: Unit) -> QuerySet[Unit]:
    later = Unit.objects.filter(chapter_id=unit.chapter_id, position__gt=unit.position, kind=UnitKind.SELF_TEST)
    return _with_questions(later).order_by("position")


def _with_questions(units: QuerySet[Unit]) -> QuerySet[Unit]:
    return units.filter(Exists(SelfTestQuestion.objects.filter(unit=OuterRef("pk"))))
