"""Plain shapes that every floor may use; standard library only."""

import enum
from collections.abc import Mapping
from typing import Self


class Labelled(enum.StrEnum):
    """A string enum whose members carry the Chinese word shown to people: ``DRAFT = "draft", "草稿"``."""

    label: str

    def __new__(cls, value: str, label: str = "") -> Self:
        member = str.__new__(cls, value)
        member._value_ = value
        member.label = label or value
        return member

    @classmethod
    def choices(cls) -> list[tuple[str, str]]:
        """Pairs of stored value and label, for a model field or a form."""
        return [(member.value, member.label) for member in cls]


def states_before[S: enum.Enum](machine: Mapping[S, frozenset[S]], state: S) -> list[S]:
    """The states of a machine from which this one is reached: what a row must be in to be moved there."""
    return [start for start, ends in machine.items() if state in ends]


class UploadState(Labelled):
    OPEN = "open", "上传中"
    COMPLETE = "complete", "已传完"
    TAKEN = "taken", "已使用"


UPLOAD_TRANSITIONS: dict[UploadState, frozenset[UploadState]] = {
    UploadState.OPEN: frozenset({UploadState.COMPLETE}),
    UploadState.COMPLETE: frozenset({UploadState.TAKEN}),
    UploadState.TAKEN: frozenset(),
}
