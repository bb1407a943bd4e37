"""A waiting PDF becomes one picture a page with its text (see ``processing`` for how a worker may die on the way)."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from zhenxue.catalogue.data import MaterialKind, MaterialState
from zhenxue.catalogue.media.pages import DrawnPage, draw_pages
from zhenxue.catalogue.models import Document, DocumentPage, Material
from zhenxue.catalogue.operations import processing

#: What a page's picture may take, generously.
PAGE_ROOM_BYTES = 300_000


def process_document(*, material_id: int, clock: processing.Clock) -> MaterialState | None:
    """Draw a waiting PDF's pages. Gives the state reached, or ``None`` when there was nothing to do."""
    return processing.process(material_id=material_id, work=WORK, clock=clock)


def _make(source: Path, folder: Path, progress: Callable[[float], None]) -> processing.Keep:
    drawn = draw_pages(source, folder, progress=progress)
    return lambda material, folder: _keep(drawn, material, folder)


def _keep(drawn: list[DrawnPage], material: Material, folder: str) -> dict[str, Any]:
    document = Document.objects.create(material=material, folder=folder)
    DocumentPage.objects.bulk_create(
        (
            DocumentPage(document=document, number=one.number, width=one.width, height=one.height, text=one.text)
            for one in drawn
        ),
        batch_size=200,
    )
    Material.objects.filter(pk=material.pk).update(pages=len(drawn))
    return {"pages": len(drawn)}


WORK = processing.Work(MaterialKind.DOCUMENT, lambda material: material.pages * PAGE_ROOM_BYTES, _make)
