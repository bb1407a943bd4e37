"""Django's backend for PostgreSQL with kept plans: a statement is read and planned once a connection, not every time.

Values travel beside the statement (server-side binding), each with a type. Django takes the type of a number from the
field beside it, so ``F("seconds") - 1_790_000_000_000`` would go as int4, and psycopg cuts it off there without a word.
Here a number that its type cannot hold goes as the next type that can. See docs/decisions/0014-kept-plans.md.
"""

from typing import Any, Final

from django.db.backends.postgresql import base, operations
from psycopg.types.numeric import Int2, Int4, Int8

#: A connection keeps so many statements with their plans.
MOST_KEPT: Final = 500
#: How many bits beside the sign.
BITS: Final[dict[type[int], int]] = {Int2: 15, Int4: 31, Int8: 63}


class DatabaseOperations(operations.DatabaseOperations):
    """Whole numbers go as a type that holds them."""

    def adapt_integerfield_value(self, value: Any, internal_type: str) -> Any:
        """The value with its type: that of the field, or a wider one; beyond int8 a plain number (sent as numeric)."""
        adapted = super().adapt_integerfield_value(value, internal_type)
        if type(adapted) not in BITS or _holds(type(adapted), adapted):
            return adapted
        return next((wider(adapted) for wider in (Int4, Int8) if _holds(wider, adapted)), int(adapted))


class DatabaseWrapper(base.DatabaseWrapper):
    """What ``ENGINE: zhenxue.kernel.postgres`` names."""

    ops_class = DatabaseOperations

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        connection = super().get_new_connection(conn_params)
        connection.prepared_max = MOST_KEPT
        return connection


def _holds(kind: type[int], number: int) -> bool:
    limit = 1 << BITS[kind]
    return -limit <= number < limit
