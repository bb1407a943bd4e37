"""The numbers the platform reads: bounds, order, the curve of a device key."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from zhenxue.identity.data import RULE_FIELD_OF, RULE_FIELDS, RULE_ORDER, Rule, rule_problems
from zhenxue.identity.validators import check_public_key, fingerprint_of
from zhenxue.kernel.errors import Invalid

FITS = {"beat_seconds": 10, "max_gap_seconds": 30, "check_min_seconds": 600, "check_max_seconds": 1200}


def test_each_number_stands_once_and_its_bounds_leave_room() -> None:
    assert len(RULE_FIELD_OF) == len(RULE_FIELDS)
    assert all(one.low < one.high and one.label for one in RULE_FIELDS)
    assert all(low in RULE_FIELD_OF and high in RULE_FIELD_OF for low, high in RULE_ORDER)


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({}, set()),
        ({"anything_else": 10**9}, set()),
        ({"beat_seconds": 4}, {"beat_seconds"}),
        ({"max_gap_seconds": 301}, {"max_gap_seconds"}),
        ({"check_min_seconds": 1200}, set()),
        ({"check_min_seconds": 1201}, {"check_min_seconds"}),
        ({"reading_idle_seconds": 600, "idle_seconds": 600}, set()),
        ({"reading_idle_seconds": 601, "idle_seconds": 600}, {"reading_idle_seconds"}),
        ({"check_answer_seconds": 600, "check_min_seconds": 300}, {"check_answer_seconds"}),
    ],
)
def test_a_number_outside_its_bounds_or_order_is_named(changes: dict[str, int], wrong: set[str]) -> None:
    assert set(rule_problems({**FITS, **changes})) == wrong


def test_a_number_is_told_with_its_unit_and_a_switch_as_yes_or_no() -> None:
    assert Rule("beat_seconds", 10, "秒", "文件").told == "10 秒"
    assert [Rule("units_in_order", value, "", "文件").told for value in (1, 0)] == ["是", "否"]
    assert Rule("something_of_a_file", 1, "", "文件").told == "1"
    assert {one.key for one in RULE_FIELDS if one.is_switch} == {
        "reading_needs_self_test",
        "units_in_order",
        "presence_at_entry",
        "presence_face_first",
        "presence_return_makes_up",
    }


def test_only_points_of_p_256_are_device_keys() -> None:
    def text(curve: ec.EllipticCurve) -> str:
        raw = ec.generate_private_key(curve).public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()

    good = text(ec.SECP256R1())
    assert len(fingerprint_of(check_public_key(good))) == 64
    for other in (ec.SECP256K1(), ec.SECP384R1()):
        with pytest.raises(Invalid):
            check_public_key(text(other))
    zero = base64.urlsafe_b64encode(b"\x04" + bytes(64)).rstrip(b"=").decode()
    with pytest.raises(Invalid):
        check_public_key(zero)
