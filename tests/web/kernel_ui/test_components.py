"""Components as HTML: fields tied to their hints and errors, confirmations, frames."""

import re

import pytest
from django import forms
from django.template import Context, Template
from django.template.loader import render_to_string
from django.test import Client

pytestmark = pytest.mark.django_db


class Sample(forms.Form):
    name = forms.CharField(label="姓名", help_text="与身份证一致")
    day = forms.DateField(label="日期", required=False)
    kinds = forms.MultipleChoiceField(label="方式", choices=[("a", "甲")], widget=forms.CheckboxSelectMultiple)


def render(source: str, **context: object) -> str:
    return Template(source).render(Context(context))


def test_a_field_names_its_hint_and_error() -> None:
    form = Sample({"name": "", "day": "x"})
    form.is_valid()
    html = render('{% include "ui/field.html" with field=form.name %}', form=form)
    assert 'aria-describedby="id_name_hint id_name_error"' in html
    assert 'aria-invalid="true"' in html
    assert "请填写这一项。" in html
    assert "日期看不懂" in render('{% include "ui/field.html" with field=form.day %}', form=form)


def test_what_was_typed_stays_and_the_summary_links_to_it() -> None:
    form = Sample({"name": "王<b>", "day": "明天", "kinds": []})
    form.is_valid()
    html = render('{% include "ui/form.html" with form=form %}', form=form, csrf_token="t")
    assert 'value="王&lt;b&gt;"' in html
    assert 'value="明天"' in html
    assert 'href="#id_day"' in html
    assert "有 2 处需要修改" in html
    assert html.count("csrfmiddlewaretoken") == 1


def test_groups_of_boxes_have_a_legend() -> None:
    html = render('{% include "ui/field.html" with field=form.kinds %}', form=Sample())
    assert "<fieldset" in html
    assert "<legend>方式" in html


def test_a_confirmation_posts_its_reason_with_a_token() -> None:
    source = (
        '{% include "ui/confirm.html" with action="/x/" label="退回" question="确定退回？" tone="danger" '
        'reason="note" %}'
    )
    html = render(source, csrf_token="t")
    opened = re.search(r'popovertarget="([^"]+)"', html)
    assert opened
    assert f'id="{opened[1]}"' in html
    assert 'name="note"' in html
    assert "required" in html
    assert "csrfmiddlewaretoken" in html
    assert re.findall(r'<dialog id="([^"]+)"', html + render(source, csrf_token="t"))[0] == opened[1]


def test_the_frame_has_landmarks_skip_link_and_nonce(client: Client) -> None:
    response = client.get("/gallery/")
    html = response.content.decode()
    nonce = re.search(r"'nonce-([^']+)'", response.headers["Content-Security-Policy"])
    assert '<html lang="zh-Hans"' in html
    assert 'href="#main"' in html
    assert '<main id="main"' in html
    assert nonce
    assert f'nonce="{nonce[1]}"' in html
    assert " style=" not in html
    assert "onclick" not in html


def test_the_bureaus_banner_says_read_only() -> None:
    assert "监管视图 · 只读" in render_to_string("base.html", {"read_only": True})
    assert "监管视图" not in render_to_string("base.html", {})
