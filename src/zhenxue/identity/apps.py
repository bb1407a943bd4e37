"""Registration only: what identity puts into the evidence log.

Bodies hold ids, words of tables and masked values only; what could name a person is declared erasable.
"""

from collections.abc import Callable, Mapping
from typing import Any

from django.apps import AppConfig

from zhenxue.evidence.data import Kind, register, register_projection, register_viewer
from zhenxue.identity.data import Role
from zhenxue.kernel import navigation, periodic
from zhenxue.kernel.navigation import HomeBlock, Item

Lines = list[tuple[str, str]]


def _lines(**labels: str) -> Callable[[Mapping[str, Any]], Lines]:
    def describe(body: Mapping[str, Any]) -> Lines:
        return [(label, str(body[key])) for key, label in labels.items() if body.get(key)]

    return describe


_ORGANISATION = _lines(
    name="机构", uscc="信用代码", region="地区", legal_representative="法定代表人", contact_name="联系人", note="说明"
)
_ORGANISATION_PRIVATE = ("legal_representative", "contact_name", "contact_phone", "note")

_DOCUMENT = _lines(
    what="材料",
    number="编号",
    valid_until="有效期止",
    result="结论",
    note="意见",
    days_left="剩余天数",
    sha256="文件摘要",
)

KINDS = (
    Kind("identity.organisation_registered", "机构登记", _ORGANISATION_PRIVATE, _ORGANISATION),
    Kind("identity.organisation_edited", "机构资料修改", _ORGANISATION_PRIVATE, _ORGANISATION),
    Kind("identity.organisation_verified", "机构实名核验通过", _ORGANISATION_PRIVATE, _ORGANISATION),
    Kind("identity.organisation_suspended", "机构停用", ("reason",), _lines(reason="原因")),
    Kind("identity.person_registered", "人员实名登记", ("citizen_number",), _lines(citizen_number="公民身份号码")),
    Kind("identity.people_registered", "人员批量实名登记", (), _lines(count="人数")),
    Kind("identity.person_completed", "人员资料补充"),
    Kind("identity.people_completed", "人员资料批量补充", (), _lines(count="人数")),
    Kind("identity.photo_stored", "证件照片或头像上传", (), _lines(what="照片")),
    Kind("identity.phone_changed", "手机号码变更", ("before", "after"), _lines(before="原号码", after="新号码")),
    Kind("identity.account_opened", "账号开通", ("username",), _lines(username="登录名", role="角色")),
    Kind("identity.accounts_opened", "账号批量开通", (), _lines(role="角色", count="账号数")),
    Kind("identity.first_passwords_issued", "批量发放初始密码", (), _lines(count="账号数")),
    Kind("identity.account_activated", "账号启用"),
    Kind("identity.account_deactivated", "账号停用"),
    Kind("identity.password_reset", "密码重置"),
    Kind("identity.password_changed", "本人修改密码"),
    Kind("identity.role_granted", "角色授予", (), _lines(role="角色")),
    Kind("identity.roles_granted", "角色批量授予", (), _lines(role="角色", count="账号数")),
    Kind("identity.role_revoked", "角色撤销", (), _lines(role="角色")),
    Kind(
        "identity.signed_in_by_hand_over",
        "在另一台设备登录，原设备退出",
        ("from_device", "to_device"),
        _lines(from_device="原设备", to_device="新设备"),
    ),
    Kind(
        "identity.rules_issued",
        "执行规则发布",
        (),
        _lines(region="地区代码", version="版本", valid_from="起效日", valid_until="失效日", source="依据"),
    ),
    Kind(
        "identity.device_bound",
        "学习设备绑定到登录",
        ("device", "fingerprint"),
        _lines(device="设备", fingerprint="设备指纹"),
    ),
    Kind("identity.device_removed", "学习设备移除", ("device",), _lines(device="设备")),
    Kind("identity.consent_given", "本人同意", (), _lines(what="事项", version="文本版本", text="文本摘要")),
    Kind("identity.consent_withdrawn", "本人撤回同意", (), _lines(what="事项", version="文本版本")),
    Kind(
        "identity.card_read",
        "证件识别",
        (),
        _lines(engine="引擎", problem="问题", number_fits="号码与登记一致", portrait="截取证件照"),
    ),
    Kind(
        "identity.card_confirmed",
        "本人核对证件信息",
        ("citizen_number",),
        _lines(citizen_number="公民身份号码", differences="不一致项"),
    ),
    Kind("identity.document_added", "机构资质材料上传", (), _DOCUMENT),
    Kind("identity.document_reviewed", "机构资质材料审核", ("note",), _DOCUMENT),
    Kind("identity.document_expiring", "机构资质到期提醒", (), _DOCUMENT),
    Kind("identity.photos_deleted", "证件照片删除", (), _lines(count="张数")),
    Kind("identity.code_sent", "手机验证码发出", ("phone",), _lines(phone="号码")),
    Kind("identity.phone_verified", "手机号码验证通过", ("phone",), _lines(phone="号码")),
    Kind("identity.verification_asked", "申请实名审核", (), _lines(method="方式")),
    Kind("identity.verified", "实名认证通过", ("reason",), _lines(method="方式", strength="强度", reason="说明")),
    Kind("identity.verification_refused", "实名认证未通过", ("reason",), _lines(method="方式", reason="原因")),
    Kind("identity.verification_ended", "实名认证终止", ("reason",), _lines(method="方式", reason="原因")),
    Kind("identity.unmasked", "查看完整个人信息", ("reason",), _lines(what="内容", reason="原因")),
)

