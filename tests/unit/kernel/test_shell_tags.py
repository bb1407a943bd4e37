"""What the shell draws once and keeps."""

import pytest
from django.template import engines

from zhenxue.kernel.templatetags import ui
from zhenxue.portal.navigation import Entry, Group

HOME = Entry("学习<1>", "/home/", "book", "page")
PLAN = Entry("课表", "/schedule/", "calendar", "")


def render(template: str, **context: object) -> str:
    return str(engines["django"].from_string(template).render(context))


def test_places_are_drawn_from_their_entries_alone_and_kept() -> None:
    ui._places.cache_clear()
    template = '{% places "ui/shell_rail.html" groups %}'

    first = render(template, groups=(Group("学员", (HOME, PLAN)),))
    again = render(template, groups=(Group("学员", (HOME, PLAN)),))
    other = render(template, groups=(Group("学员", (HOME,)),))

    assert first == again
    assert ui._places.cache_info().hits == 1
    assert "学习&lt;1&gt;" in first
    assert first.count("<a ") == 2
    assert 'aria-current="page"' in first
    assert other.count("<a ") == 1
    assert render('{% places "ui/shell_links.html" bar %}', bar=(PLAN,)).count("课表") == 1


def test_links_of_a_built_entry_carry_the_nonce_of_their_page(monkeypatch: pytest.MonkeyPatch) -> None:
    builds = [{"main.ts": {"file": f"main-{n}.js", "css": [f"main-{n}.css"]}} for n in (1, 2)]
    monkeypatch.setattr(ui, "manifest", lambda: builds[0])
    pages = [render('{% vite "main.ts" %}', csp_nonce=nonce) for nonce in ("abc", '"><b>')]

    assert pages[0].count('nonce="abc"') == 2
    assert "main-1.js" in pages[0]
    assert pages[1].count('nonce="&quot;&gt;&lt;b&gt;"') == 2
    monkeypatch.setattr(ui, "manifest", lambda: builds[1])
    assert "main-2.css" in render('{% vite "main.ts" %}', csp_nonce="abc")
