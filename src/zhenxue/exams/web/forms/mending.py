"""The form of one item of an import: what was read of it, to be put right."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any, NamedTuple

from django import forms
from django.forms import BoundField
from django.http import QueryDict

from zhenxue.exams.data import Kind
from zhenxue.exams.formats import Written, words
from zhenxue.exams.formats.draft import LETTERS, MOST_EXPLANATION, MOST_OPTION, MOST_STEM
from zhenxue.exams.web.forms.editors import LEVELS, FilesField
from zhenxue.kernel.web.fields import area, text

KINDS = [("", "按内容判断"), *((one.label, one.label) for one in Kind)]
PARTS = [choice for choice in KINDS if choice[0] != Kind.CASE.label]
MOST_PARTS = 20
LEAST_OPTIONS = 4
SPARE_OPTIONS = 2
#: Longer than any rule allows: what is too long is told by the rules, not cut off by the form.
ROOM = 4
RUBRIC_HINT = "简答题每行一条：要点（2分）；实操题每行一步：断电（10分）。"
_PART = re.compile(r"^[\s└├]*(?:小题|子题|案例小题)\s*\d*\s*[:：、\-]?\s*")
_MORE = frozenset({"explanation", "rubric", "settings"})
_LINE = ("stem", "answer", "explanation", "score", "rubric", "settings")
#: Of what a refusal speaks: the first of these words in it names the field where it is shown.
_WORDS = {
    "题型": "kind", "小题": "kind", "题干": "stem", "公式": "stem", "选项": "options", "答案": "answer", "空": "answer",
    "区域": "answer", "解析": "explanation", "评分标准": "rubric", "步骤": "rubric", "分值": "score", "图片": "uploads",
    "设置": "settings", "参数": "settings", "两边": "options", "两项": "options",
}  # fmt: skip


def _options(count: int, label: str) -> dict[str, forms.CharField]:
    return {
        f"option-{letter}": area(f"{label}{letter}", required=False, rows=1, longest=MOST_OPTION * ROOM)
        for letter in LETTERS[:count]
    }


def _shared() -> dict[str, forms.Field]:
    return {
        "answer": area("答案", required=False, rows=1, longest=MOST_STEM),
        "score": text("分值", 40, required=False, inputmode="decimal"),
        "explanation": area("解析", required=False, rows=2, longest=MOST_EXPLANATION * ROOM),
        "rubric": area("评分标准", RUBRIC_HINT, required=False, rows=2),
        "settings": text("设置", 2000, "例如：单位=mm；顺序不限；行数=5。多数题不用填。", required=False),
    }


class ShownPart(NamedTuple):
    """One question of a case as the template shows it; ``more`` stands open where it holds something."""

    main: list[BoundField]
    more: list[BoundField]
    is_open: bool


class MendForm(forms.Form):
    """One item as a row of the template. Whether it is a good question is asked of the rules of the file alone: nothing
    is required here, and nothing is decided."""

    def __init__(self, data: QueryDict, files: Any = None) -> None:
        super().__init__(data, files, auto_id="mend-%s")
        self.fields["kind"] = forms.ChoiceField(label="题型", choices=KINDS, required=False)
        stem_hint = "图片写成 ![说明](file:文件名)，公式写成 $公式$，填空用 ____。"
        self.fields["stem"] = area("题干", stem_hint, required=False, rows=3, longest=MOST_STEM * ROOM)
        given = [letter for letter in LETTERS if data.get(f"option-{letter}", "").strip()]
        last = LETTERS.index(given[-1]) + 1 if given else 0
        self.letters = LETTERS[: max(LEAST_OPTIONS, last + SPARE_OPTIONS)]
        self.fields |= _options(len(self.letters), "选项") | _shared()
        self.fields |= {
            "difficulty": forms.ChoiceField(label="难度", choices=[("", "没有写"), *LEVELS], required=False),
            "point": text("考核点", 340, "填编号或名称，按标准里的写法；不填也可以。", required=False, list="points"),
            "source": text("来源", 120, required=False),
            "uploads": FilesField("补上图片或音视频", "题干里没有写到的文件，会放到题干末尾。"),
        }
        self.parts = self._count_parts(data)
        for at in range(self.parts):
            self._add_part(at, data)
        self.order_fields([name for name in self.fields if not name.startswith("part-")])

    def _count_parts(self, data: QueryDict) -> int:
        """Those that hold something, and an empty one of a case."""
        filled = [at for at in range(MOST_PARTS) if any(data.get(f"part-{at}-{name}", "").strip() for name in _LINE)]
        if data.get("kind") != Kind.CASE.label and not filled:
            return 0
        return min((filled[-1] + 1 if filled else 0) + 1, MOST_PARTS)

    def _add_part(self, at: int, data: QueryDict) -> None:
        begin = f"part-{at}-"
        given = [letter for letter in LETTERS if data.get(f"{begin}option-{letter}", "").strip()]
        count = max(LEAST_OPTIONS, LETTERS.index(given[-1]) + 1 + SPARE_OPTIONS if given else 0)
        made: dict[str, forms.Field] = {
            "kind": forms.ChoiceField(label="题型", choices=PARTS, required=False),
            "stem": area("题干", required=False, rows=2, longest=MOST_STEM * ROOM),
            **_options(min(count, len(LETTERS)), "选项"),
            **_shared(),
        }
        for name, field in made.items():
            self.fields[f"{begin}{name}"] = field

    @classmethod
    def of(cls, written: Written, problems: Iterable[str] = ()) -> "MendForm":
        """The form filled with what was read, with what is wrong where it is wrong."""
        data = QueryDict(mutable=True)
        data.update(_typed(written))
        for at, part in enumerate(written.parts[:MOST_PARTS]):
            data.update({f"part-{at}-{name}": value for name, value in _typed(part).items()})
        form = cls(data)
        form.refuse(problems)
        return form

    def refuse(self, problems: Iterable[str]) -> None:
        """Says each problem at the field it speaks of, or on top."""
        self.is_valid()
        for problem in problems:
            at = re.match(r"小题 (\d{1,2})：", problem)
            if (
                at is None
                and self.parts
                and re.match(r"[^：]{1,60}第 \d+ [行题][^：]*：|第 \d+ [行题][^：]*：", problem)
            ):
                self.add_error(None, problem)  # of a part, told by its line in the file
                continue
            begin = f"part-{int(at[1]) - 1}-" if at else ""
            name = f"{begin}{_field_of(problem[at.end() :] if at else problem)}"
            name = name if name != f"{begin}options" else f"{begin}option-A"
            self.add_error(name if name in self.fields else None, problem)

    def written(self) -> Written:
        """What was typed; of a valid form."""
        parts = [_written(self.cleaned_data, f"part-{at}-") for at in range(self.parts)]
        return _written(self.cleaned_data, "", tuple(one for one in parts if one != Written(one.kind)))

    @property
    def heads(self) -> list[BoundField]:
        return [self["kind"], self["stem"]]

    @property
    def options(self) -> list[BoundField]:
        return [self[f"option-{letter}"] for letter in self.letters]

    @property
    def options_open(self) -> bool:
        """Whether the options show at once: where there are some, or the kind asks for them."""
        kind = words.kind_of(str(self["kind"].value() or ""))
        asks = kind in {None, Kind.SINGLE, Kind.MULTIPLE, Kind.MATCHING, Kind.ORDERING}
        return asks or any(one.value() for one in self.options) or bool(self["option-A"].errors)

    @property
    def middle(self) -> list[BoundField]:
        return [self[name] for name in ("answer", "score", "difficulty", "point")]

    @property
    def more(self) -> list[BoundField]:
        return [self[name] for name in ("explanation", "rubric", "settings", "source", "uploads")]

    @property
    def more_open(self) -> bool:
        """Whether what is seldom needed shows at once."""
        told = any(self[name].value() for name in ("rubric", "settings"))
        return told or any(one.errors for one in self.more)

    @property
    def shown_parts(self) -> list[ShownPart]:
        """The questions of a case, the fields of each."""
        found = []
        for at in range(self.parts):
            begin = f"part-{at}-"
            names = [name for name in self.fields if name.startswith(begin)]
            more = [self[name] for name in names if name.removeprefix(begin) in _MORE]
            main = [self[name] for name in names if name.removeprefix(begin) not in _MORE]
            found.append(ShownPart(main, more, any(one.value() or one.errors for one in more)))
        return found


def _field_of(problem: str) -> str:
    found = sorted((problem.index(word), name) for word, name in _WORDS.items() if word in problem)
    return found[0][1] if found else ""


def _typed(written: Written) -> dict[str, str]:
    """A line as the form's fields hold it; a word that means no kind or level leaves the choice open."""
    kind = words.kind_of(_PART.sub("", written.kind))
    level = words.level(written.difficulty)
    typed = {one.name: str(getattr(written, one.name)) for one in fields(Written)}
    del typed["options"], typed["parts"]
    typed["settings"] = "；".join(one.strip() for one in written.settings.splitlines())  # a field of one line
    typed |= {f"option-{letter}": option for letter, option in zip(LETTERS, written.options, strict=False)}
    return typed | {"kind": kind.label if kind else "", "difficulty": str(level or "")}


def _written(data: Mapping[str, Any], begin: str, parts: tuple[Written, ...] = ()) -> Written:
    options = [str(data.get(f"{begin}option-{letter}") or "").strip() for letter in LETTERS]
    while options and not options[-1]:
        options.pop()
    names = [one.name for one in fields(Written) if one.name not in {"options", "parts"}]
    typed = {name: str(data.get(f"{begin}{name}") or "").strip().replace("\r\n", "\n") for name in names}
    return Written(**typed, options=tuple(options), parts=parts)
