"""Checks of numbers and names that people type: citizen number, credit code, phone, card, name.

Each ``check_…`` returns the value in its standard form or raises ``kernel.errors.Invalid`` whose Chinese message
names the fault and how to mend it. No database.
"""

import datetime as dt
import hashlib
import re
import unicodedata
from functools import lru_cache

from stdnum import numdb
from stdnum.cn import ric, uscc

from zhenxue.identity.data import CitizenNumber
from zhenxue.kernel import p256
from zhenxue.kernel.errors import Invalid

OLDEST_YEARS = 120
#: Prefixes of residence permits of Hong Kong, Macao and Taiwan residents, which follow GB 11643 too.
PERMIT_REGIONS = frozenset({"810000", "820000", "830000"})
USCC_LETTERS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
FULL_STOP_VARIANTS = str.maketrans({"•": "·", "・": "·", "‧": "·", "∙": "·", "．": "·", ".": "·"})
NAME_PATTERN = re.compile(r"^[^\W\d_]+(?:[· '\-][^\W\d_]+)*$")

MALFORMED = "浏览器送来的设备密钥不完整，请刷新页面后再试；仍不行请换用新版 Chrome、Edge 或 Safari 浏览器。"


def check_citizen_number(text: str, *, today: dt.date | None = None) -> CitizenNumber:
    """Check a citizen number by GB 11643-1999: shape, region (present or historic), date of birth, check digit.

    ``today`` bounds the date of birth; without it only impossible dates are refused.
    """
    number = _plain(text)
    if not number:
        raise _number("请填写公民身份号码。")
    if len(number) == 15 and number.isdigit():
        raise _number("这是15位的老身份证号码，已经停用，请填写18位公民身份号码。")
    if "E+" in number or "." in number:
        raise _number("号码被表格软件改成了科学计数法，请把这一列设为“文本”格式后重新填写。")
    if len(number) != 18:
        raise _number(f"公民身份号码应为18位，现在是{len(number)}位，请核对。")
    if not (number[:17].isascii() and number[:17].isdigit()):
        raise _number("公民身份号码的前17位只能是数字，请核对。")
    if number[17] not in "0123456789X":
        raise _number("公民身份号码的最后一位只能是数字或字母X，请核对。")
    if not is_known_region(number[:6]):
        raise _number(f"前6位“{number[:6]}”不是有效的行政区划代码，请核对。")
    birth_date = _birth_date(number, today)
    if number[17] != ric.calc_check_digit(number):
        raise _number("校验位（最后一位）与前面的数字不相符，可能有一位写错了，请逐位核对。")
    return CitizenNumber(number, birth_date, "m" if int(number[16]) % 2 else "f", number[:6])


@lru_cache(maxsize=8192)
def is_known_region(code: str) -> bool:
    """Whether six digits are a division of GB/T 2260, in force now or once."""
    if code in PERMIT_REGIONS:
        return True
    found = dict(pair for _, pairs in numdb.get("cn/loc").info(code) for pair in pairs.items())
    return "province" in found and "county" in found


def check_uscc(text: str) -> str:
    """Check a unified social credit code (GB 32100-2015): 18 characters, letters, region digits, check character."""
    code = re.sub(r"[\s\-]", "", unicodedata.normalize("NFKC", text)).upper()
    if not code:
        raise _uscc("请填写统一社会信用代码。")
    if len(code) != 18:
        raise _uscc(f"统一社会信用代码应为18位，现在是{len(code)}位，请核对。")
    wrong = sorted({letter for letter in code if letter not in USCC_LETTERS})
    if wrong:
        raise _uscc(f"统一社会信用代码里不会出现“{'、'.join(wrong)}”（不用 I、O、Z、S、V），请对照营业执照核对。")
    if not code[2:8].isdigit():
        raise _uscc("统一社会信用代码的第3至8位是登记机关行政区划代码，只能是数字，请核对。")
    if not uscc.is_valid(code):
        raise _uscc("统一社会信用代码的校验位不相符，可能有一位写错了，请对照营业执照核对。")
    return code


