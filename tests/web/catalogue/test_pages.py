"""The pages of the catalogue: what they show, keep, refuse, and how many queries they take."""

import itertools

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tests.factories.catalogue import (
    author_of,
    make_document,
    make_draft_version,
    make_facts,
    make_image,
    make_occupations,
    make_published_version,
    make_ready_video,
    make_standard,
    pdf_bytes,
    upload_bytes,
)
from tests.factories.identity import (
    NOW,
    client_for,
    make_bureau,
    make_learner,
    make_operator,
    make_organisation,
    make_rules,
)
from zhenxue.catalogue import api as catalogue
from zhenxue.catalogue.data import UnitDraft, VersionState
from zhenxue.catalogue.models import Course, CourseVersion, Material, Point, SelfTestQuestion, Standard, Unit
from zhenxue.catalogue.operations import reviews
from zhenxue.identity.data import Actor, Role
from zhenxue.identity.models import Organisation
from zhenxue.kernel import sheets

pytestmark = pytest.mark.django_db
TEXT = UnitDraft("text", "开播前检查", minutes=5, body="# 检查\n\n- 灯光")
SHEET_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@pytest.fixture
def provider() -> Organisation:
    make_rules()
    return make_organisation()


@pytest.fixture
def author(provider: Organisation) -> Actor:
    return author_of(provider)


@pytest.fixture
def page(author: Actor) -> Client:
    return client_for(author)


def at(name: str, *args: object) -> str:
    return reverse(f"catalogue:{name}", args=args)


def text_of(response: object) -> str:
    return response.content.decode()  # type: ignore[attr-defined,no-any-return]  # a test client's response


def sheet_file(header: tuple[str, ...], *rows: tuple[str, ...]) -> SimpleUploadedFile:
    return SimpleUploadedFile("表.xlsx", sheets.write_xlsx("表", header, rows), content_type=SHEET_TYPE)


def test_an_author_makes_a_course_page_by_page(page: Client, author: Actor, provider: Organisation) -> None:
    made = page.post(at("new_course"), {"title": "直播销售", "domain": "skill"})
    version = CourseVersion.objects.get()
    assert made.url == at("editor", version.pk)  # type: ignore[attr-defined]  # a redirect
    chapter = version.chapters.get()
    document = make_document(provider)
    page.post(at("new_unit", chapter.pk, "document"), {"title": "讲义", "material": document.pk, "minutes": 10})
    page.post(at("new_unit", chapter.pk, "text"), {"title": "要点", "body": "**重点**", "minutes": 5})
    test = page.post(at("new_unit", chapter.pk, "self_test"), {"title": "自测", "minutes": 5, "pass_percent": 80})
    unit = Unit.objects.get(title="自测")
    assert test.url == at("questions", unit.pk)  # type: ignore[attr-defined]  # a redirect
    question = {
        "kind": "multiple",
        "stem": "准备什么？",
        "options": "灯光\n网络\n零食",
        "answer": "AB",
        "explanation": "",
    }
    page.post(at("questions", unit.pk), question)
    assert SelfTestQuestion.objects.get().answer == ["A", "B"]
    editor = text_of(page.get(at("editor", version.pk)))
    assert "适用对象" in editor
    refused = page.post(at("submit_version", version.pk))
    assert refused.url == at("editor", version.pk)  # type: ignore[attr-defined]  # a redirect
    facts = make_facts("直播销售")
    words = {
        "title": facts.title,
        "domain": facts.domain,
        "target_groups": list(facts.target_groups),
        "prerequisites": facts.prerequisites,
        "introduction": facts.introduction,
        "features": facts.features,
        "organisation_form": facts.organisation_form,
    }
    page.post(at("edit_facts", version.pk), words)
    sent = page.post(at("submit_version", version.pk))
    assert sent.url == at("version", version.pk)  # type: ignore[attr-defined]  # a redirect
    shown = text_of(page.get(at("version", version.pk)))
    assert "审校中" in shown
    assert "0.4 学时" in shown


