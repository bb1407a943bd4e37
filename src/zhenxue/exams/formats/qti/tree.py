"""QTI elements by one set of names: namespaces and the ``qti-`` words of version 3 are taken off. Pure."""

import re
from collections.abc import Iterator
from decimal import Decimal
from xml.etree.ElementTree import Element

from zhenxue.exams.formats.draft import number
from zhenxue.exams.formats.html import Markup, Resolve

_KEBAB = re.compile(r"-([a-z0-9])")
_UPPER = re.compile(r"([A-Z])")


def name(element: Element) -> str:
    """``qti-choice-interaction`` and ``{ns}choiceInteraction`` are both ``choiceInteraction``."""
    tag = str(element.tag).rsplit("}", 1)[-1]  # a comment has a function for its tag
    if tag.startswith("qti-"):
        return _KEBAB.sub(lambda found: found[1].upper(), tag.removeprefix("qti-"))
    return tag


def attribute(element: Element, wanted: str, default: str = "") -> str:
    """An attribute by its name of version 2."""
    found = element.get(wanted)
    if found is None:
        found = element.get(_UPPER.sub(lambda mark: "-" + mark[1].lower(), wanted))
    return default if found is None else found.strip()


def children(element: Element, *wanted: str) -> list[Element]:
    return [child for child in element if name(child) in wanted]


def child(element: Element, wanted: str) -> Element | None:
    return next((one for one in element if name(one) == wanted), None)


def every(element: Element, *wanted: str) -> Iterator[Element]:
    return (one for one in element.iter() if name(one) in wanted)


def value(element: Element) -> str:
    return "".join(element.itertext()).strip()


def decimal(text: str) -> Decimal | None:
    return number(text) if text else None


class Declaration:
    """What a response must be: right values, and what single values earn."""

    def __init__(self, element: Element | None) -> None:
        self.cardinality = self.base = ""
        self.correct: list[str] = []
        self.mapping: dict[str, Decimal] = {}
        self.areas: list[tuple[str, str, Decimal]] = []
        if element is None:
            return
        self.cardinality = attribute(element, "cardinality")
        self.base = attribute(element, "baseType")
        right = child(element, "correctResponse")
        if right is not None:
            self.correct = [text for one in children(right, "value") if (text := value(one))]
        mapping = child(element, "mapping")
        if mapping is not None:
            for one in children(mapping, "mapEntry"):
                self.mapping[attribute(one, "mapKey")] = decimal(attribute(one, "mappedValue")) or Decimal(0)
        areas = child(element, "areaMapping")
        if areas is not None:
            for one in children(areas, "areaMapEntry"):
                worth = decimal(attribute(one, "mappedValue")) or Decimal(0)
                self.areas.append((attribute(one, "shape"), attribute(one, "coords"), worth))

    @property
    def right(self) -> list[str]:
        """The right values: as stated, or those that earn the most where nothing is stated."""
        if self.correct:
            return self.correct
        return [key for key, worth in self.mapping.items() if worth > 0]

    @property
    def accepted(self) -> list[str]:
        """Every text that earns as much as the right one."""
        best = max(self.mapping.values(), default=Decimal(0))
        equal = [key for key, worth in self.mapping.items() if worth == best and worth > 0]
        return list(dict.fromkeys([*self.correct[:1], *equal])) if self.correct or equal else []


#: Stands in the markup where an interaction was.
def placeholder(index: int) -> str:
    return f"\ue030{index}\ue031"


PLACEHOLDER = re.compile("\ue030(\\d+)\ue031")
_HIDDEN = {
    "feedbackInline",
    "feedbackBlock",
    "templateBlock",
    "templateInline",
    "stylesheet",
    "infoControl",
    "rubricBlock",
}


def markup(element: Element, resolve: Resolve, found: list[Element] | None = None) -> Markup:
    """The content of an element; interactions become placeholders and are put into ``found``."""
    out = Markup(resolve)
    _walk(element, out, found)
    return out


def text_of(element: Element, resolve: Resolve, problems: list[str], notes: list[str]) -> str:
    """The content as markup, with what cannot come along."""
    made = markup(element, resolve)
    text = made.done()
    problems += made.problems
    notes += made.notes
    return text


def _walk(element: Element, out: Markup, found: list[Element] | None) -> None:
    out.text(element.text or "")
    for one in element:
        tag = name(one)
        if found is not None and (tag.endswith("Interaction") or tag == "hottext"):
            if tag != "hottext":
                index = len(found)
                found.append(one)
                block = tag not in {"textEntryInteraction", "inlineChoiceInteraction", "endAttemptInteraction"}
                out.raw(f"\n{placeholder(index)}\n" if block else placeholder(index))
        elif tag == "math":
            out.math(one)
        elif tag == "gap":
            out.raw(f"\ue040{attribute(one, 'identifier')}\ue041")
        elif tag in _HIDDEN or callable(one.tag):
            pass
        elif tag == "printedVariable":
            out.raw("{" + attribute(one, "identifier") + "}")
        else:
            out.start(tag.lower(), {key.lower(): text for key, text in one.attrib.items()})
            _walk(one, out, found)
            out.end(tag.lower())
        out.text(one.tail or "")
