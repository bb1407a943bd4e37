"""List pages: search, filter, sort and page a queryset by the address bar, in a constant number of queries (two)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from operator import or_
from typing import Any
from urllib.parse import urlencode

from django.core.paginator import Page, Paginator
from django.db.models import Count, Q, QuerySet, Value
from django.http import HttpRequest

from zhenxue.kernel.prepared import Prepared

SIZES = (20, 50, 100, 200)
OWN_PARAMS = frozenset({"q", "sort", "page", "size"})

type Apply = Callable[[QuerySet[Any], str], QuerySet[Any]]


@dataclass(frozen=True, slots=True)
class Filter:
    """A choice above the list: ``?param=value`` keeps the rows whose ``field`` equals the value.

    ``apply`` replaces the plain comparison. Values that are not among ``choices`` are ignored.
    """

    param: str
    label: str
    choices: Sequence[tuple[str, str]]
    field: str = ""
    apply: Apply | None = None

    def narrow(self, rows: QuerySet[Any], value: str) -> QuerySet[Any]:
        if self.apply is not None:
            return self.apply(rows, value)
        return rows.filter(**{self.field or self.param: value})


@dataclass(frozen=True, slots=True)
class FilterState:
    """A filter with what is chosen now, as ``ui/list_tools.html`` shows it."""

    param: str
    label: str
    value: str
    options: list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Chip:
    """One condition in force and the query string without it."""

    label: str
    remove: str


@dataclass(frozen=True, slots=True)
class Filled:
    """A shelf with its values (whose list it is, say): what ``Listing`` takes in place of a queryset."""

    shelf: "Shelf"
    values: tuple[Any, ...]

    def all(self) -> QuerySet[Any, Any]:
        """The whole list as a queryset, to be searched and filtered."""
        return self.shelf.build(*self.values)

    def first(self, sort: str, size: int) -> list[Any]:
        """The first page, in the order of ``sort``."""
        return self.shelf.first((sort, size), *self.values)

    def count(self) -> int:
        """How many rows there are."""
        return sum(self.shelf.count(*self.values))  # no row where nobody may see any


class Shelf:
    """A long list by its ``build`` (``kernel.prepared``): what nearly everybody asks for, the first page of all of it,
    is prepared, and so is the count."""

    def __init__(self, build: Callable[..., QuerySet[Any, Any]]) -> None:
        self.build = build
        self.first = Prepared[Any](lambda how, *values: in_order(build(*values), how[0])[: how[1]])
        self.count = Prepared[int](
            lambda *values: (
                build(*values).order_by().values(all=Value(1)).annotate(n=Count("*")).values_list("n", flat=True)
            )
        )

    def __call__(self, *values: Any) -> Filled:
        return Filled(self, values)


def in_order(rows: QuerySet[Any, Any], sort: str) -> QuerySet[Any, Any]:
    """Rows by a field (``-field``: descending) and then by their number; without one in their own order, else newest
    first."""
    if sort:
        return rows.order_by(sort, "-pk" if sort.startswith("-") else "pk")
    return rows if rows.ordered else rows.order_by("-pk")


class Listing:
    """One page of a queryset or a filled ``Shelf`` as the address asks: ``q``, ``sort``, ``page``, ``size`` and the
    filters' own parameters.

    ``search`` is a sequence of fields that must contain every word of ``q``, or a function that narrows by it (for
    blind indexes). ``sorts`` maps a model field to its Chinese heading; ``-field`` is descending. Unknown or broken
    values are ignored, so an old bookmark never fails. Other parameters of the address are kept.
    """

    def __init__(
        self,
        request: HttpRequest,
        shown: QuerySet[Any] | Filled,
        *,
        search: Sequence[str] | Apply = (),
        filters: Sequence[Filter] = (),
        sorts: Mapping[str, str] | None = None,
        default_sort: str = "",
        size: int = 50,
        search_label: str = "搜索",
    ) -> None:
        self.query = request.GET
        self.path = request.path
        self.sorts = dict(sorts or {})
        self.search_label = search_label
        self.can_search = bool(search)
        self.q = self.query.get("q", "").strip()[:100].replace("\x00", "") if search else ""
        self.sort = self._chosen_sort(default_sort)
        self.size = self._chosen_size(size)
        self.sizes = sorted({*SIZES, size})
        self._filters = filters
        self.filter_values = {one.param: self._chosen(one) for one in filters}
        self._shown = shown
        self._search = search

    def _chosen_sort(self, default: str) -> str:
        asked = self.query.get("sort", "")
        return asked if asked.removeprefix("-") in self.sorts else default

    def _chosen_size(self, default: int) -> int:
        asked = self.query.get("size", "")
        return next((size for size in {*SIZES, default} if str(size) == asked), default)

    def _chosen(self, one: Filter) -> str:
        value = self.query.get(one.param, "")
        return value if any(str(choice) == value for choice, _ in one.choices) else ""

    @cached_property
    def queryset(self) -> QuerySet[Any]:
        """All rows that were asked for, in their order."""
        rows = self._shown.all() if isinstance(self._shown, Filled) else self._shown
        for one in self._filters:
            if value := self.filter_values[one.param]:
                rows = one.narrow(rows, value)
        if self.q:
            if callable(self._search):
                rows = self._search(rows, self.q)
            else:
                for word in self.q.split():
                    condition = Q()
                    for name in self._search:
                        condition = or_(condition, Q(**{f"{name}__icontains": word}))
                    rows = rows.filter(condition)
        return in_order(rows, self.sort)

    @cached_property
    def _whole(self) -> Filled | None:
        """The shelf, where nothing of it is left out."""
        return self._shown if isinstance(self._shown, Filled) and not self.narrowed else None

    @cached_property
    def page(self) -> Page[Any]:
        """Django's page; a number past the end answers the last page."""
        rows = range(self._whole.count()) if self._whole else self.queryset
        return Paginator(rows, self.size).get_page(self.query.get("page", "1"))

    @cached_property
    def rows(self) -> list[Any]:
        """The objects of this page, fetched once."""
        if self._whole is None:
            return list(self.page.object_list)
        if self.page.number == 1:
            return self._whole.first(self.sort, self.size)
        return list(self.queryset[self.page.start_index() - 1 : self.page.end_index()])

    @cached_property
    def total(self) -> int:
        """How many rows match."""
        return self.page.paginator.count

    @property
    def narrowed(self) -> bool:
        """Whether a search or filter is in force (an empty list then means "nothing found", not "nothing there")."""
        return bool(self.q or any(self.filter_values.values()))

    @property
    def filters(self) -> list[FilterState]:
        """The filters with their present values."""
        return [
            FilterState(
                one.param, one.label, self.filter_values[one.param], [(str(v), label) for v, label in one.choices]
            )
            for one in self._filters
        ]

    @property
    def chips(self) -> list[Chip]:
        """The conditions in force, each with the way to lift it."""
        found = [Chip(f"搜索：{self.q}", self.without("q"))] if self.q else []
        for state in self.filters:
            for value, label in state.options:
                if state.value and value == state.value:
                    found.append(Chip(f"{state.label}：{label}", self.without(state.param)))
        return found

    @property
    def querystring(self) -> str:
        """The present query string without the page number."""
        return self.without()

    @property
    def hidden(self) -> list[tuple[str, str]]:
        """Parameters of the address that the tools do not own; forms carry them along."""
        own = OWN_PARAMS | {one.param for one in self._filters}
        return [(key, value) for key in self.query if key not in own for value in self.query.getlist(key)]

    @cached_property
    def _asked(self) -> dict[str, list[str]]:
        """The address's parameters without the page number."""
        return {key: several for key, several in self.query.lists() if key != "page"}

    def without(self, *names: str) -> str:
        """The query string without some parameters (and always without the page number)."""
        return self.with_(**dict.fromkeys(names, ""))

    def with_(self, **values: str | int) -> str:
        """The query string (``?a=b``) with some parameters set; an empty value removes one; the page starts anew."""
        asked = dict(self._asked)
        for key, value in values.items():
            if value == "":
                asked.pop(key, None)
            else:
                asked[key] = [str(value)]
        return f"?{urlencode([(key, value) for key, several in asked.items() for value in several])}"

    def page_links(self) -> list[tuple[str, str]]:
        """Page numbers around the present one with their query strings; an ellipsis has an empty one."""
        found = []
        for number in self.page.paginator.get_elided_page_range(self.page.number, on_each_side=2, on_ends=1):
            found.append((str(number), self.with_(page=number) if isinstance(number, int) else ""))
        return found

    @property
    def previous(self) -> str:
        return self.with_(page=self.page.previous_page_number()) if self.page.has_previous() else ""

    @property
    def next(self) -> str:
        return self.with_(page=self.page.next_page_number()) if self.page.has_next() else ""

    @property
    def size_links(self) -> list[tuple[int, str]]:
        return [(size, self.with_(size=size)) for size in self.sizes]