def test_a_reviewer_reads_everything_and_publishes_or_returns(provider: Organisation, author: Actor) -> None:
    version = make_draft_version(provider, actor=author)
    catalogue.submit_version(actor=author, version_id=version.pk, now=NOW)
    desk = client_for(make_operator(Role.OPERATOR_REVIEWER))
    assert "直播销售入门" in text_of(desk.get(at("reviews")))
    shown = text_of(desk.get(at("version", version.pk)))
    assert "通过并发布" in shown
    for unit in version.units.all():
        assert desk.get(at("unit", unit.pk)).status_code == 200
    refused = desk.post(at("give_back", version.pk), {"reason": ""})
    assert refused.status_code == 422
    desk.post(at("give_back", version.pk), {"reason": "灯光部分太短"})
    assert "灯光部分太短" in text_of(client_for(author).get(at("editor", version.pk)))
    catalogue.submit_version(actor=author, version_id=version.pk, now=NOW)
    desk.post(at("publish", version.pk), {"reason": ""})
    version.refresh_from_db()
    assert version.state == VersionState.PUBLISHED
    assert desk.post(at("publish", version.pk), {"reason": ""}).status_code == 409
    assert "没有等待审校" in text_of(desk.get(at("reviews")))


def test_what_was_typed_stays_when_a_form_is_refused(page: Client, provider: Organisation, author: Actor) -> None:
    version = make_draft_version(provider, actor=author, units=[TEXT])
    chapter = version.chapters.get()
    back = page.post(at("new_unit", chapter.pk, "text"), {"title": "", "body": "写了很久的正文", "minutes": "5"})
    assert back.status_code == 422
    assert "写了很久的正文" in text_of(back)
    course = page.post(at("new_course"), {"title": "一", "domain": "skill", "introduction": "介绍在此"})
    assert course.status_code == 422
    assert "介绍在此" in text_of(course)
    assert "2 到 120 字" in text_of(course)


def test_uploading_a_material_asks_for_the_file_and_the_licence(page: Client, author: Actor) -> None:
    empty = page.post(at("new_material"), {"title": "讲义", "licence_note": "原创"})
    assert empty.status_code == 422
    assert "请先选择文件" in text_of(empty)
    upload = upload_bytes(author, pdf_bytes(), "讲义.pdf")
    bare = page.post(at("new_material"), {"title": "讲义", "upload": upload, "licence_note": ""})
    assert bare.status_code == 422
    assert upload in text_of(bare)
    made = page.post(at("new_material"), {"title": "讲义", "upload": upload, "licence_note": "原创"})
    material = Material.objects.get()
    assert made.url == at("material", material.pk)  # type: ignore[attr-defined]  # a redirect
    again = page.post(at("new_material"), {"title": "讲义", "upload": upload, "licence_note": "原创"})
    assert again.status_code == 422
    assert "已经提交过" in text_of(again)
    assert Material.objects.count() == 1


def test_a_failed_video_says_why_and_offers_another_try(page: Client, author: Actor) -> None:
    broken = upload_bytes(author, b"\x00\x00\x00\x18ftypmp42" + bytes(5000), "坏.mp4")
    page.post(at("new_material"), {"title": "坏片", "upload": broken, "licence_note": "原创"})
    material = Material.objects.get()
    assert "等待处理" in text_of(page.get(at("material", material.pk)))
    assert 'hx-trigger="every 3s"' in text_of(page.get(at("material_state", material.pk)))
    catalogue.process_video(material_id=material.pk, clock=lambda: NOW)
    shown = text_of(page.get(at("material", material.pk)))
    assert "不是视频，或已损坏" in shown
    assert "重试处理" in shown
    assert page.get(at("material_state", material.pk) + "?once=1").headers["HX-Refresh"] == "true"
    assert page.post(at("retry_material", material.pk)).status_code == 302
    assert page.post(at("retry_material", material.pk)).status_code == 409


