"""Drafts as a QTI 2.2 package: a manifest, an item a file, the media beside them. Pure.

What QTI has no plain form for is left out by name. Score, level, point and source stand where QTI has a place for them:
outcome declarations and the metadata of the manifest.
"""

import io
import re
import zipfile
from collections.abc import Iterable
from typing import Any
from xml.etree.ElementTree import Element, SubElement, tostring

from zhenxue.exams.data import Kind
from zhenxue.exams.formats.draft import BLANK, LETTERS, Draft, plain_number

QTI = "http://www.imsglobal.org/xsd/imsqti_v2p2"
CP = "http://www.imsglobal.org/xsd/imscp_v1p1"
LOM = "http://ltsc.ieee.org/xsd/LOM"
_LEVELS = ("very easy", "easy", "medium", "difficult", "very difficult")
_TEMPLATE = "http://www.imsglobal.org/question/qti_v2p2/rptemplates/match_correct"
_MEDIUM = re.compile(r"!\[([^\]\n]*)\]\(file:([^)\n]+)\)")
_BOLD = re.compile(r"\*\*([^*\n]+)\*\*")
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


class _LeftOut(Exception):
    """Why a question cannot stand in the package."""


def write(drafts: Iterable[Draft]) -> tuple[bytes, list[str]]:
    """The package, and a sentence for every question that is not in it."""
    left_out: list[str] = []
    media: dict[str, bytes] = {}
    buffer = io.BytesIO()
    manifest = Element("manifest", {"xmlns": CP, "identifier": "MANIFEST-zhenxue"})
    metadata = SubElement(manifest, "metadata")
    SubElement(metadata, "schema").text = "QTIv2.2 Package"
    SubElement(metadata, "schemaversion").text = "1.0.0"
    SubElement(manifest, "organizations")
    resources = SubElement(manifest, "resources")
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as package:
        for count, draft in enumerate(drafts, start=1):
            try:
                item = _Item(f"q{count:05d}", draft)
            except _LeftOut as error:
                left_out.append(f"第 {count} 题（{draft.kind.label}）：{error}")
                continue
            package.writestr(f"items/q{count:05d}.xml", _serialise(item.root))
            media |= {one.name: one.data for one in draft.assets}
            _list_item(resources, f"q{count:05d}", draft)
        for name, data in media.items():
            package.writestr(f"items/media/{name}", data)
        package.writestr("imsmanifest.xml", _serialise(manifest))
    return buffer.getvalue(), left_out


def _serialise(root: Element) -> bytes:
    for element in root.iter():
        element.text = _NOT_XML.sub("", element.text) if element.text else element.text
        element.tail = _NOT_XML.sub("", element.tail) if element.tail else element.tail
        for name, text in element.attrib.items():
            element.set(name, _NOT_XML.sub("", text))
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{tostring(root, encoding="unicode")}'.encode()


def _list_item(resources: Element, name: str, draft: Draft) -> None:
    resource = SubElement(
        resources, "resource", {"identifier": name, "type": "imsqti_item_xmlv2p2", "href": f"items/{name}.xml"}
    )
    lom = SubElement(SubElement(resource, "metadata"), "lom", {"xmlns": LOM})
    general = SubElement(lom, "general")
    for tag, text in (("keyword", draft.point), ("coverage", draft.source)):
        if text:
            SubElement(SubElement(general, tag), "string", {"language": "zh-CN"}).text = text
    if draft.difficulty:
        level = SubElement(SubElement(lom, "educational"), "difficulty")
        SubElement(level, "source").text = "LOMv1.0"
        SubElement(level, "value").text = _LEVELS[draft.difficulty - 1]
    SubElement(resource, "file", {"href": f"items/{name}.xml"})
    for one in draft.assets:
        SubElement(resource, "file", {"href": f"items/media/{one.name}"})


