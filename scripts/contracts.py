"""The border that import-linter has no word for: doors (``docs/decisions/0001-app-borders.md``)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from importlinter import Contract, ContractCheck, fields, output

if TYPE_CHECKING:
    from grimp import ImportGraph


class DoorsContract(Contract):
    """From outside an app only its doors may be imported; a library's modules are all doors.

    Options: ``root`` (the package that holds the apps), ``doors`` (modules of any app that others may import),
    ``libraries`` (apps without walls), ``wide`` (apps that may enter by ``wide_doors`` as well).
    """

    type_name = "doors"

    root = fields.StringField()
    doors = fields.ListField(subfield=fields.StringField())
    libraries = fields.ListField(subfield=fields.StringField())
    wide = fields.ListField(subfield=fields.StringField())
    wide_doors = fields.ListField(subfield=fields.StringField())

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        """Kept when every import between apps goes through a door."""
        del verbose
        broken = sorted(
            (importer, imported)
            for importer in graph.modules
            for imported in graph.find_modules_directly_imported_by(importer)
            if not self._may(importer, imported)
        )
        lines = {
            (importer, imported): graph.get_import_details(importer=importer, imported=imported)[0]["line_number"]
            for importer, imported in broken
        }
        return ContractCheck(kept=not broken, metadata={"lines": lines})

    def render_broken_contract(self, check: ContractCheck) -> None:
        """Name each import that climbs through a window."""
        for (importer, imported), line in check.metadata["lines"].items():
            output.print_error(f"{importer}:{line} imports {imported}, which is no door.", bold=False)

    def _may(self, importer: str, imported: str) -> bool:
        start = f"{self.root}."
        if not (importer.startswith(start) and imported.startswith(start)):
            return True
        source = importer.removeprefix(start).split(".", 1)[0]
        app, _, room = imported.removeprefix(start).partition(".")
        if source == app or app in self.libraries:
            return True
        allowed = list(self.doors) + (list(self.wide_doors) if source in self.wide else [])
        return any(room == door or room.startswith(f"{door}.") for door in allowed)
