"""Background work of the catalogue; queue ``media`` is for what keeps a processor busy."""

import datetime as dt
from typing import Any

from django.dispatch import receiver
from django.tasks import task

from zhenxue.catalogue import signals
from zhenxue.catalogue.data import MaterialState
from zhenxue.catalogue.operations import videos
from zhenxue.kernel import clock

WATCH_AFTER = dt.timedelta(minutes=3)


@task(queue_name="media")
def process_video(material_id: int) -> str:
    """Turns one waiting video into HLS."""
    return str(videos.process_video(material_id=material_id, clock=clock.now) or "")


@task
def watch_video(material_id: int) -> str:
    """Sees to a video whose worker died or whose task was lost; looks again until the video is ready or has failed."""
    state = videos.rescue_video(material_id=material_id, now=clock.now())
    if state == MaterialState.UPLOADED and not videos.any_in_work():
        process_video.enqueue(material_id)
    if state in {MaterialState.UPLOADED, MaterialState.PROCESSING}:
        _watch_later(material_id)
    return str(state or "")


@receiver(signals.video_waiting)
def enqueue_video(sender: object, *, material_id: int, **more: Any) -> None:
    """Queues a waiting video in the transaction of the change, and a look after it should it stall."""
    process_video.enqueue(material_id)
    _watch_later(material_id)


def _watch_later(material_id: int) -> None:
    if watch_video.get_backend().supports_defer:
        watch_video.using(run_after=clock.now() + WATCH_AFTER).enqueue(material_id)
