"""Pictures of a workbook: those that lie over a row, and those that WPS keeps inside cells (``DISPIMG``). Pure."""

import posixpath
import re
from xml.etree.ElementTree import Element

from zhenxue.exams.formats.safety import Assets, Package, Unusable, parse_xml

_ID = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_EMBED = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}embed"
_IN_CELL = re.compile(r'=?\s*_?(?:xlfn\.)?DISPIMG\(\s*"([^"]{1,80})"\s*,\s*\d+\s*\)', re.IGNORECASE)


class SheetPictures:
    """By the title of a sheet and the number of a row; what cannot be taken is a problem of that row."""

    def __init__(self, data: bytes, assets: Assets) -> None:
        self._assets = assets
        self._rows: dict[tuple[str, int], list[str]] = {}
        self.problems: dict[tuple[str, int], list[str]] = {}
        self._cells: dict[str, str] = {}
        package = Package(data)
        if not any(name.startswith("xl/media/") for name in package.names()):
            return
        self._package = package
        for title, part in self._sheets():
            for drawing in self._related(part, "drawing").values():
                self._over_rows(title, drawing)
        self._in_cells()

    def of(self, title: str, row: int) -> str:
        """The pictures over a row as markup."""
        return "".join(f"\n{one}" for one in self._rows.get((title, row), ()))

    def put(self, text: str) -> str:
        """A cell's text with the picture that WPS keeps in it."""
        if "DISPIMG" not in text.upper():
            return text
        return _IN_CELL.sub(lambda found: self._cells.get(found[1], "![图](file:没有找到.png)"), text)

    def _tree(self, part: str) -> Element | None:
        try:
            return parse_xml(self._package.read(part), what="表格")
        except Unusable:
            return None

    def _related(self, part: str, kind: str = "") -> dict[str, str]:
        """Relations of a part: id → the part that is meant."""
        folder, name = posixpath.split(part)
        root = self._tree(f"{folder}/_rels/{name}.rels")
        found = {}
        for one in root if root is not None else ():
            if one.get("TargetMode") != "External" and one.get("Type", "").endswith(kind):
                target = one.get("Target", "")
                place = self._package.resolve(target.lstrip("/"), "" if target.startswith("/") else folder)
                if place is not None:
                    found[one.get("Id", "")] = place
        return found

    def _sheets(self) -> list[tuple[str, str]]:
        root = self._tree("xl/workbook.xml")
        parts = self._related("xl/workbook.xml")
        found = (one for one in (root.iter() if root is not None else ()) if str(one.tag).endswith("}sheet"))
        return [(one.get("name", ""), parts[one.get(_ID, "")]) for one in found if one.get(_ID, "") in parts]

    def _over_rows(self, title: str, drawing: str) -> None:
        root = self._tree(drawing)
        media = self._related(drawing)
        for anchor in root if root is not None else ():
            begin = next((one for one in anchor.iter() if str(one.tag).endswith("}from")), None)
            row = (
                next((one.text for one in begin if str(one.tag).endswith("}row")), None) if begin is not None else None
            )
            for one in anchor.iter():
                place = media.get(one.get(_EMBED, ""))
                if place is None or row is None or not row.isdecimal():
                    continue
                key = (title, int(row) + 1)
                try:
                    self._rows.setdefault(key, []).append(self._taken(place))
                except Unusable as error:
                    self.problems.setdefault(key, []).append(str(error))

    def _in_cells(self) -> None:
        root = self._tree("xl/cellimages.xml")
        media = self._related("xl/cellimages.xml")
        for picture in (one for one in (root.iter() if root is not None else ()) if str(one.tag).endswith("}pic")):
            name = next((one.get("name", "") for one in picture.iter() if str(one.tag).endswith("}cNvPr")), "")
            place = next((media[one.get(_EMBED, "")] for one in picture.iter() if one.get(_EMBED, "") in media), None)
            if name and place is not None:
                try:
                    self._cells[name] = self._taken(place)
                except Unusable:
                    continue  # the cell then says that its picture was not found

    def _taken(self, place: str) -> str:
        return f"![图](file:{self._assets.add(place, self._package.read(place)).name})"