class _Item:
    """One ``assessmentItem`` in the making."""

    def __init__(self, name: str, draft: Draft) -> None:
        self.draft = draft
        title = re.sub(r"\s+", " ", _MEDIUM.sub("", draft.stem)).strip()[:60] or name
        self.root = Element(
            "assessmentItem",
            {"xmlns": QTI, "identifier": name, "title": title, "adaptive": "false", "timeDependent": "false"},
        )
        self.body = Element("itemBody")
        self._responses = 0
        self._write(draft.kind, draft.stem, draft.body, draft.key)
        for identifier in ("SCORE", "MAXSCORE"):
            outcome = SubElement(
                self.root,
                "outcomeDeclaration",
                {"identifier": identifier, "cardinality": "single", "baseType": "float"},
            )
            if identifier == "MAXSCORE" and draft.score is not None:
                SubElement(SubElement(outcome, "defaultValue"), "value").text = plain_number(draft.score)
        SubElement(
            self.root,
            "outcomeDeclaration",
            {"identifier": "FEEDBACK", "cardinality": "single", "baseType": "identifier"},
        )
        self.root.append(self.body)
        if draft.kind not in {Kind.SHORT_ANSWER, Kind.CASE, Kind.HOTSPOT} and self._responses == 1:
            SubElement(self.root, "responseProcessing", {"template": _TEMPLATE})
        if draft.explanation:
            shown = {"outcomeIdentifier": "FEEDBACK", "identifier": "explanation", "showHide": "hide"}
            _blocks(SubElement(self.root, "modalFeedback", shown), draft.explanation)

    def _write(self, kind: Kind, stem: str, body: dict[str, Any], key: dict[str, Any]) -> None:
        maker = {
            Kind.SINGLE: self._choice,
            Kind.MULTIPLE: self._choice,
            Kind.TRUE_FALSE: self._true_false,
            Kind.FILL_IN: self._fill_in,
            Kind.SHORT_ANSWER: self._short_answer,
            Kind.CALCULATION: self._calculation,
            Kind.MATCHING: self._matching,
            Kind.ORDERING: self._ordering,
            Kind.HOTSPOT: self._hotspot,
            Kind.CASE: self._case,
        }.get(kind)
        if maker is None:
            raise _LeftOut("QTI 2.2 没有这种题的写法")
        maker(stem, body, key)

    def _declare(self, cardinality: str, base: str, right: Iterable[str]) -> tuple[str, Element]:
        self._responses += 1
        name = "RESPONSE" if self._responses == 1 else f"RESPONSE_{self._responses}"
        declared = SubElement(
            self.root, "responseDeclaration", {"identifier": name, "cardinality": cardinality, "baseType": base}
        )
        values = list(right)
        if values:
            correct = SubElement(declared, "correctResponse")
            for one in values:
                SubElement(correct, "value").text = one
        return name, declared

    def _choice(self, stem: str, body: dict[str, Any], key: dict[str, Any]) -> None:
        several = len(key["right"]) > 1
        name, _ = self._declare("multiple" if several else "single", "identifier", key["right"])
        _blocks(self.body, stem)
        choice = SubElement(
            self.body,
            "choiceInteraction",
            {"responseIdentifier": name, "shuffle": "true", "maxChoices": "0" if several else "1"},
        )
        for index, option in enumerate(body["options"]):
            _flow(SubElement(choice, "simpleChoice", {"identifier": LETTERS[index]}), option)

    def _true_false(self, stem: str, body: dict[str, Any], key: dict[str, Any]) -> None:
        name, _ = self._declare("single", "identifier", ["T" if key["right"] == ["对"] else "F"])
        _blocks(self.body, stem)
        choice = SubElement(
            self.body, "choiceInteraction", {"responseIdentifier": name, "shuffle": "false", "maxChoices": "1"}
        )
        for identifier, text in (("T", "对"), ("F", "错")):
            SubElement(choice, "simpleChoice", {"identifier": identifier}).text = text

    def _fill_in(self, stem: str, body: dict[str, Any], key: dict[str, Any]) -> None:
        if stem.count(BLANK) != len(key["blanks"]):
            raise _LeftOut("题干里的空和答案个数不同")
        fields = []
        for blank in key["blanks"]:
            name, declared = self._declare("single", "string", blank["accepted"][:1])
            mapping = SubElement(declared, "mapping", {"defaultValue": "0"})
            for text in blank["accepted"]:
                SubElement(mapping, "mapEntry", {"mapKey": text, "mappedValue": "1", "caseSensitive": "false"})
            field = Element("textEntryInteraction", {"responseIdentifier": name, "expectedLength": "20"})
            marks = [f"tolerance-{blank['tolerance']}"] if blank.get("tolerance") else []
            marks += [] if key.get("ordered", True) else ["unordered"]
            if marks:
                field.set("class", " ".join(marks))
            fields.append(field)
        _blocks(self.body, stem, fields)

    def _short_answer(self, stem: str, body: dict[str, Any], key: dict[str, Any]) -> None:
        name, _ = self._declare("single", "string", filter(None, [key.get("reference", "")]))
        _blocks(self.body, stem)
        if key.get("rubric"):
            rubric = SubElement(self.body, "rubricBlock", {"view": "scorer"})
            for one in key["rubric"]:
                SubElement(rubric, "p").text = f"{one['text']}（{one['points']}分）"
        SubElement(
            self.body,
            "extendedTextInteraction",
            {"responseIdentifier": name, "expectedLines": str(body.get("lines", 5))},
        )

    def _calculation(self, stem: str, body: dict[str, Any], key: dict[str, Any]) -> None:
        if "value" not in key:
            raise _LeftOut("带参数的计算题没有导出，请用 xlsx")
        name, _ = self._declare("single", "float", [key["value"]])
        _blocks(self.body, stem)
        marks = [f"tolerance-{key['tolerance']}"] if key.get("tolerance") else []
        marks += ["with-steps"] if body.get("steps") else []
        holder = SubElement(self.body, "p")
        field = SubElement(holder, "textEntryInteraction", {"responseIdentifier": name, "expectedLength": "12"})
        if marks:
            field.set("class", " ".join(marks))
        if body.get("unit"):
            field.set("placeholderText", body["unit"])

    def _matching(self, stem: str, body: dict[str, Any], key: dict[str, Any]) -> None:
        pairs = [f"L{left} R{right}" for left, right in enumerate(key["pairs"])]
        name, _ = self._declare("multiple", "directedPair", pairs)
        _blocks(self.body, stem)
        match = SubElement(
            self.body, "matchInteraction", {"responseIdentifier": name, "shuffle": "true", "maxAssociations": "0"}
        )
        for mark, side in (("L", body["left"]), ("R", body["right"])):
            group = SubElement(match, "simpleMatchSet")
            for index, text in enumerate(side):
                _flow(
                    SubElement(group, "simpleAssociableChoice", {"identifier": f"{mark}{index}", "matchMax": "1"}), text
                )

    def _ordering(self, stem: str, body: dict[str, Any], key: dict[str, Any]) -> None:
        name, _ = self._declare("ordered", "identifier", [f"I{index}" for index in key["order"]])
        _blocks(self.body, stem)
        order = SubElement(self.body, "orderInteraction", {"responseIdentifier": name, "shuffle": "true"})
        for index, text in enumerate(body["items"]):
            _flow(SubElement(order, "simpleChoice", {"identifier": f"I{index}"}), text)

    def _hotspot(self, stem: str, body: dict[str, Any], key: dict[str, Any]) -> None:
        place = str(body["asset"])
        found = next((one for one in self.draft.assets if f"file:{one.name}" == place), None)
        if found is None:
            raise _LeftOut("底图不在题库里")
        name, declared = self._declare("single", "point", [])
        mapping = SubElement(declared, "areaMapping", {"defaultValue": "0"})
        for area in key["areas"]:
            coords = ",".join(map(str, area["coords"]))
            SubElement(mapping, "areaMapEntry", {"shape": area["shape"], "coords": coords, "mappedValue": "1"})
        _blocks(self.body, stem)
        select = SubElement(self.body, "selectPointInteraction", {"responseIdentifier": name, "maxChoices": "1"})
        size = {"width": str(body["width"]), "height": str(body["height"])}
        SubElement(select, "object", {"data": f"media/{found.name}", "type": found.mime, **size})

    def _case(self, stem: str, body: dict[str, Any], key: dict[str, Any]) -> None:
        raise _LeftOut("案例题没有导出，请用 xlsx")


