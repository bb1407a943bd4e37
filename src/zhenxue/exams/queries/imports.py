"""Imported files as pages show them, and banks as drafts for export."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from decimal import Decimal
from typing import Any

from django.db.models import Count, Q, QuerySet

from zhenxue.exams.data import DoubleChoice, ImportState, Kind, QuestionState, Verdict
from zhenxue.exams.formats import Draft, DraftAsset, Written
from zhenxue.exams.formats.build import of_draft
from zhenxue.exams.formats.template import refusals
from zhenxue.exams.models import ImportItem, Question, QuestionAsset, QuestionBank, QuestionImport
from zhenxue.kernel import storage
from zhenxue.kernel.errors import NotFound

_BUSY = {ImportState.READING, ImportState.SAVING}
FORMATS = {"xlsx": "Excel 表格", "csv": "CSV 表格", "docx": "Word 文档", "gift": "GIFT", "moodle": "Moodle XML"}
FORMATS |= {"qti": "QTI"}


@dataclass(frozen=True, slots=True)
class Counts:
    """How many items of a file have which verdict; ``will`` is how many would be saved as things are chosen now."""

    good: int
    same: int
    similar: int
    refused: int
    will: int

    @property
    def doubled(self) -> int:
        return self.same + self.similar


def items_of(preview: QuestionImport) -> QuerySet[ImportItem]:
    """The items of a file in their order, with what they repeat."""
    return ImportItem.objects.filter(batch=preview).select_related("double_of").order_by("position")


def count_items(preview: QuestionImport) -> Counts:
    """In one query."""
    rows = ImportItem.objects.filter(batch=preview)
    skips = Q(verdict__in=(Verdict.SAME, Verdict.SIMILAR)) & Q(choice=DoubleChoice.SKIP)
    if preview.doubles == DoubleChoice.SKIP:
        skips |= Q(verdict__in=(Verdict.SAME, Verdict.SIMILAR), choice="")
    elif not preview.doubles:
        skips |= Q(verdict=Verdict.SAME, choice="")
    found = rows.aggregate(
        good=Count("pk", filter=Q(verdict=Verdict.GOOD)),
        same=Count("pk", filter=Q(verdict=Verdict.SAME)),
        similar=Count("pk", filter=Q(verdict=Verdict.SIMILAR)),
        refused=Count("pk", filter=Q(verdict=Verdict.REFUSED)),
        skipped=Count("pk", filter=skips),
    )
    skipped = found.pop("skipped")
    return Counts(**found, will=found["good"] + found["same"] + found["similar"] - skipped)


def choice_of(preview: QuestionImport, item: ImportItem) -> str:
    """What happens to an item that is there already, as things are chosen now."""
    default = DoubleChoice.SKIP if item.verdict == Verdict.SAME else DoubleChoice.KEEP
    return item.choice or preview.doubles or default


def is_busy(preview: QuestionImport) -> bool:
    """Whether the worker has it in hand."""
    return preview.state in _BUSY


def percent_done(preview: QuestionImport) -> int:
    """Progress of reading or saving; the first tenth is finding out how many there are."""
    if not preview.total:
        return 5
    return min(99, 10 + 90 * preview.done // preview.total)


def refused_sheet(preview: QuestionImport) -> bytes:
    """The refused items as a sheet in the template's layout with the reasons, to mend and upload again."""
    rows = ImportItem.objects.filter(batch=preview, verdict=Verdict.REFUSED).order_by("position")
    return refusals((one.where, written_of(one.written, one.stem), one.problems) for one in rows.iterator())


def written_of(row: list[Any], stem: str) -> Written:
    """What was read of a refused item."""
    if len(row) < 3:
        return Written(stem=stem)
    values = dict(zip((one.name for one in fields(Written)), row, strict=False))
    values["options"] = tuple(values["options"])
    values["parts"] = tuple(written_of(one, "") for one in values.get("parts", ()))
    return Written(**values)


def said_in(item: ImportItem) -> Written:
    """What an item says, as a person writes it, whether it was refused or not."""
    draft = draft_of(item)
    return of_draft(draft) if draft else written_of(item.written, item.stem)


def draft_of(item: ImportItem) -> Draft | None:
    """The question that an item makes, its media by name only; ``None`` of a refused one."""
    if item.draft is None:
        return None
    said = dict(item.draft)
    kind, score, _ = Kind(said.pop("kind")), said.pop("score"), said.pop("assets")
    return Draft(kind, score=Decimal(score) if score else None, **said)


def get_item(preview: QuestionImport, position: int) -> ImportItem:
    """One item of a file. Raises ``NotFound``."""
    found = items_of(preview).filter(position=position).first() if position < 2**31 else None
    if found is None:
        raise NotFound("exams.no_such_item", "这份文件里没有这道题，请回到检查导入的页面。")
    return found


def next_refused(preview: QuestionImport, position: int) -> int | None:
    """The position of the refused item after this one, or else of the first."""
    rows = ImportItem.objects.filter(batch=preview, verdict=Verdict.REFUSED).order_by("position")
    found = rows.values_list("position", flat=True)
    return found.filter(position__gt=position).first() or found.first()


def get_medium(preview: QuestionImport, index: int) -> Mapping[str, Any]:
    """A picture, sound or film that came with a file that is not saved yet. Raises ``NotFound``."""
    if index >= len(preview.media):
        raise NotFound("exams.no_such_asset", "没有这个文件，或您无权查看。")
    found: Mapping[str, Any] = preview.media[index]
    return found


def drafts_of(bank: QuestionBank) -> list[Draft]:
    """Every active question of a bank for export, its media beside it."""
    media = {f"{one.pk}": _draft_asset(one) for one in QuestionAsset.objects.filter(bank=bank)}
    rows = Question.objects.filter(bank=bank, state=QuestionState.ACTIVE).select_related("point").order_by("number")
    return list(_drafts(rows, media))


def _drafts(rows: QuerySet[Question], media: Mapping[str, QuestionAsset | DraftAsset]) -> Iterator[Draft]:
    from zhenxue.exams.queries.assets import named_assets

    read: dict[str, DraftAsset] = {}
    for one in rows:
        names = {}
        for pk in sorted(named_assets(one.stem, one.body, one.explanation, str(one.key))):
            found = media.get(str(pk))
            if isinstance(found, DraftAsset):
                read.setdefault(str(pk), found)
                names[pk] = found.name
        yield Draft(
            Kind(one.kind),
            _named(one.stem, names),
            _named(one.body, names),
            _named(one.key, names),
            _named(one.explanation, names),
            one.score,
            one.difficulty,
            one.point.code if one.point else "",
            one.source,
            tuple(read[str(pk)] for pk in names),
        )


def _draft_asset(one: QuestionAsset) -> DraftAsset:
    ending = f".{one.path.rsplit('.', 1)[-1]}" if "." in one.path.rsplit("/", 1)[-1] else ""
    name = f"{one.pk}{ending}"
    return DraftAsset(name, storage.full_path(one.path).read_bytes(), one.mime, one.kind, one.width, one.height)


def _named(value: Any, names: Mapping[int, str]) -> Any:
    """``asset:12`` becomes ``file:NAME``."""
    if isinstance(value, str):
        for pk, name in names.items():
            value = value.replace(f"](asset:{pk})", f"](file:{name})")
        return value
    if isinstance(value, list):
        return [_named(one, names) for one in value]
    if isinstance(value, dict):
        turned = {key: _named(one, names) for key, one in value.items()}
        if isinstance(turned.get("asset"), int) and turned["asset"] in names:
            turned["asset"] = f"file:{names[turned['asset']]}"
        return turned
    return value
