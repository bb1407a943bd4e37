"""Registration only."""

from collections.abc import Mapping
from typing import Any

from django.apps import AppConfig


def _reason(body: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [("说明", str(body["reason"]))] if body.get("reason") else []


def _title(body: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [("名称", str(body["title"]))] if body.get("title") else []


def _digest(body: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [("内容摘要", str(body.get("digest", ""))), *_reason(body)]


class CatalogueConfig(AppConfig):
    name = "zhenxue.catalogue"
    label = "catalogue"

    def ready(self) -> None:
        from zhenxue.catalogue import tasks
        from zhenxue.catalogue.policies import AUTHORS, STAFF
        from zhenxue.catalogue.queries.materials import file_claims
        from zhenxue.evidence.api import Kind, register
        from zhenxue.identity.data import Role
        from zhenxue.kernel import navigation, periodic, storage

        for name, label, describe in (
            ("material_added", "上传素材", _title),
            ("material_licence", "修改素材授权说明", _title),
            ("material_ready", "素材处理完成", None),
            ("material_failed", "素材处理失败", _reason),
            ("material_retried", "重新处理素材", _title),
            ("material_deleted", "删除素材", _title),
            ("standard_created", "登记标准", None),
            ("points_imported", "导入知识点与技能点", None),
            ("course_created", "新建课程", _title),
            ("version_begun", "新建课程版本", None),
            ("version_discarded", "放弃课程草稿", _title),
            ("version_submitted", "提交审校", _digest),
            ("version_returned", "审校退回", _reason),
            ("version_published", "审校通过并发布", _digest),
            ("version_withdrawn", "课程下架", _reason),
            ("version_frozen", "课程内容冻结", _digest),
        ):
            erasable = {
                "version_returned": ("reason",),
                "version_withdrawn": ("reason",),
                "version_published": ("reason",),
            }
            more = {"material_added": ("licence_note",), "material_licence": ("licence_note", "before")}
            private = erasable.get(name, ()) + more.get(name, ())
            register(Kind(f"catalogue.{name}", label, erasable=private, describe=describe))

        storage.register_claims("catalogue materials", file_claims)
        for label, url_name, icon, roles, order in (
            ("课程", "catalogue:courses", "book", STAFF, 30),
            ("素材", "catalogue:materials", "movie", AUTHORS | {Role.OPERATOR_REVIEWER, Role.OPERATOR_ADMIN}, 32),
            ("职业标准", "catalogue:standards", "list-check", STAFF, 34),
            ("课程审校", "catalogue:reviews", "clipboard-check", {Role.OPERATOR_REVIEWER}, 10),
            ("职业目录", "catalogue:occupations", "sitemap", {Role.OPERATOR_ADMIN, Role.OPERATOR_REVIEWER}, 36),
        ):
            navigation.register(navigation.Item(label, url_name, icon, frozenset(roles), order=order, group="课程资源"))
        periodic.register(periodic.Job("catalogue.rescue_materials", 60, tasks.rescue_materials))
        home_roles = frozenset(AUTHORS | {Role.OPERATOR_REVIEWER})
        navigation.register_home(navigation.HomeBlock("catalogue:home_block", home_roles, order=60))