def _blocks(parent: Element, text: str, fields: Iterable[Element] = ()) -> None:
    """Markup as paragraphs, lists of one kind and tables; gaps become ``fields``."""
    coming = iter(fields)
    rows: Element | None = None
    for line in text.split("\n"):
        if line.startswith("| ") and line.endswith(" |"):
            rows = SubElement(SubElement(parent, "table"), "tbody") if rows is None else rows
            row = SubElement(rows, "tr")
            for cell in line[2:-2].split(" | "):
                _flow(SubElement(row, "td"), cell, coming)
            continue
        rows = None
        _flow(SubElement(parent, "p"), line, coming)


def _flow(element: Element, text: str, fields: Iterable[Element] = ()) -> None:
    """Words, bold, media and gaps inside one element."""
    coming = iter(fields)
    last: Element | None = None

    def say(words: str) -> None:
        if not words:
            return
        if last is None:
            element.text = (element.text or "") + words
        else:
            last.tail = (last.tail or "") + words

    at = 0
    marks = re.compile(f"{_MEDIUM.pattern}|{_BOLD.pattern}|({BLANK})|(\n)")
    for found in marks.finditer(text):
        field = next(coming, None) if found[4] else None
        if found[4] and field is None:
            continue
        say(text[at : found.start()])
        at = found.end()
        if field is not None:
            element.append(field)
            last = field
        elif found[2]:
            last = _medium(element, found[1], found[2])
        elif found[3]:
            last = SubElement(element, "strong")
            last.text = found[3]
        else:
            last = SubElement(element, "br")
    say(text[at:])


_AUDIO = {"mp3": "audio/mpeg", "m4a": "audio/mp4", "mp4": "video/mp4"}


def _medium(element: Element, words: str, name: str) -> Element:
    ending = name.rsplit(".", 1)[-1].lower()
    if ending in _AUDIO:
        return SubElement(element, "object", {"data": f"media/{name}", "type": _AUDIO[ending]})
    return SubElement(element, "img", {"src": f"media/{name}", "alt": words})
