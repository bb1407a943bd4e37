"""Model fields for personal data."""

from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.db import models
from django.db.models.query_utils import DeferredAttribute

from zhenxue.kernel import crypto

if TYPE_CHECKING:
    _TextField = models.TextField[str, str]
    _CharField = models.CharField[str, str]
else:
    _TextField = models.TextField  # Django's own takes no parameters
    _CharField = models.CharField


class Sealed:
    """A value as the database holds it; ``str()`` opens it. A ``values()`` query gives these."""

    __slots__ = ("context", "text")

    def __init__(self, text: str, context: str) -> None:
        self.text = text
        self.context = context

    def __str__(self) -> str:
        return crypto.unseal(self.text, context=self.context)

    def __repr__(self) -> str:
        return f"<sealed {self.context}>"


class SealedAttribute(DeferredAttribute):
    """Opens a value when it is first asked for: pages load many people of whom they show only the name."""

    def __get__(self, instance: models.Model | None, cls: type[models.Model] | None = None) -> Any:
        if instance is None:
            return self
        name = self.field.attname
        value = instance.__dict__[name] if name in instance.__dict__ else super().__get__(instance, cls)
        if isinstance(value, Sealed):
            value = instance.__dict__[name] = str(value)
        return value

    def __set__(self, instance: models.Model, value: Any) -> None:
        instance.__dict__[self.field.attname] = value


class SealedTextField(_TextField):
    """Text that is encrypted in the database and plain in Python (``kernel.crypto``); it cannot be searched.

    It is opened when it is first read from its object; a value that does not open raises ``crypto.SealBroken`` then.
    Pair it with a ``BlindIndexField`` where a look-up is needed.
    """

    descriptor_class = SealedAttribute

    @property
    def context(self) -> str:
        return f"{self.model._meta.db_table}.{self.column}"

    def get_prep_value(self, value: Any) -> Any:
        value = super().get_prep_value(value)
        return crypto.seal(value, context=self.context) if value else value

    def to_python(self, value: Any) -> Any:
        return str(value) if isinstance(value, Sealed) else super().to_python(value)

    def from_db_value(self, value: str | None, expression: object, connection: object) -> Sealed | str | None:
        return Sealed(value, self.context) if value else value

    def get_lookup(self, lookup_name: str) -> Any:
        if lookup_name not in {"isnull", "exact"}:
            raise TypeError(f"{self.name} is encrypted; search by its blind index")
        return super().get_lookup(lookup_name)


class BlindIndexField(_CharField):
    """Holds ``crypto.blind_index`` of a sealed field of the same row, empty where that is empty.

    ``of`` names the sealed field; the context is the sealed field's own. Whoever changes that field sets this one to
    ``index_of(plain)``. Look up with ``…__in=crypto.blind_indexes(…)``: while the key is being changed rows lie under
    two. Because the field knows its source, a change of the key finds every index by itself (``kernel.reindexing``). In
    migrations it is an ordinary ``CharField``.
    """

    def __init__(self, *args: Any, of: str, **options: Any) -> None:
        self.of = of
        options.setdefault("max_length", 64)
        super().__init__(*args, **options)

    def deconstruct(self) -> Any:
        name, _, arguments, options = super().deconstruct()
        return name, "django.db.models.CharField", arguments, options

    def clone(self) -> Any:
        """With its source, which a migration does not keep."""
        _, _, arguments, options = self.deconstruct()
        return type(self)(*arguments, of=self.of, **options)

    @property
    def context(self) -> str:
        return self.sealed_field.context

    @property
    def sealed_field(self) -> SealedTextField:
        """The field that this one finds."""
        found = self.model._meta.get_field(self.of)
        if not isinstance(found, SealedTextField):
            raise TypeError(f"{self.model._meta.label}.{self.of} is not sealed")
        return found

    def index_of(self, plain: str) -> str:
        """What this field holds for a plain value, under the newest key."""
        return crypto.blind_index(plain, context=self.context) if plain else ""


def columns_of[T: models.Field[Any, Any]](kind: type[T]) -> list[tuple[type[models.Model], T]]:
    """Every column of this kind of every table, in the order of the models."""
    return [
        (model, field)
        for model in apps.get_models()
        for field in model._meta.concrete_fields
        if isinstance(field, kind)
    ]
