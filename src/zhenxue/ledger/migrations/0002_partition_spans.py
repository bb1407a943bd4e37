"""PostgreSQL: spans lie in one partition a civil month (of ``day``); the rows that are there stay."""

from django.db import migrations

from zhenxue.kernel import clock, partitions

SPANS = partitions.Monthly("ledger_span", "day")


def install(apps, schema_editor):
    partitions.install(SPANS, now=clock.now())


def remove(apps, schema_editor):
    partitions.remove(SPANS)


class Migration(migrations.Migration):
    dependencies = [("ledger", "0001_initial")]
    operations = [migrations.RunPython(install, remove)]
