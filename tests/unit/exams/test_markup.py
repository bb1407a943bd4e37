"""The markup of questions: what it shows, and what it never lets through."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zhenxue.exams import markup
from zhenxue.exams.markup import FormulaError, Media, asset_ids, mathml, plain, problems, render, render_inline

ALLOWED = re.compile(
    r"</?(?:p|br|strong|figure|figcaption|img|audio|video|span|code|div|table|thead|tbody|tr|th|td|math|mrow|mi|mn|mo|ms|mtext"
    r"|mspace|mfrac|msqrt|mroot|msub|msup|msubsup|munder|mover|munderover|mtable|mtr|mtd|mstyle|mpadded|mphantom|menclose)"
    r"(?: [a-z-]+(?:=\"[^\"<>]*\")?)*>"
)


def shown(number: int) -> Media | None:
    kinds = {1: Media("image", "/a/1/", 20, 10), 2: Media("audio", "/a/2/"), 3: Media("video", "/a/3/")}
    return kinds.get(number)


def test_words_pictures_formulas_and_tables_are_shown() -> None:
    text = "**重点** 5 < 6\n第二行\n\n![图](asset:1)\n![](asset:2) 和 ![片](asset:3)\n| 名 | 值 |\n|---|:--:|\n"
    text += "| $R_1$ | 5 |\n价 \\$5"
    made = render(text, media=shown)
    assert "<p><strong>重点</strong> 5 &lt; 6<br>第二行</p>" in made
    assert '<figure class="question-media"><img src="/a/1/" alt="图" width="20" height="10"><figcaption>图' in made
    assert '<audio controls preload="none" src="/a/2/"' in made
    assert '<video controls preload="metadata" playsinline src="/a/3/"' in made
    assert '<thead><tr><th scope="col">名</th><th scope="col">值</th></tr></thead>' in made
    assert "<td><math" in made
    assert "价 $5" in made
    assert "不可用" in render_inline("![图](asset:9)", media=shown)
    assert asset_ids(text, "![x](asset:7)") == [1, 2, 3, 7]
    assert plain("**看** ![图](asset:1) $a^2$") == "看 ［图］ a^2"


@pytest.mark.parametrize(
    "formula",
    [
        r"\text{<script>alert(1)</script>}",
        r"\text{&lt;img src=x&gt;}<b>",
        r"\unknowncommand x",
        "a^b^c",
        "{" * 40,
        r"\text{a & b}",
    ],
)
def test_a_formula_that_cannot_be_shown_is_named_and_never_becomes_markup(formula: str) -> None:
    text = f"${formula}$"
    assert problems(text) or "<script" not in render(text, media=shown)
    made = render(text, media=shown)
    assert "<script" not in made
    assert not ALLOWED.sub("", made).count("<")


def test_attributes_that_could_lead_elsewhere_are_left_out() -> None:
    made = mathml(r"\href{javascript:alert(1)}{x}")
    assert "javascript" not in made
    assert "href" not in made
    assert "style=" not in mathml(r"\style{position:fixed}{z}")
    assert "9999" not in mathml(r"\hspace{99999cm}x")
    with pytest.raises(FormulaError):
        mathml("x" * (markup.LONGEST_FORMULA + 1))
    assert problems("$" + "x" * 400 + "$") == [f"公式太长（最多 {markup.LONGEST_FORMULA} 个字符），请拆开写。"]
    assert problems(r"$\frac{a}{b}$ 和 $U=IR$") == []


PIECES = st.sampled_from(
    [
        "<script>",
        "</p>",
        '"',
        "'",
        "&",
        "$",
        "\\",
        "|",
        "**",
        "![a](asset:1)",
        "![<b>](asset:2)",
        "\n",
        "{",
        "}",
        "^",
        "_",
        "x",
        r"\text",
        r"\href",
        "javascript:",
        "onerror=",
        "\u202e",
        " ",
    ]
)


@given(st.lists(PIECES, max_size=14).map("".join))
@settings(max_examples=150, deadline=None)
def test_no_text_brings_a_tag_of_its_own(text: str) -> None:
    for made in (render(text, media=shown), render_inline(text, media=shown)):
        assert "<" not in ALLOWED.sub("", made), made
    problems(text)
    plain(text)