def test_staff_play_a_video_and_others_get_neither_keys_nor_segments(page: Client, provider: Organisation) -> None:
    material = make_ready_video(provider, 8)
    master = text_of(page.get(at("master_playlist", material.pk)))
    rungs = [line for line in master.splitlines() if line and not line.startswith("#")]
    assert len(rungs) == 2
    playlist = text_of(page.get(rungs[0]))
    segment = next(line for line in playlist.splitlines() if line.endswith(".ts"))
    key = playlist.split('URI="')[1].split('"')[0]
    assert len(page.get(key).content) == 16
    whole = b"".join(page.get(segment).streaming_content)
    part = page.get(segment, headers={"range": "bytes=16-31"})
    assert (part.status_code, b"".join(part.streaming_content)) == (206, whole[16:32])
    assert part.headers["Content-Range"] == f"bytes 16-31/{len(whole)}"
    assert page.get(segment, headers={"range": f"bytes={len(whole)}-"}).status_code == 416
    assert page.get(at("poster", material.pk)).headers["Content-Type"] == "image/jpeg"
    addresses = [at("master_playlist", material.pk), rungs[0], segment, key, at("poster", material.pk)]
    for stranger, status in (
        (author_of(make_organisation()), 404),
        (make_learner(), 403),
        (make_bureau("371521"), 404),
    ):
        other = client_for(stranger)
        assert {other.get(address).status_code for address in addresses} == {status}
    assert page.get(at("segment", material.pk, "240p", "..%2F..%2Fx")).status_code == 404


def test_documents_are_shown_in_the_page_and_run_nothing(page: Client, provider: Organisation) -> None:
    material = make_document(provider)
    shown = page.get(at("material_file", material.pk))
    assert shown.headers["Content-Type"] == "application/pdf"
    assert shown.headers["X-Content-Type-Options"] == "nosniff"
    assert "script-src 'none'" in shown.headers["Content-Security-Policy"]
    assert shown.headers["Content-Disposition"].startswith("inline")
    assert shown.headers["X-Frame-Options"] == "SAMEORIGIN"
    assert b"".join(shown.streaming_content).startswith(b"%PDF")
    shown = text_of(page.get(at("material", material.pk)))
    assert f'href="{at("material_file", material.pk)}"' in shown
    for number in (1, 2, 3):
        address = at("document_page", material.pk, number)
        assert f'src="{address}"' in shown
        picture = page.get(address)
        assert b"".join(picture.streaming_content)[8:12] == b"WEBP"
        assert (picture.headers["Content-Type"], picture.headers["Cache-Control"]) == (
            "image/webp",
            "private, max-age=3600",
        )
    assert page.get(at("document_page", material.pk, 4)).status_code == 404
    for stranger, status in ((author_of(make_organisation()), 404), (make_learner(), 403)):
        assert client_for(stranger).get(at("document_page", material.pk, 1)).status_code == status
    video = make_ready_video(provider, 8)
    assert page.get(at("material_file", video.pk)).status_code == 404


def test_written_text_is_shown_and_cannot_bring_a_script(page: Client, provider: Organisation, author: Actor) -> None:
    image = make_image(provider)
    body = f"# 标题\n<script>alert(1)</script>\n![图]({image.pk})"
    version = make_draft_version(provider, actor=author, units=[UnitDraft("text", "读", minutes=5, body=body)])
    for shown in (
        text_of(page.get(at("unit", version.units.get().pk))),
        text_of(page.post(at("preview_markup"), {"body": body})),
    ):
        assert "<h2>标题</h2>" in shown
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in shown
        assert at("material_file", image.pk) in shown


def test_points_are_previewed_row_by_row_before_anything_is_saved(page: Client, author: Actor) -> None:
    standard = make_standard(author, points=0)
    header = ("类别", "编号", "职业功能", "内容")
    address = at("import_points", standard.pk)
    faulty = text_of(page.post(address, {"file": sheet_file(header, ("知识点", "1", "", "甲"), ("歌", "2", "", "乙"))}))
    assert "没有保存任何内容" in faulty
    assert "payload" not in faulty
    preview = page.post(address, {"file": sheet_file(header, ("知识点", "1", "", "甲"), ("技能点", "2", "", "乙"))})
    assert not Point.objects.exists()
    payload = preview.context["payload"]
    saved = page.post(at("save_points", standard.pk), {"payload": payload})
    assert saved.url == at("standard", standard.pk)  # type: ignore[attr-defined]  # a redirect
    assert [point.title for point in catalogue.list_points(standard.pk)] == ["甲", "乙"]
    page.post(at("save_points", standard.pk), {"payload": payload})
    assert Point.objects.count() == 2
    assert page.post(at("save_points", standard.pk), {"payload": payload + "x"}).status_code == 422
    wrong = page.post(address, {"file": SimpleUploadedFile("点.xlsx", b"no sheet")})
    assert wrong.status_code == 422
    template = page.get(at("point_template"))
    read = sheets.read_sheet(template.content, "points.xlsx")
    assert read.rows[0].cells[0] == "类别"


