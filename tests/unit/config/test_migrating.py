"""Tables are made at once with what belongs to them."""

from django.db import models
from django.db.migrations import AddConstraint, AddField, AddIndex, CreateModel

from zhenxue.config.migrating import fold


def test_constraints_and_indexes_join_their_table_unless_they_need_a_field_that_comes_later() -> None:
    own = models.CheckConstraint(condition=models.Q(size__gt=0), name="size")
    needy = models.UniqueConstraint(fields=["size", "batch"], name="once_a_batch")
    index, far = models.Index(fields=["size"], name="by_size"), models.Index(fields=["other"], name="elsewhere")
    late = AddField("Box", "batch", models.IntegerField())
    steps = [
        CreateModel("Box", fields=[("size", models.IntegerField())]),
        CreateModel("Lid", fields=[]),
        AddIndex("box", index),
        late,
        AddConstraint("Box", own),
        AddConstraint("Box", needy),
        AddIndex("old", far),
    ]
    box, lid, *left = fold(steps)
    assert isinstance(box, CreateModel)
    assert isinstance(lid, CreateModel)
    assert box.options == {"indexes": [index], "constraints": [own]}
    assert not lid.options
    assert [type(step) for step in left] == [AddField, AddConstraint, AddIndex]
    assert left[0] is late
