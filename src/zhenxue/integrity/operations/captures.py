"""Pictures of a camera in an incident: blurred for everybody who works on it, clear with the right and a reason."""

import datetime as dt
import io

from django.db import transaction
from PIL import Image, ImageFilter

from zhenxue.evidence import api as evidence
from zhenxue.identity import api as identity
from zhenxue.identity.data import Actor
from zhenxue.integrity.operations.faces.files import open_capture
from zhenxue.integrity.policies import incidents as policies
from zhenxue.integrity.queries import incidents as queries
from zhenxue.kernel.errors import Refused

#: So few columns of light are left of a picture that no face can be told in it, however it is made larger.
COLUMNS, SHOWN = 14, 168


def blurred_capture(*, actor: Actor, incident_id: int, capture_id: int) -> bytes:
    """A JPEG that shows light and place, not who; it is made here and holds nothing of the rest."""
    content = open_capture(queries.get_capture(actor, incident_id, capture_id))
    with Image.open(io.BytesIO(content), formats=("JPEG", "PNG")) as picture:
        picture.draft("RGB", (COLUMNS * 8, COLUMNS * 8))
        small = picture.convert("RGB")
    height = max(1, round(small.height * COLUMNS / small.width))
    tiny = small.resize((COLUMNS, height), Image.Resampling.BOX)
    large = tiny.resize((SHOWN, round(SHOWN * height / COLUMNS)), Image.Resampling.BICUBIC)
    out = io.BytesIO()
    large.filter(ImageFilter.GaussianBlur(6)).save(out, "JPEG", quality=60)
    return out.getvalue()


def clear_capture(*, actor: Actor, incident_id: int, capture_id: int, reason: str, now: dt.datetime) -> bytes:
    """The picture as it was taken; the reason and the act go into the evidence. Raises ``Refused`` without the
    right."""
    if not policies.may_see_faces(actor):
        raise Refused("integrity.unmask", "您没有查看核验照片原图的权限，模糊图足够办理时请不要查看原图。")
    incident = queries.get_incident(actor, incident_id)
    capture = queries.get_capture(actor, incident_id, capture_id)
    why = identity.check_reason(reason)
    content = open_capture(capture)
    with transaction.atomic():
        evidence.record(
            kind="integrity.capture_unmasked",
            actor=actor,
            subject=f"person:{capture.person_id}",
            about=[f"incident:{incident.pk}", f"cohort:{incident.cohort_id}"],
            body={"incident": incident.pk, "capture": capture.pk, "sha256": capture.sha256, "reason": why},
            now=now,
        )
    return content
