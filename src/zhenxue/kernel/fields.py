"""Model fields for personal data."""

from typing import Any

from django.db import models

from zhenxue.kernel import crypto


class SealedTextField(models.TextField[str, str]):
    """Text that is encrypted in the database and plain in Python (``kernel.crypto``); it cannot be searched.

    Pair it with a ``CharField(max_length=64)`` that holds ``crypto.blind_index`` where a look-up is needed.
    """

    @property
    def context(self) -> str:
        return f"{self.model._meta.db_table}.{self.column}"

    def get_prep_value(self, value: Any) -> Any:
        value = super().get_prep_value(value)
        return crypto.seal(value, context=self.context) if value else value

    def from_db_value(self, value: str | None, expression: object, connection: object) -> str | None:
        return crypto.unseal(value, context=self.context) if value else value

    def get_lookup(self, lookup_name: str) -> Any:
        if lookup_name not in {"isnull", "exact"}:
            raise TypeError(f"{self.name} is encrypted; search by its blind index")
        return super().get_lookup(lookup_name)
