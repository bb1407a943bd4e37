"""Rows of long tables, filled into one pattern."""

from typing import NamedTuple

import pytest
from django.template import TemplateSyntaxError, engines
from django.utils.html import format_html
from django.utils.safestring import SafeString

from zhenxue.kernel import rows


class Line(NamedTuple):
    id: int
    name: str
    state: str


PATTERN = '<tr><th><a href="/things/{id}/">{name}</a></th><td>{state}</td><td>{name}</td></tr>'
TAG = SafeString("<b>{在学}</b>")


def render(template: str, **context: object) -> str:
    return str(engines["django"].from_string(template).render(context))


@pytest.mark.parametrize(
    "name", ["王晓明", "<script>alert('1')</script> & \"x\"", "{id} {0} {", "a\x1fb<i>", "", "\x1f"]
)
def test_a_row_shows_what_a_template_would_show(name: str) -> None:
    lines = [Line(7, name, TAG), Line(8, "赵", "<i>")]

    filled = rows.fill(PATTERN, lines)

    assert isinstance(filled, SafeString)
    assert filled == "".join(
        format_html(
            '<tr><th><a href="/things/{}/">{}</a></th><td>{}</td><td>{}</td></tr>',
            one.id,
            one.name,
            one.state,
            one.name,
        )
        for one in lines
    )


def test_no_lines_give_no_rows_and_an_unknown_field_is_an_error() -> None:
    assert rows.fill(PATTERN, []) == ""
    with pytest.raises(ValueError, match="nothing"):
        rows.fill("<td>{nothing}</td>", [Line(1, "a", "b")])


def test_tags_in_the_pattern_are_worked_out_once_and_variables_are_refused_there() -> None:
    lines = [Line(7, "王", "在学"), Line(8, "赵", "在学")]
    template = "{% table_rows lines %}<td>{name}</td>{% if wide %}<td>{state}</td>{% endif %}{% endtable_rows %}"

    assert render(template, lines=lines, wide=False) == "<td>王</td><td>赵</td>"
    assert render(template, lines=lines, wide=True) == "<td>王</td><td>在学</td><td>赵</td><td>在学</td>"
    with pytest.raises(TemplateSyntaxError, match="single braces"):
        render("{% table_rows lines %}{% if wide %}<td>{{ title }}</td>{% endif %}{% endtable_rows %}")
    with pytest.raises(TemplateSyntaxError, match="takes the lines"):
        render("{% table_rows %}{% endtable_rows %}")


def test_the_address_of_a_row_is_that_of_url() -> None:
    template = "{% table_rows lines %}{% row_address 'training:cohort' %} {% endtable_rows %}"

    one, two = render(template, lines=[Line(7, "王", ""), Line(8, "赵", "")]).split()

    assert one == render("{% url 'training:cohort' 7 %}")
    assert two == render("{% url 'training:cohort' 8 %}")
