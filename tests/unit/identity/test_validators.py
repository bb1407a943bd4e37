"""Numbers and names that people type."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.cn import ric

from tests.factories import identity as make
from zhenxue.identity import validators
from zhenxue.kernel.errors import Invalid

TODAY = dt.date(2026, 3, 2)


def number(body: str) -> str:
    """A body of 17 digits with its right check digit."""
    return body + ric.calc_check_digit(body + "0")


def test_a_right_citizen_number_tells_birth_gender_and_region() -> None:
    checked = validators.check_citizen_number(
        " 371502 19900307 123" + number("37150219900307123")[-1].lower(), today=TODAY
    )
    assert checked.number == number("37150219900307123")
    assert (checked.birth_date, checked.gender, checked.region_code) == (dt.date(1990, 3, 7), "m", "371502")
    assert validators.check_citizen_number(number("37150219900307124")).gender == "f"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "请填写"),
        ("371502900307123", "15位的老身份证"),
        ("3.71502E+17", "科学计数法"),
        ("3715021990030712", "现在是16位"),
        ("3715021990030712345", "现在是19位"),
        ("37150219900307A23X", "前17位只能是数字"),
        ("37150219900307123Y", "最后一位只能是数字或字母X"),
        (number("99999919900307123"), "不是有效的行政区划代码"),
        (number("37999919900307123"), "不是有效的行政区划代码"),
        (number("37150219900231123"), "出生日期“19900231”不存在"),
        (number("37150219901307123"), "不存在"),
        (number("37150220270101123"), "晚于今天"),
        (number("37150218500101123"), "过早"),
        (number("37150219000101123"), "过早"),
    ],
)
def test_each_kind_of_fault_has_its_own_words(text: str, words: str) -> None:
    with pytest.raises(Invalid) as refusal:
        validators.check_citizen_number(text, today=TODAY)
    assert words in refusal.value.message
    assert refusal.value.fields == {"citizen_number": refusal.value.message}


def test_a_historic_county_code_is_still_a_region() -> None:
    """372522 was 阳谷县 until 1997; numbers given then keep it."""
    assert validators.check_citizen_number(number("37252219750615001")).region_code == "372522"
    assert validators.check_citizen_number(number("83000019900307123")).region_code == "830000"


@given(st.integers(0, 17), st.integers(1, 9))
def test_any_one_wrong_digit_is_found(place: int, shift: int) -> None:
    right = "37150219900307123" + ric.calc_check_digit("371502199003071230")
    letters = "0123456789" if place < 17 else "0123456789X"
    wrong = right[:place] + letters[(letters.index(right[place]) + shift) % len(letters)] + right[place + 1 :]
    with pytest.raises(Invalid):
        validators.check_citizen_number(wrong)


def test_numbers_of_the_factory_are_valid() -> None:
    for _ in range(50):
        validators.check_citizen_number(make.citizen_number(), today=TODAY)
        validators.check_uscc(make.credit_code())
        validators.check_phone(make.phone())
        validators.check_name(make.person_name())


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "请填写"),
        ("9137150", "现在是7位"),
        ("91371502MA3C0O1X2I", "不会出现“I、O”"),
        ("91A71502MA3C0N1X25", "第3至8位"),
        ("911100006000373410", "校验位不相符"),
    ],
)
def test_a_wrong_credit_code_says_what_is_wrong(text: str, words: str) -> None:
    with pytest.raises(Invalid) as refusal:
        validators.check_uscc(text)
    assert words in refusal.value.message


def test_a_right_credit_code_is_cleaned() -> None:
    assert validators.check_uscc(" 91110000-600037341l ") == "91110000600037341L"


@pytest.mark.parametrize("text", ["13812345678", "+86 138-1234-5678", "8613812345678", "１３８１２３４５６７８"])
def test_a_mobile_number_is_cleaned(text: str) -> None:
    assert validators.check_phone(text) == "13812345678"


@pytest.mark.parametrize("text", ["", "1381234567", "12812345678", "0635-8241234", "138123456789", "abc"])
def test_what_is_no_mobile_number_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        validators.check_phone(text)


def test_a_contact_may_have_a_landline() -> None:
    assert validators.check_contact_phone("0635-8241234") == "0635-8241234"
    assert validators.check_contact_phone("13812345678") == "13812345678"
    with pytest.raises(Invalid):
        validators.check_contact_phone("8241234")


@pytest.mark.parametrize(
    ("text", "name"),
    [(" 王 小明 ", "王小明"), ("阿卜杜拉•买买提", "阿卜杜拉·买买提"), ("Anna Maria", "Anna Maria"), ("𠮷野", "𠮷野")],
)
def test_names_get_one_form(text: str, name: str) -> None:
    assert validators.check_name(text) == name


@pytest.mark.parametrize("text", ["", "王", "王1明", "王小明（组长）", "<b>王小明</b>", "王" * 61])
def test_what_is_no_name_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        validators.check_name(text)


def test_a_card_number_is_letters_and_digits() -> None:
    assert validators.check_social_card_number("") == ""
    assert validators.check_social_card_number("a1234 5678") == "A12345678"
    with pytest.raises(Invalid):
        validators.check_social_card_number("123")
