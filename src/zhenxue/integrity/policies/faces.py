"""Who may enrol, confirm and end a face: ``check_…`` raises with the reason."""

from zhenxue.identity import api as identity
from zhenxue.identity.data import Actor, Role
from zhenxue.integrity.data import TemplateEnd
from zhenxue.integrity.models import PendingFace
from zhenxue.integrity.queries.faces import visible_pending
from zhenxue.kernel.errors import NotFound, Refused

CONSENT = "face"


def check_can_enrol(actor: Actor, person_id: int) -> None:
    """One's own face, as a learner, with the consent that face data has apart from everything else."""
    if not actor.is_learner or actor.person_id != person_id:
        raise Refused("integrity.own_face", "人脸只能由学员本人登记。")
    if not identity.has_consent(person_id, CONSENT):
        raise Refused("integrity.no_consent", "登记人脸要先单独同意使用人脸信息；不同意也可以用其他方式核验。")


def check_can_confirm_face(actor: Actor, pending: PendingFace) -> None:
    """A manager of a provider where the learner is enrolled; nobody for oneself."""
    if actor.role is not Role.PROVIDER_MANAGER or not visible_pending(actor).filter(pk=pending.pk).exists():
        raise NotFound("integrity.no_pending_face", "没有找到这次登记。")
    if actor.person_id == pending.person_id:
        raise Refused("integrity.own_pending_face", "不能确认自己的登记，请由机构其他管理员办理。")


def check_can_end_template(actor: Actor, person_id: int, reason: TemplateEnd) -> None:
    """The person withdraws; everything else is the system's."""
    if actor.role is Role.SYSTEM:
        return
    if reason is not TemplateEnd.WITHDRAWN or actor.person_id != person_id:
        raise Refused("integrity.own_face", "人脸登记只能由学员本人撤回。")
