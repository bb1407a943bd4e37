"""Face templates against the log: one that was exchanged, edited or brought back in the database is found."""

import hashlib
from collections.abc import Iterator

from zhenxue.evidence import api as evidence
from zhenxue.integrity.models import FaceTemplate

KINDS = ("integrity.face_enrolled", "integrity.face_ended")


def template_digest(vector: str) -> str:
    """What the log holds of a template: nobody gets back to the face from it."""
    return hashlib.sha256(f"zhenxue face template v1|{vector}".encode()).hexdigest()


def verify_faces() -> Iterator[evidence.Finding]:
    """Every template must be the one that was enrolled, and ended exactly where the log says so."""
    enrolled: dict[int, evidence.LoggedBody] = {}
    ended: dict[int, evidence.LoggedBody] = {}
    for entry in evidence.iterate_bodies(kinds=KINDS):
        (enrolled if entry.kind == KINDS[0] else ended)[entry.body["template"]] = entry
    for row in FaceTemplate.objects.order_by("pk").iterator():
        own, end = enrolled.get(row.pk), ended.get(row.pk)
        enrolled.pop(row.pk, None)
        if own is None:
            yield _finding(f"模板 {row.pk} 没有登记的存证", None)
            continue
        if own.subject != f"person:{row.person_id}":
            yield _finding(f"模板 {row.pk} 换了人", own.number)
        if row.ended_at is None:
            logged = own.body.get("digest")
            if logged is not None and logged != template_digest(row.vector):
                yield _finding(f"模板 {row.pk} 的人脸特征和登记时不一致", own.number)
            if end is not None:
                yield _finding(f"模板 {row.pk} 存证里已停用，现在又在使用", end.number)
        elif end is None:
            yield _finding(f"模板 {row.pk} 已停用，没有存证", entry.number)
    for missing, entry in enrolled.items():
        yield _finding(f"模板 {missing} 缺失", entry.number)


def _finding(text: str, number: int | None) -> evidence.Finding:
    return evidence.Finding(evidence.Fault.PROJECTION, f"integrity_facetemplate：{text}", number)
