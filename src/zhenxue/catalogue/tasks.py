"""Background work of the catalogue; queue ``media`` is for what keeps a processor busy."""

import datetime as dt
from typing import Any

from django.dispatch import receiver
from django.tasks import task

from zhenxue.catalogue import signals
from zhenxue.catalogue.operations import videos
from zhenxue.kernel import clock


@task(queue_name="media")
def process_video(material_id: int) -> str:
    """Turns one waiting video into HLS."""
    return str(videos.process_video(material_id=material_id, clock=clock.now) or "")


@receiver(signals.video_waiting)
def enqueue_video(sender: object, *, material_id: int, **more: Any) -> None:
    """Queues a waiting video in the transaction of the change."""
    process_video.enqueue(material_id)


def rescue_videos(now: dt.datetime) -> None:
    """Queues videos again whose worker died or whose task was lost (a periodic job)."""
    for material_id in videos.rescue_videos(now=now):
        process_video.enqueue(material_id)
