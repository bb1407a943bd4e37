"""Documents that were ready before there were pictures of their pages wait for them now; the periodic job queues them."""

from django.db import migrations, models


def wait(apps, schema_editor):
    ready = apps.get_model("catalogue", "Material").objects.filter(kind="document", state="ready")
    ready.update(state="uploaded", progress=0, heartbeat_at=models.F("created_at"))


class Migration(migrations.Migration):
    dependencies = [("catalogue", "0003_document_pages")]
    operations = [migrations.RunPython(wait, migrations.RunPython.noop)]
