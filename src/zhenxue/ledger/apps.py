"""Registration only."""

from django.apps import AppConfig


class LedgerConfig(AppConfig):
    name = "zhenxue.ledger"
    label = "ledger"
