"""A certificate of completion on paper: one A4 page across with Chinese fonts and a QR code, set by Typst.

What is printed goes in as data (``sys_inputs``), never as markup. One compiler with the font is kept per process:
some 12 ms a page instead of 40. Typst and PDFium are loaded by the first page: every process would begin with them.
"""

import datetime as dt
import io
import json
import threading
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import noto_cjk_sans_otc
import segno

if TYPE_CHECKING:
    import typst

TEMPLATE = Path(__file__).with_name("certificate.typ")
#: A compiler is for one thread at a time.
_ONE_AT_A_TIME = threading.Lock()


@dataclass(frozen=True, slots=True)
class Printed:
    """The words of one certificate; ``address`` is what its QR code says."""

    title: str
    number: str
    code: str
    name: str
    citizen: str  # masked
    sentence: str
    lines: tuple[tuple[str, str], ...]
    organisation: str
    day: str
    address: str


def draw(printed: Printed, *, made_at: dt.datetime) -> bytes:
    """The page as a PDF; the same words and moment give the same bytes."""
    data = asdict(printed) | {"qr": qr_svg(printed.address, standalone=True)}
    with _ONE_AT_A_TIME:
        made = _compiler().compile(
            format="pdf", sys_inputs={"data": json.dumps(data, ensure_ascii=False)}, timestamp=int(made_at.timestamp())
        )
    assert isinstance(made, bytes)
    return made


def qr_svg(text: str, *, standalone: bool = False) -> str:
    """A QR code (ISO/IEC 18004, correction M) as SVG; without a name space for the inside of an HTML page."""
    code = segno.make(text, error="m", micro=False)
    if not standalone:
        return code.svg_inline(border=2, omitsize=True, svgclass="qr", lineclass=None)
    out = io.BytesIO()
    code.save(out, kind="svg", border=0, xmldecl=False, omitsize=True)
    return out.getvalue().decode()


def together(files: Sequence[bytes]) -> bytes:
    """Several certificates as one file, to print them at once."""
    import pypdfium2

    out = io.BytesIO()
    with pypdfium2.PdfDocument.new() as whole:
        for one in files:
            with pypdfium2.PdfDocument(one) as part:
                whole.import_pages(part)
        whole.save(out)
    return out.getvalue()


@cache
def _compiler() -> "typst.Compiler":
    import typst

    folder = str(Path(noto_cjk_sans_otc.__file__).parent)
    fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[folder])
    return typst.Compiler(str(TEMPLATE), root=str(TEMPLATE.parent), font_paths=fonts, ignore_system_fonts=True)
