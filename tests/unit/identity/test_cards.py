"""What a card says, from lines of text with their places; where its portrait stands; pictures made safe."""

import io
import math

import pytest
from PIL import Image

from tests.support import cards as drawn
from zhenxue.identity.cards.cutting import find_window
from zhenxue.identity.cards.parsing import Line, parse_back, parse_front, side_of
from zhenxue.identity.cards.pictures import LONGEST_SIDE, PictureBroken, clean

NUMBER = "371502199003070019"


def line(text: str, left: float, top: float, width: float = 200, height: float = 40) -> Line:
    return Line(text, ((left, top), (left + width, top), (left + width, top + height), (left, top + height)))


def front(number: str = NUMBER) -> list[Line]:
    return [
        line("姓名", 60, 62, 70),
        line("样本甲", 165, 60),
        line("住址", 60, 293, 70),
        line("街道虚构路1号", 165, 340),
        line("山东省聊城市样本区", 165, 292, 420),
        line("样本", 700, 300, 80),  # over the portrait
        line("公民身份号码", 62, 534, 185),
        line(number, 326, 534, 450),
    ]


def test_the_front_is_read_by_its_places() -> None:
    found = parse_front(front())
    assert found is not None
    assert (found.name, found.citizen_number) == ("样本甲", NUMBER)
    assert found.address == "山东省聊城市样本区街道虚构路1号"
    assert side_of(front()) == "front"


@pytest.mark.parametrize("number", ["371502199003070010", "37150219900307001", "37150219900307001O"])
def test_a_number_whose_check_digit_is_wrong_is_not_read(number: str) -> None:
    assert parse_front(front(number)) is None


def test_labels_and_values_may_share_a_line_and_a_small_x_counts() -> None:
    lines = [
        line("姓名样本丙", 60, 62),
        line("住址山东省聊城市", 60, 293, 400),
        line("公民身份号码11010119900307119x", 62, 534, 600),
    ]
    found = parse_front(lines)
    assert found is None or found.citizen_number.endswith("X")
    good = parse_front([*lines[:2], line("公民身份号码" + NUMBER, 62, 534, 600)])
    assert good is not None
    assert (good.name, good.address) == ("样本丙", "山东省聊城市")


@pytest.mark.parametrize(
    ("text", "begins", "ends"),
    [
        ("2020.01.15-2040.01.15", "2020-01-15", "2040-01-15"),
        ("2020.01.15—长期", "2020-01-15", "长期"),
        ("有效期限2020.01.15-2040.01.15", "2020-01-15", "2040-01-15"),
        ("20200115-20400115", "2020-01-15", "2040-01-15"),
    ],
)
def test_the_back_gives_issuer_and_days(text: str, begins: str, ends: str) -> None:
    lines = [line("签发机关", 230, 440, 130), line("聊城市公安局样本分局", 400, 438, 400), line(text, 400, 528, 400)]
    found = parse_back(lines)
    assert found is not None
    assert (found.issuer, found.valid_from, found.valid_until) == ("聊城市公安局样本分局", begins, ends)


def test_days_that_do_not_exist_are_not_read() -> None:
    assert parse_back([line("2020.02.31-2040.01.15", 400, 528, 400)]) is None
    assert parse_back([line("样本", 1, 1)]) is None


def test_the_window_turns_and_grows_with_the_card() -> None:
    """Its width and height keep their measure; turned lines turn it."""
    upright = find_window(front())
    assert upright is not None
    (x1, y1), (_, y2), (x3, _), _ = upright
    assert x1 > 500
    assert 0.7 < (x3 - x1) / (y2 - y1) < 0.95
    angle = math.radians(10)

    def turned(point: tuple[float, float]) -> tuple[float, float]:
        x, y = point
        return x * math.cos(angle) - y * math.sin(angle), x * math.sin(angle) + y * math.cos(angle)

    lines = [Line(one.text, tuple(turned(corner) for corner in one.corners)) for one in front()]
    other = find_window(lines)
    assert other is not None
    for place, corner in zip(other, upright, strict=True):
        assert place == pytest.approx(turned(corner), abs=0.5)
    assert find_window(front()[1:]) is None


def test_a_cleaned_picture_is_upright_small_and_says_nothing_of_its_camera() -> None:
    picture = Image.new("RGB", (2400, 1200), "#888888")
    marks = Image.Exif()
    marks[0x0112] = 6  # turn a quarter
    marks[0x010F] = "a maker"
    written = io.BytesIO()
    picture.save(written, "JPEG", exif=marks)
    with Image.open(io.BytesIO(clean(written.getvalue()))) as found:
        assert found.size == (LONGEST_SIDE // 2, LONGEST_SIDE)
        assert not found.getexif()


def test_what_is_no_good_picture_is_refused_in_words() -> None:
    small = io.BytesIO()
    Image.new("RGB", (300, 300)).save(small, "PNG")
    bomb = io.BytesIO()
    Image.new("1", (12_000, 12_000)).save(bomb, "PNG")
    assert len(bomb.getvalue()) < 100_000
    for content in (b"", b"<svg/>", drawn.back()[:3000], small.getvalue(), bomb.getvalue()):
        with pytest.raises(PictureBroken) as caught:
            clean(content)
        assert "请" in caught.value.words
