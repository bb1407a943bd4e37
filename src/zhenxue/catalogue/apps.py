"""Registration only."""

from django.apps import AppConfig


class CatalogueConfig(AppConfig):
    name = "zhenxue.catalogue"
    label = "catalogue"
