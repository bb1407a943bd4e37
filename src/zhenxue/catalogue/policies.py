"""Who may do what with materials, standards and courses: ``check_…`` raises the reason, ``can_…`` is for the button."""

from zhenxue.catalogue.data import EDITABLE, MaterialState, VersionState
from zhenxue.catalogue.models import CourseVersion, Material, Standard
from zhenxue.identity.data import Actor, Role
from zhenxue.kernel.errors import Conflict, Refused

#: Who makes courses, in the own organisation only.
AUTHORS = frozenset({Role.PROVIDER_MANAGER, Role.ENTERPRISE_MANAGER, Role.TEACHER})
#: Who sees the catalogue's pages at all; learners meet courses only through ``study``.
STAFF = frozenset({*AUTHORS, Role.OPERATOR_REVIEWER, Role.OPERATOR_ADMIN, Role.BUREAU_OFFICER})


def is_author(actor: Actor) -> bool:
    """Whether this actor may make courses and materials for the own organisation."""
    return actor.role in AUTHORS and actor.organisation_id is not None


def owns(actor: Actor, organisation_id: int | None) -> bool:
    return is_author(actor) and organisation_id is not None and actor.organisation_id == organisation_id


def check_is_author(actor: Actor) -> None:
    if not is_author(actor):
        raise Refused("catalogue.not_author", "只有承训机构、企业的管理员和教师可以制作课程与素材。")


def can_edit_material(actor: Actor, material: Material) -> bool:
    return owns(actor, material.organisation_id)


def check_can_edit_material(actor: Actor, material: Material) -> None:
    if not can_edit_material(actor, material):
        raise Refused("catalogue.material_of_others", "只能管理本机构的素材。")


def can_retry_material(actor: Actor, material: Material) -> bool:
    return can_edit_material(actor, material) and material.state == MaterialState.FAILED


def can_edit_standard(actor: Actor, standard: Standard) -> bool:
    """The operator's administrator keeps public standards; an organisation its own."""
    if standard.organisation_id is None:
        return actor.role in {Role.OPERATOR_ADMIN, Role.SYSTEM}
    return owns(actor, standard.organisation_id)


def check_can_edit_standard(actor: Actor, standard: Standard) -> None:
    if not can_edit_standard(actor, standard):
        raise Refused("catalogue.standard_of_others", "公共标准由平台管理员维护，机构只能维护自己登记的标准。")


def can_create_standard(actor: Actor) -> bool:
    return is_author(actor) or actor.role in {Role.OPERATOR_ADMIN, Role.SYSTEM}


def check_can_create_standard(actor: Actor) -> None:
    if not can_create_standard(actor):
        raise Refused("catalogue.create_standard", "登记标准由平台管理员或机构办理。")


def can_edit_version(actor: Actor, version: CourseVersion) -> bool:
    return owns(actor, version.course.organisation_id) and version.state in EDITABLE


def check_can_edit_version(actor: Actor, version: CourseVersion) -> None:
    """Raises ``Refused`` for another organisation's course, ``Conflict`` for a version that is no longer a draft."""
    if not owns(actor, version.course.organisation_id):
        raise Refused("catalogue.course_of_others", "只能编辑本机构的课程。")
    if version.state == VersionState.IN_REVIEW:
        raise Conflict("catalogue.version_in_review", "课程正在审校，不能修改；审校退回后可以继续编辑。")
    if version.state not in EDITABLE:
        raise Conflict("catalogue.version_published", "已发布的版本不能修改，请从课程页新建一个版本再编辑。")


def can_review(actor: Actor) -> bool:
    return actor.role is Role.OPERATOR_REVIEWER


def check_can_review(actor: Actor, version: CourseVersion) -> None:
    if not can_review(actor):
        raise Refused("catalogue.review", "课程审校由平台审核员办理。")
    if version.state != VersionState.IN_REVIEW:
        raise Conflict(
            "catalogue.not_in_review",
            f"该版本现在是“{VersionState(version.state).label}”，不在审校中；请刷新页面查看。",
        )


def can_withdraw(actor: Actor, version: CourseVersion) -> bool:
    allowed = can_review(actor) or (actor.is_manager and owns(actor, version.course.organisation_id))
    return allowed and version.state == VersionState.PUBLISHED


def check_can_withdraw(actor: Actor, version: CourseVersion) -> None:
    if not (can_review(actor) or (actor.is_manager and owns(actor, version.course.organisation_id))):
        raise Refused("catalogue.withdraw", "下架由本机构管理员或平台审核员办理。")
    if version.state != VersionState.PUBLISHED:
        raise Conflict("catalogue.not_published", "只有已发布的版本可以下架；请刷新页面查看当前状态。")