MANAGERS = {Role.PROVIDER_MANAGER, Role.ENTERPRISE_MANAGER}
OVERSEERS = {Role.BUREAU_OFFICER, Role.OPERATOR_ADMIN}
GROUP = "机构与人员"
ITEMS = (
    Item(
        "机构",
        "identity:organisations",
        "building-community",
        {*OVERSEERS, Role.OPERATOR_REVIEWER},
        70,
        GROUP,
        ("identity:organisation",),
    ),
    Item("资质材料", "identity:all_documents", "file-text", {*OVERSEERS, Role.OPERATOR_REVIEWER}, 71, GROUP),
    Item(
        "本机构",
        "identity:own_organisation",
        "building",
        {*MANAGERS, Role.TEACHER},
        70,
        GROUP,
        ("identity:organisation", "identity:documents", "identity:new_document"),
    ),
    Item("人员", "identity:people", "users", {*MANAGERS, *OVERSEERS}, 71, GROUP),
    Item("账号", "identity:accounts", "user-check", {*MANAGERS, *OVERSEERS}, 72, GROUP, ("identity:new_account",)),
    Item("登录记录", "identity:sign_ins", "device-mobile", {*MANAGERS, *OVERSEERS}, 73, GROUP),
    Item("访问日志", "identity:access_log", "history", {*MANAGERS, *OVERSEERS}, 74, GROUP),
    Item(
        "执行规则",
        "identity:rules",
        "clipboard-text",
        {*MANAGERS, *OVERSEERS, Role.TEACHER, Role.OPERATOR_REVIEWER},
        75,
        GROUP,
        ("identity:rule_sets", "identity:rule_set", "identity:new_rules"),
    ),
    Item(
        "我的",
        "identity:me",
        "user",
        {Role.LEARNER},
        90,
        "",
        (
            "identity:phone",
            "identity:choose_role",
            "identity:password",
            "identity:devices",
            "identity:verify",
            "identity:verify_consent",
            "identity:verify_card",
            "identity:verify_check",
            "identity:verify_phone",
            "identity:verify_method",
        ),
    ),
    Item(
        "实名审核",
        "identity:reviews",
        "shield-check",
        {*MANAGERS, *OVERSEERS, Role.TEACHER},
        76,
        GROUP,
        ("identity:review",),
    ),
)


class IdentityConfig(AppConfig):
    name = "zhenxue.identity"
    label = "identity"

    def ready(self) -> None:
        from zhenxue.identity import tasks
        from zhenxue.identity.operations.documents import remind_expiring
        from zhenxue.identity.operations.photos import give_up_photos, photo_claims, photo_heads, reseal_photos
        from zhenxue.identity.operations.tidying import tidy
        from zhenxue.identity.policies import may_view_entry
        from zhenxue.identity.queries.documents import document_claims
        from zhenxue.identity.queries.verification import check_devices, check_rules
        from zhenxue.kernel import resealing, storage

        for kind in KINDS:
            register(kind)
        register_viewer(may_view_entry)
        register_projection("identity.rules", check_rules)
        register_projection("identity.devices", check_devices)
        for item in ITEMS:
            navigation.register(item)
        navigation.register_home(HomeBlock("identity:home_verify", {Role.LEARNER}, order=11, wide=True, lines=2))
        navigation.register_home(HomeBlock("identity:home_reviews", {*MANAGERS, Role.TEACHER}, order=35, lines=2))
        storage.register_claims("identity photographs", photo_claims)
        storage.register_claims("identity documents", document_claims)
        resealing.register("identity photographs", reseal_photos, photo_heads, give_up_photos)
        remind = periodic.Job("identity.remind_documents", 6 * 3600, lambda now: remind_expiring(now=now))
        periodic.register(remind)
        periodic.register(periodic.Job("identity.rescue_cards", 60, tasks.rescue_cards))
        periodic.register(periodic.Job("identity.tidy", 3600, lambda now: tidy(now=now)))