def check_phone(text: str) -> str:
    """Check a mobile number of the Chinese mainland; ``+86``, blanks and dashes are dropped."""
    number = re.sub(r"[\s\-]", "", unicodedata.normalize("NFKC", text)).removeprefix("+86")
    number = number.removeprefix("86") if len(number) == 13 else number
    if not re.fullmatch(r"1[3-9]\d{9}", number, re.ASCII):
        raise Invalid(
            "identity.phone", "请填写11位手机号码（以1开头），例如 13812345678。", fields={"phone": "手机号码不正确。"}
        )
    return number


def check_contact_phone(text: str) -> str:
    """Check a mobile number, or a landline with its area code such as ``0635-8241234``."""
    number = re.sub(r"\s", "", unicodedata.normalize("NFKC", text))
    if re.fullmatch(r"0\d{2,3}-?\d{7,8}(-\d{1,5})?", number, re.ASCII):
        return number
    try:
        return check_phone(number)
    except Invalid:
        message = "请填写手机号码，或带区号的固定电话，例如 0635-8241234。"
        raise Invalid("identity.contact_phone", message, fields={"contact_phone": message}) from None


def check_social_card_number(text: str) -> str:
    """Check the number on a social-security card: 8 to 20 letters and digits; empty stays empty."""
    number = _plain(text)
    if number and not re.fullmatch(r"[0-9A-Z]{8,20}", number, re.ASCII):
        message = "社会保障卡号码应为8至20位数字或字母，请核对。"
        raise Invalid("identity.social_card_number", message, fields={"social_card_number": message})
    return number


def check_name(text: str) -> str:
    """A person's name in its standard form: blanks trimmed, one kind of middle dot; 2 to 60 letters or characters."""
    name = re.sub(r"\s+", " ", unicodedata.normalize("NFKC", text)).strip()
    chinese = any("\u3400" <= letter <= "\u9fff" or ord(letter) >= 0x20000 for letter in name)
    name = name.translate(FULL_STOP_VARIANTS).replace(" ", "") if chinese else name
    if not 2 <= len(name) <= 60 or not NAME_PATTERN.match(name):
        message = "请填写与身份证一致的姓名（2至60个字，不含数字和符号；少数民族姓名中间用“·”）。"
        raise Invalid("identity.name", message, fields={"name": message})
    return name


def check_public_key(text: str) -> bytes:
    """The raw point behind a public key in base64url without padding; raises ``Invalid`` unless it is one of P-256."""
    try:
        p256.read_point(text)
    except ValueError as error:
        raise Invalid("identity.device_key", MALFORMED, fields={"public_key": MALFORMED}) from error
    return p256.decode(text)


def fingerprint_of(raw: bytes) -> str:
    """What a device is called in records: SHA-256 of its raw public key, hex."""
    return hashlib.sha256(raw).hexdigest()


def _birth_date(number: str, today: dt.date | None) -> dt.date:
    year, month, day = int(number[6:10]), int(number[10:12]), int(number[12:14])
    try:
        birth_date = dt.date(year, month, day)
    except ValueError:
        raise _number(f"出生日期“{number[6:14]}”不存在，请核对第7至14位。") from None
    if today and birth_date > today:
        raise _number(f"出生日期 {birth_date:%Y-%m-%d} 晚于今天，请核对第7至14位。")
    if year < 1880 or (today and today.year - year > OLDEST_YEARS):
        raise _number(f"出生日期 {birth_date:%Y-%m-%d} 过早，请核对第7至14位。")
    return birth_date


def _plain(text: str) -> str:
    return re.sub(r"[\s\-'’]", "", unicodedata.normalize("NFKC", text)).upper()


def _number(message: str) -> Invalid:
    return Invalid("identity.citizen_number", message, fields={"citizen_number": message})


def _uscc(message: str) -> Invalid:
    return Invalid("identity.uscc", message, fields={"uscc": message})
