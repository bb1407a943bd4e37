"""Forms of ``identity``. They shape what was typed; whether it fits is said by the operations, field by field."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.http import HttpRequest, QueryDict

from zhenxue.identity.data import Actor, OrganisationKind, Role
from zhenxue.identity.operations.organisations import OrganisationFields
from zhenxue.identity.operations.photos import LARGEST_BYTES
from zhenxue.kernel.web.fields import set_choices, text


def posted(request: HttpRequest) -> QueryDict | None:
    """What was posted, be it nothing at all; None for a request that only looks (``POST or None`` mixes the two up)."""
    return request.POST if request.method == "POST" else None


def _password(label: str, hint: str = "", autocomplete: str = "current-password") -> forms.CharField:
    widget = forms.PasswordInput(attrs={"autocomplete": autocomplete})
    return forms.CharField(label=label, max_length=128, strip=False, help_text=hint, widget=widget)


def _photo(label: str, hint: str) -> forms.FileField:
    widget = forms.FileInput(attrs={"accept": "image/jpeg,image/png"})
    return forms.FileField(label=label, required=False, help_text=hint, widget=widget)


class SignInForm(forms.Form):
    username = text(
        "登录名、手机号或公民身份号码", 60, autocomplete="username", autocapitalize="none", spellcheck="false"
    )
    password = _password("密码")
    next = forms.CharField(required=False, widget=forms.HiddenInput)
    #: The public key of this browser, put in by the page's script; whatever else stands here is not looked at.
    device_key = forms.CharField(
        required=False, widget=forms.HiddenInput(attrs={"data-sign-in-key": True, "autocomplete": "off"})
    )


class PasswordForm(forms.Form):
    old = _password("当前密码")
    new = _password("新密码", "至少10位，混用字母、数字、符号中的两种；不要用姓名、手机号或常见密码。", "new-password")
    again = _password("再输一次新密码", autocomplete="new-password")

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if values.get("new") and values.get("again") and values["new"] != values["again"]:
            self.add_error("again", "两次输入的新密码不一样，请重新输入。")
        return values


class PhoneForm(forms.Form):
    phone = text("新手机号码", 20, "用于登录和接收通知。", inputmode="tel", autocomplete="tel")
    password = _password("当前密码", "为确认是您本人，请再输一次密码。")


class OrganisationForm(forms.Form):
    """The real-name fields of an organisation (A5)."""

    name = text("机构名称", 120, "与营业执照或登记证书一致。")
    uscc = text("统一社会信用代码", 24, "18位，见营业执照或登记证书。", autocapitalize="characters", spellcheck="false")
    address = text("机构地址", 200)
    legal_representative = text("法定代表人", 40)
    contact_name = text("联系人", 40)
    contact_post = text("联系人职务", 40)
    contact_phone = text("联系人电话", 24, "手机，或带区号的固定电话。", inputmode="tel")

    def fields_of(self, values: dict[str, Any]) -> OrganisationFields:
        return OrganisationFields(**{key: values[key] for key in OrganisationFields.__slots__})


class NewOrganisationForm(OrganisationForm):
    field_order = ("kind", "region")
    kind = forms.ChoiceField(label="机构类别")
    region = forms.ChoiceField(label="所属地区")

    def __init__(self, *args: Any, kinds: list[OrganisationKind], regions: list[tuple[str, str]], **kwargs: Any):
        super().__init__(*args, **kwargs)
        set_choices(self, "kind", [("", "请选择"), *((kind.value, kind.label) for kind in kinds)])
        set_choices(self, "region", [("", "请选择"), *regions])


class PersonForm(forms.Form):
    """The real-name fields of a person (A6) that are typed; photographs come with real-name verification."""

    name = text("姓名", 60, "与身份证一致。", autocomplete="off")
    citizen_number = text("公民身份号码", 24, "18位，最后一位可能是X。", autocomplete="off", spellcheck="false")
    phone = text("手机号码", 20, inputmode="tel", autocomplete="off")
    social_card_number = text("电子社保卡号码", 24, required=False, autocomplete="off")


class PhotosForm(forms.Form):
    """Photographs of a person (A6); each may be left out."""

    id_photo_front = _photo("身份证人像面", "拍清四角和文字，JPG 或 PNG，不超过4MB。")
    id_photo_back = _photo("身份证国徽面", "JPG 或 PNG，不超过4MB。")
    portrait = _photo("本人头像照片", "正面、免冠、光线均匀，JPG 或 PNG，不超过4MB。")

    def clean(self) -> dict[str, bytes]:
        """The bytes of each photograph that was given; what is far too large is not read."""
        found = {name: file for name, file in (super().clean() or {}).items() if file}
        for name in [name for name, file in found.items() if file.size > LARGEST_BYTES]:
            self.add_error(name, "照片超过4MB，请用手机重新拍摄或压缩后再上传。")
            del found[name]
        return {name: file.read() for name, file in found.items()}


class AccountForm(PersonForm):
    """A person, registered or found by citizen number, and the account to open for them."""

    field_order = ("role",)
    role = forms.ChoiceField(label="角色")
    username = text("登录名", 60, "小写字母开头，3至60位。已有账号的人直接获得新角色。", autocapitalize="none")

    def __init__(self, *args: Any, roles: list[Role], **kwargs: Any):
        super().__init__(*args, **kwargs)
        set_choices(self, "role", [(role.value, role.label) for role in roles])


class GrantForm(forms.Form):
    """A role at one of the organisations the actor handles: ``organisation id:role``."""

    grant = forms.ChoiceField(label="机构与角色")

    def __init__(self, *args: Any, grants: list[tuple[str, str]], **kwargs: Any):
        super().__init__(*args, **kwargs)
        set_choices(self, "grant", [("", "请选择"), *grants])


def kinds_for(actor: Actor, may: Callable[[Actor, str, str], bool]) -> list[OrganisationKind]:
    """The kinds of organisation that an actor may enter into the register."""
    return [kind for kind in OrganisationKind if may(actor, kind, actor.region_code)]