def test_questions_are_imported_only_when_every_row_fits(page: Client, provider: Organisation, author: Actor) -> None:
    version = make_draft_version(provider, actor=author, units=[UnitDraft("self_test", "测", minutes=5)])
    unit = version.units.get()
    header = ("题型", "题干", "选项A", "选项B", "答案")
    address = at("import_questions", unit.pk)
    good, bad = ("单选", "题一", "甲", "乙", "A"), ("单选", "题二", "甲", "乙", "D")
    refused = page.post(address, {"file": sheet_file(header, good, bad)})
    assert refused.status_code == 422
    assert "没有对应的选项" in text_of(refused)
    assert SelfTestQuestion.objects.count() == 1
    page.post(address, {"file": sheet_file(header, good, ("判断", "题三", "", "", "√"))})
    assert SelfTestQuestion.objects.count() == 3
    question = SelfTestQuestion.objects.get(stem="题一")
    changed = {"kind": "single", "stem": "题一改", "options": "甲\n乙", "answer": "b", "explanation": ""}
    page.post(at("edit_question", unit.pk, question.pk), changed)
    question.refresh_from_db()
    assert (question.stem, question.answer) == ("题一改", ["B"])
    page.post(at("delete_question", unit.pk, question.pk))
    assert SelfTestQuestion.objects.count() == 2
    assert page.get(at("question_template")).status_code == 200


def test_the_picker_takes_a_code_a_suggestion_or_an_exact_name(page: Client) -> None:
    make_occupations()
    options = text_of(page.get(at("occupation_options"), {"occupation_code": "电工"}))
    assert 'value="6-31-01-03 电工"' in options
    for typed, code in (("6-31-01-03", "6-31-01-03"), ("6-31-01-03 电工", "6-31-01-03"), ("电工", "6-31-01-03")):
        page.post(at("new_course"), {"title": f"课程{typed}", "domain": "skill", "occupation_code": typed})
        assert Course.objects.latest("pk").occupation_id == code
    back = page.post(at("new_course"), {"title": "课程", "domain": "skill", "occupation_code": "看风水的"})
    assert back.status_code == 422
    assert "没有找到这个职业" in text_of(back)
    assert "6-31-01-03" in text_of(page.get(at("occupations"), {"q": "电工"}))


def test_a_standard_is_registered_once(page: Client) -> None:
    words = {"kind": "post", "code": "QY-1", "name": "装配岗位规范", "source": "本企业"}
    assert page.post(at("new_standard"), words).status_code == 302
    twice = page.post(at("new_standard"), words)
    assert twice.status_code == 422
    assert "已登记过" in text_of(twice)
    assert Standard.objects.count() == 1
    assert "装配岗位规范" in text_of(page.get(at("standards"), {"q": "装配"}))


def test_bureaus_read_and_find_no_buttons(provider: Organisation) -> None:
    published = make_published_version(provider, units=[TEXT])
    near, far = client_for(make_bureau("371502")), client_for(make_bureau("371521"))
    for reader in (near, far):
        shown = text_of(reader.get(at("version", published.pk)))
        assert "开播前检查" in shown
        assert 'method="post"' not in shown.split('<main id="main"')[1].split("</main>")[0]
        assert reader.get(at("courses")).status_code == 200
        assert reader.get(at("editor", published.pk)).status_code == 403


def test_a_learner_and_a_stranger_are_turned_away(provider: Organisation, author: Actor) -> None:
    version = make_draft_version(provider, actor=author, units=[TEXT])
    learner, other = client_for(make_learner()), client_for(author_of(make_organisation()))
    for name in ("courses", "materials", "standards", "occupations", "reviews", "new_material"):
        assert learner.get(at(name)).status_code == 403
    for name in ("version", "editor", "edit_facts"):
        assert other.get(at(name, version.pk)).status_code == 404
    assert other.post(at("submit_version", version.pk)).status_code == 404


def test_a_published_version_offers_a_new_version_and_a_second_click_is_answered(
    page: Client, provider: Organisation
) -> None:
    version = make_published_version(provider, units=[TEXT])
    course = version.course_id
    assert "新建版本" in text_of(page.get(at("course", course)))
    assert page.post(at("begin_version", course)).status_code == 302
    twice = page.post(at("begin_version", course))
    assert twice.status_code == 409
    assert "直接编辑" in text_of(twice)
    assert page.get(at("editor", version.pk)).status_code == 409
    page.post(at("withdraw_version", version.pk), {"reason": "标准更新"})
    version.refresh_from_db()
    assert version.state == VersionState.WITHDRAWN


