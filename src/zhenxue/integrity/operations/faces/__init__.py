"""Faces: jobs for the engine, templates, pictures, their deletion. Nothing in here imports the engine itself but
``working``, which only the engine's process imports."""

from zhenxue.integrity.operations.faces.files import open_capture, open_frames
from zhenxue.integrity.operations.faces.jobs import claim_job, close_job, expire_late, on_judged, submit_job, take_up
from zhenxue.integrity.operations.faces.templates import (
    Enrolled,
    confirm_face,
    end_template,
    enrol,
    settle_enrolment,
)
from zhenxue.integrity.operations.faces.tidying import (
    ask_for_duplicates,
    drop_pictures_of,
    schedule_deletion,
    tidy_faces,
)

__all__ = [
    "Enrolled",
    "ask_for_duplicates",
    "claim_job",
    "close_job",
    "confirm_face",
    "drop_pictures_of",
    "end_template",
    "enrol",
    "expire_late",
    "on_judged",
    "open_capture",
    "open_frames",
    "schedule_deletion",
    "settle_enrolment",
    "submit_job",
    "take_up",
    "tidy_faces",
]
