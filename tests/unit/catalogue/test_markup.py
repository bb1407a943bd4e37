"""The small markup: what it draws, and that nothing else gets through."""

import html
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhenxue.catalogue import markup

ALLOWED = {"section", "p", "br", "h2", "h3", "h4", "ul", "ol", "li", "strong", "figure", "figcaption", "img", "span"}
ALLOWED_ATTRIBUTES = {"src", "alt", "loading", "class", "data-page"}


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, list[tuple[str, str | None]]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, attrs))


def render(text: str) -> str:
    return markup.render(text, image_url=lambda number: f"/materials/{number}/file/" if number < 100 else None)


def tags(text: str) -> list[tuple[str, list[tuple[str, str | None]]]]:
    parser = Tags()
    parser.feed(render(text))
    return parser.found


def test_each_mark_becomes_its_element() -> None:
    text = "# 标题\n## 小标题\n\n第一段\n同一段 **重点**\n\n- 甲\n- 乙\n\n1. 一\n2、二\n\n![灯光图](7)"
    assert render(text) == (
        "<h2>标题</h2>\n<h3>小标题</h3>\n<p>第一段<br>同一段 <strong>重点</strong></p>\n"
        "<ul><li>甲</li><li>乙</li></ul>\n"
        '<ol><li>一</li><li>二</li></ol>\n<figure><img src="/materials/7/file/" alt="灯光图" loading="lazy">'
        "<figcaption>灯光图</figcaption></figure>"
    )


def test_headings_never_skip_a_level() -> None:
    assert [tag for tag, _ in tags("### 深\n## 中\n### 深\n# 浅\n### 深")] == ["h2", "h3", "h4", "h2", "h3"]


def test_a_picture_that_may_not_be_shown_says_so() -> None:
    assert "图片 500 不可用" in render("![x](500)")
    assert "<img" not in render("![x](500)")


@pytest.mark.parametrize(
    "attack",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "**<b onclick=x>**",
        '![" onload="alert(1)](3)',
        "![x](javascript:alert(1))",
        "![](3)<iframe src=//e>",
        "# <svg/onload=alert(1)>",
        "- </li></ul><script>x</script>",
        "[x](javascript:alert(1))",
        "&lt;script&gt;",
    ],
)
def test_no_tag_or_handler_gets_in(attack: str) -> None:
    for tag, attributes in tags(attack):
        assert tag in ALLOWED
        assert {name for name, _ in attributes} <= ALLOWED_ATTRIBUTES
        assert all("javascript:" not in (value or "") for name, value in attributes if name == "src")


@given(st.text(alphabet=st.sampled_from("<>\"'&#*-! []()1ab/\n=:;中"), max_size=120))
def test_no_text_at_all_brings_a_tag_of_its_own(text: str) -> None:
    for tag, attributes in tags(text):
        assert tag in ALLOWED
        assert {name for name, _ in attributes} <= ALLOWED_ATTRIBUTES


@given(
    st.text(
        alphabet=st.characters(exclude_characters="#*-•·!\r\n", exclude_categories=("Cs", "Cc", "Nd")),
        min_size=1,
        max_size=60,
    )
)
def test_plain_words_come_out_as_they_are(text: str) -> None:
    if text.strip():
        assert html.unescape(render(text)) == f"<p>{text.strip()}</p>"


def test_images_are_listed_once_and_plain_text_keeps_the_words() -> None:
    text = "# 题\n![图](3) 和 ![图](4) ![又](3)\n- **重点**"
    assert markup.image_ids(text) == [3, 4]
    assert markup.plain(text) == "题 图 和 图 又 重点"


LONG = "每次交接班都要把看到的情况写清楚，" * 6


def test_a_text_is_read_in_pages_cut_before_headings_but_not_into_crumbs() -> None:
    text = f"导语一句。\n\n# 甲\n{LONG}\n## 乙\n{LONG}\n### 丙\n\n![图](7)\n# 丁\n短短一句。"
    drawn = markup.render(text, image_url=lambda number: None, paged=True)
    assert markup.count_pages(text) == 3 == drawn.count("<section ")
    first, second, third = drawn.split("</section>")[:3]
    assert first.startswith('<section data-page="0">\n<p>导语一句。</p>\n<h2>甲</h2>')
    assert second.strip().startswith('<section data-page="1">\n<h3>乙</h3>')
    assert third.strip().startswith('<section data-page="2">\n<h4>丙</h4>')
    assert third.endswith("短短一句。</p>\n")
    assert markup.count_pages("") == markup.count_pages("# 一\n甲\n# 二\n乙") == 1


@given(st.text(alphabet="#- *!\n1.图甲乙丙()[]", max_size=400), st.booleans())
def test_the_pages_of_a_text_are_as_many_as_counted_and_hold_all_of_it(text: str, shown: bool) -> None:
    drawn = markup.render(text, image_url=lambda number: "/x/" if shown else None, paged=True)
    assert drawn.count("<section data-page=") == markup.count_pages(text)
    whole = [line for line in drawn.splitlines() if line and "section" not in line]
    assert whole == markup.render(text, image_url=lambda number: "/x/" if shown else None).splitlines()