def test_the_home_block_shows_what_waits(page: Client, provider: Organisation, author: Actor) -> None:
    version = make_draft_version(provider, actor=author, units=[TEXT])
    assert "直播销售入门" in text_of(page.get(at("home_block")))
    catalogue.submit_version(actor=author, version_id=version.pk, now=NOW)
    assert "没有待处理" in text_of(page.get(at("home_block")))
    desk = client_for(make_operator(Role.OPERATOR_REVIEWER))
    assert "直播销售入门" in text_of(desk.get(at("home_block")))


@pytest.mark.parametrize("name", ["courses", "materials", "standards", "reviews", "version", "editor", "course"])
def test_pages_take_the_same_number_of_queries_whatever_they_hold(
    name: str, provider: Organisation, author: Actor
) -> None:
    viewer = client_for(make_operator(Role.OPERATOR_REVIEWER) if name == "reviews" else author)
    version = make_draft_version(provider, actor=author, units=[TEXT])
    numbers = itertools.count(1)

    def fill(count: int) -> None:
        for _ in range(count):
            make_image(provider, actor=author)
            make_standard(author)
            draft = make_draft_version(provider, actor=author, title=f"课程{next(numbers)}", units=[TEXT])
            catalogue.submit_version(actor=author, version_id=draft.pk, now=NOW)
            chapter = catalogue.add_chapter(actor=author, version_id=version.pk, title="章")
            catalogue.add_unit(actor=author, chapter_id=chapter.pk, draft=TEXT, now=NOW)

    def count_queries() -> int:
        argument = {"version": (version.pk,), "editor": (version.pk,), "course": (version.course_id,)}.get(name, ())
        viewer.get(at(name, *argument))
        with CaptureQueriesContext(
            connection,
        ) as found:
            assert viewer.get(at(name, *argument)).status_code == 200
        return len(found)

    fill(2)
    few = count_queries()
    fill(6)
    assert count_queries() == few
    assert few <= 20 if name in {"version", "editor"} else few <= 12


def test_problems_lead_to_the_place_where_they_are_mended(page: Client, provider: Organisation, author: Actor) -> None:
    standard = make_standard(author)
    version = catalogue.create_course(actor=author, facts=make_facts(standard_id=standard.pk), now=NOW)
    unit = catalogue.add_unit(actor=author, chapter_id=version.chapters.get().pk, draft=TEXT, now=NOW)
    shown = text_of(page.get(at("editor", version.pk)))
    listed = shown.split('id="problems"')[1].split("</ul>")[0]
    assert at("edit_unit", unit.pk) in listed
    assert at("questions", unit.pk) in listed
    assert len(reviews.find_problems(version)) == 2
    assert "4 个没有单元覆盖" in shown.replace('<strong class="num">4</strong>', "4")


def test_the_editor_and_the_preview_state_the_maximum_of_a_page_and_the_test(
    page: Client, provider: Organisation, author: Actor
) -> None:
    words = "每次交接班都要把看到的情况写清楚，" * 6
    long = UnitDraft("text", "交接班", minutes=20, body=f"# 一\n{words}\n# 二\n{words}")
    version = make_draft_version(provider, actor=author, units=[long])
    unit = version.units.get()
    limit = "共 2 节，每节最多计 15 分钟"
    for address in (at("editor", version.pk), at("edit_unit", unit.pk), at("unit", unit.pk), at("version", version.pk)):
        assert limit in text_of(page.get(address))
    assert "小测 1 题" in text_of(page.get(at("editor", version.pk)))
    assert "先做什么？" in text_of(page.get(at("unit", unit.pk)))
    saved = page.post(
        at("edit_unit", unit.pk), {"title": "交接班", "minutes": 20, "body": long.body, "pass_percent": 80}
    )
    assert saved.status_code == 302
    assert Unit.objects.get(pk=unit.pk).pass_percent == 80
    page.post(at("questions", unit.pk), {"kind": "true_false", "stem": "要写清楚。", "answer": "对", "options": ""})
    assert SelfTestQuestion.objects.filter(unit=unit).count() == 2
