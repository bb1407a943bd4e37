"""``zhenxue first_admin``: the operator and its first administrator, once an installation; asks for what it needs."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from zhenxue.identity.operations.founding import found
from zhenxue.identity.operations.organisations import OrganisationFields
from zhenxue.identity.operations.people import PersonFields
from zhenxue.kernel import clock
from zhenxue.kernel.errors import ZhenxueError

ORGANISATION = {
    "name": "平台运营机构名称",
    "uscc": "统一社会信用代码",
    "address": "地址",
    "legal_representative": "法定代表人",
    "contact_name": "联系人",
    "contact_post": "联系人职务",
    "contact_phone": "联系电话",
}
PERSON = {"name": "管理员姓名", "citizen_number": "公民身份号码", "phone": "手机号码"}


class Command(BaseCommand):
    help = "登记平台运营机构并开通第一个平台管理员账号（仅限还没有管理员的新平台）；逐项询问，证件号码不进命令行记录。"

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            region = _ask("行政区划代码（如 3715）")
            organisation = OrganisationFields(**{key: _ask(label) for key, label in ORGANISATION.items()})
            person = PersonFields(**{key: _ask(label) for key, label in PERSON.items()})
            account, password = found(
                organisation=organisation,
                region_code=region,
                person=person,
                username=_ask("登录名（小写字母开头）"),
                now=clock.now(),
            )
        except ZhenxueError as error:
            raise CommandError(_told(error)) from error
        except (EOFError, KeyboardInterrupt) as error:
            raise CommandError("没有填完，什么都没有登记。") from error
        self.stdout.write(f"登录名：{account.username}\n初始密码（只显示这一次，第一次登录时须修改）：{password}")


def _told(error: ZhenxueError) -> str:
    labels = ORGANISATION | PERSON
    told = [f"{labels.get(field, field)}：{message}" for field, message in error.fields.items()]
    return f"{' '.join(told) or error.message} 什么都没有登记，请改好后再试。"


def _ask(label: str) -> str:
    return input(f"{label}：").strip()
