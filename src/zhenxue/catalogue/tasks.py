"""Background work of the catalogue; queue ``media`` is for what keeps a processor busy."""

import datetime as dt
from typing import Any

from django.dispatch import receiver
from django.tasks import task

from zhenxue.catalogue import signals
from zhenxue.catalogue.operations import documents, processing, videos
from zhenxue.kernel import clock


@task(queue_name="media")
def process_material(material_id: int) -> str:
    """Turns one waiting video into HLS, or one waiting PDF into pictures of its pages; gives the state reached."""
    for process in (videos.process_video, documents.process_document):
        state = process(material_id=material_id, clock=clock.now)
        if state is not None:
            return str(state)
    return ""


@receiver(signals.material_waiting)
def enqueue_material(sender: object, *, material_id: int, **more: Any) -> None:
    """Queues a waiting video or document in the transaction of the change."""
    process_material.enqueue(material_id)


def rescue_materials(now: dt.datetime) -> None:
    """Queues materials again whose worker died or whose task was lost (a periodic job)."""
    for material_id in processing.rescue_materials(now=now):
        process_material.enqueue(material_id)
