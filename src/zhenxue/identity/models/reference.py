"""Regions and the rules that are in force in them."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from zhenxue.identity.data import RegionLevel


class Region(models.Model):
    """An administrative division (GB/T 2260); a code covers all codes that start with it."""

    code = models.CharField("行政区划代码", max_length=6, primary_key=True)
    name = models.CharField("名称", max_length=60)
    level = models.CharField("级别", max_length=10, choices=RegionLevel.choices())
    parent = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="+")

    def __str__(self) -> str:
        return self.name


class RuleSet(models.Model):
    """Numbers that a regulation sets for a region, as one version with its source and period (never constants in
    code).

    ``programme_kind`` is a word of ``training`` (its kinds of programmes) or empty for all kinds.
    """

    region = models.ForeignKey(Region, models.PROTECT, related_name="+")
    programme_kind = models.CharField("适用项目类别", max_length=20, blank=True, default="")
    version = models.CharField("版本", max_length=40)
    valid_from = models.DateField("起效日")
    valid_until = models.DateField("失效日", null=True, blank=True)
    source = models.CharField("依据", max_length=200)
    rules = models.JSONField("规则")  # {key: {"value": int, "unit": str, "source": str}}
    created_at = models.DateTimeField("登记时间")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["region", "programme_kind", "version"], name="identity_ruleset_kind_version"
            ),
            models.CheckConstraint(
                condition=Q(valid_until__isnull=True) | Q(valid_until__gt=models.F("valid_from")),
                name="identity_ruleset_period",
            ),
        ]
