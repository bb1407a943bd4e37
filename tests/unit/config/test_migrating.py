"""Tables are made at once with what belongs to them."""

from typing import Any

from django.db import models
from django.db.migrations import AddConstraint, AddField, AddIndex, CreateModel
from django.db.migrations.state import ModelState, ProjectState, StateApps

from zhenxue.config.migrating import fold, new_models_alone


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


def test_a_new_model_joins_the_rendered_ones_and_a_changed_one_is_rendered_with_all_around_it() -> None:
    def add(name: str, **fields: models.Field[Any, Any]) -> None:
        state.add_model(ModelState("attic", name, [("id", models.BigAutoField(primary_key=True)), *fields.items()]))

    def model(name: str) -> Any:
        return state.apps.get_model("attic", name)

    def related(name: str) -> set[str]:
        return {one.related_model.__name__ for one in model(name)._meta.related_objects}

    state, plain = ProjectState(), ProjectState.reload_model
    with new_models_alone():
        assert not list(state.apps.get_models())
        add("Box")
        box = model("box")
        assert related("box") == set()
        add("Lid", box=models.ForeignKey("attic.Box", models.PROTECT), like=models.ForeignKey("self", models.PROTECT))
        add("Shelf", boxes=models.ManyToManyField("attic.Box"))
        assert model("box") is box, "what stands is not made again"
        assert related("box") == {"Lid", "Shelf"}
        earlier, lid = state.clone(), model("lid")
        state.add_field("attic", "box", "size", models.IntegerField(default=0), True)
    assert ProjectState.reload_model is plain
    assert model("box")._meta.get_field("size").default == 0
    assert model("lid")._meta.get_field("box").related_model is model("box")
    assert (earlier.apps.get_model("attic", "box"), lid._meta.get_field("box").related_model) == (box, box), "is kept"
    fresh = StateApps(set(), state.models).get_models(include_auto_created=True)
    assert {one.__name__ for one in fresh} == {"Box", "Lid", "Shelf", "Shelf_boxes"}
    for one in fresh:
        ours = model(one.__name__)._meta
        assert sorted(map(str, ours.get_fields())) == sorted(map(str, one._meta.get_fields()))
