"""Moodle XML and QTI of every version, built by hand."""

import base64
import io
import zipfile

import pytest

from tests.unit.exams.formats.drafts import png
from zhenxue.exams import formats
from zhenxue.exams.data import Kind
from zhenxue.exams.formats.draft import Draft, Item
from zhenxue.kernel.errors import Invalid

PICTURE = base64.b64encode(png()).decode()


def moodle(*questions: str) -> list[Item]:
    return formats.read(f"<?xml version='1.0'?><quiz>{''.join(questions)}</quiz>".encode(), "题.xml").items


def question(kind: str, inner: str, text: str = "<p>问？</p>") -> str:
    return (
        f"<question type='{kind}'><name><text>名</text></name>"
        f"<questiontext format='html'><text><![CDATA[{text}]]></text></questiontext>"
        f"<defaultgrade>2</defaultgrade>{inner}</question>"
    )


def answer(text: str, share: object, more: str = "") -> str:
    return f"<answer fraction='{share}' format='html'><text><![CDATA[{text}]]></text>{more}</answer>"


def only(item: Item) -> Draft:
    assert item.draft is not None, item.problems
    return item.draft


def test_every_moodle_kind_that_maps_becomes_a_draft() -> None:
    data_set = (
        "<dataset_definitions><dataset_definition><name><text>a</text></name><minimum><text>1</text></minimum>"
        "<maximum><text>9.5</text></maximum><decimals><text>1</text></decimals></dataset_definition></dataset_definitions>"
    )
    found = moodle(
        "<question type='category'><category><text>$course$/top/安全</text></category></question>",
        question("multichoice", "<single>true</single>" + answer("<b>甲</b>", 100) + answer("乙", 0)),
        question("multichoice", "<single>false</single>" + answer("甲", 50) + answer("乙", 50) + answer("丙", -100)),
        question("truefalse", answer("true", 0) + answer("false", 100)),
        question("shortanswer", answer("北京", 100) + answer("Peking", 100) + answer("京", 50)),
        question("numerical", answer("12.5", 100, "<tolerance>0.5</tolerance>")),
        question("calculated", answer("{a}*2", 100, "<tolerance>0.01</tolerance>") + data_set, "求 {a} 的两倍"),
        question(
            "matching",
            "".join(
                f"<subquestion><text>{a}</text><answer><text>{b}</text></answer></subquestion>"
                for a, b in ("猫喵", "狗汪")
            ),
        ),
        question("essay", "<responsefieldlines>10</responsefieldlines><graderinfo><text>答到即可</text></graderinfo>"),
        question("ordering", answer("一", 1) + answer("二", 2) + answer("三", 3)),
        question("cloze", "", "首都是{1:SHORTANSWER:=北京~%50%京}，有 {2:NUMERICAL:=34:0.5} 个省，{1:MC:=对~错}"),
        question("gapselect", "<selectoption><text>甲</text></selectoption>", "选 [[1]]"),
    )
    drafts = [only(item) for item in found]
    assert [one.kind for one in drafts] == [
        Kind.SINGLE, Kind.MULTIPLE, Kind.TRUE_FALSE, Kind.FILL_IN, Kind.CALCULATION, Kind.CALCULATION, Kind.MATCHING,
        Kind.SHORT_ANSWER, Kind.ORDERING, Kind.FILL_IN, Kind.FILL_IN,
    ]  # fmt: skip
    assert (drafts[0].body["options"], drafts[0].point, str(drafts[0].score)) == (["**甲**", "乙"], "安全", "2")
    assert drafts[2].key == {"right": ["错"]}
    assert drafts[3].key["blanks"][0]["accepted"] == ["北京", "Peking"]
    assert drafts[4].key["tolerance"] == "0.5"
    assert drafts[5].key["formula"] == "a*2"
    assert drafts[5].key["parameters"]["a"] == {"low": "1", "high": "9.5", "step": "0.1"}
    assert [drafts[8].body["items"][at] for at in drafts[8].key["order"]] == ["一", "二", "三"]
    assert drafts[9].body == {"blanks": 3}


@pytest.mark.parametrize(
    ("kind", "inner", "words"),
    [
        ("description", "", "不是题目"),
        ("random", "", "随机抽题"),
        ("ddmarker", "", "拖放标记"),
        ("whatever", "", "题型“whatever”不支持"),
        ("multichoice", "<single>true</single>" + answer("甲", 50) + answer("乙", 0), "没有正确选项"),
        ("calculated", answer("sin({a})", 100), "弧度"),
        ("calculated", answer("system({a})", 100), "不能换算"),
        ("numerical", answer("很多", 100), "不是一个数"),
        ("cloze", "", "没有找到空"),
    ],
)
def test_a_moodle_question_that_cannot_be_said_is_named(kind: str, inner: str, words: str) -> None:
    (item,) = moodle(question(kind, inner))
    assert item.draft is None
    assert words in "；".join(item.problems)


def test_embedded_files_come_along_once_and_missing_ones_are_named() -> None:
    file = f"<file name='图.png' path='/' encoding='base64'>{PICTURE}</file>"
    said = "<p>看<img src='@@PLUGINFILE@@/%E5%9B%BE.png' alt='表'></p>"
    text = f"<questiontext format='html'><text><![CDATA[{said}]]></text>{file}</questiontext>"
    body = "<question type='truefalse'>" + text + answer("true", 100) + "</question>"
    found = moodle(body, body, question("truefalse", answer("true", 100), "<img src='@@PLUGINFILE@@/x.png'>看"))
    first = only(found[0])
    assert first.assets[0].mime == "image/png"
    assert first.stem == f"看![表](file:{first.assets[0].name})"
    assert only(found[1]).assets[0] == first.assets[0]
    assert "没有题目用到的图片“x.png”" in found[2].problems[0]


QTI2 = "http://www.imsglobal.org/xsd/imsqti_v2p1"
QTI3 = "http://www.imsglobal.org/xsd/imsqtiasi_v3p0"


def item2(declared: str, body: str, name: str = QTI2) -> bytes:
    return (
        f'<assessmentItem xmlns="{name}" identifier="i" title="题" adaptive="false" timeDependent="false">'
        f"{declared}<itemBody>{body}</itemBody></assessmentItem>"
    ).encode()


def one(data: bytes) -> Item:
    (found,) = formats.read(data, "题.xml").items
    return found


def response(cardinality: str, base: str, *values: str, more: str = "", name: str = "RESPONSE") -> str:
    right = "".join(f"<value>{value}</value>" for value in values)
    correct = f"<correctResponse>{right}</correctResponse>" if values else ""
    return (
        f'<responseDeclaration identifier="{name}" cardinality="{cardinality}" baseType="{base}">{correct}{more}'
        "</responseDeclaration>"
    )


CHOICE = '<choiceInteraction responseIdentifier="RESPONSE" maxChoices="1"><prompt>问？</prompt>%s</choiceInteraction>'
SIMPLE = "".join(f'<simpleChoice identifier="{mark}">{mark}项</simpleChoice>' for mark in "ABC")


def interaction(name: str, inner: str = "", *, before: str = "") -> str:
    prompt = "<prompt>问？</prompt>" if inner else ""
    return f'{before}<{name} responseIdentifier="RESPONSE">{prompt}{inner}</{name}>'


def side(marks: str) -> str:
    choices = (
        f'<simpleAssociableChoice identifier="{mark}" matchMax="1">{mark}</simpleAssociableChoice>' for mark in marks
    )
    return f"<simpleMatchSet>{''.join(choices)}</simpleMatchSet>"


ENTRY = '<textEntryInteraction responseIdentifier="RESPONSE"/>'
INLINE = '<inlineChoice identifier="A">甲</inlineChoice><inlineChoice identifier="B">乙</inlineChoice>'
VERSION_TWO = (
    (response("single", "identifier", "B"), CHOICE % SIMPLE),
    (response("multiple", "identifier", "A", "C"), (CHOICE % SIMPLE).replace('"1"', '"0"')),
    (response("single", "string", "北京"), f"<p>首都是{ENTRY}。</p>"),
    (response("single", "float", "3.5"), f"<p>求值</p><p>{ENTRY}</p>"),
    (response("single", "string", "断电"), interaction("extendedTextInteraction", before="<p>说</p>")),
    (response("multiple", "directedPair", "P Y", "Q X"), interaction("matchInteraction", side("PQ") + side("XYZ"))),
    (response("ordered", "identifier", "C", "A", "B"), interaction("orderInteraction", SIMPLE)),
    (response("single", "identifier", "B"), f"<p>选{interaction('inlineChoiceInteraction', INLINE)}</p>"),
)


def test_interactions_of_version_two_become_kinds() -> None:
    found = [only(one(item2(declared, body))) for declared, body in VERSION_TWO]
    assert [draft.kind for draft in found] == [
        Kind.SINGLE, Kind.MULTIPLE, Kind.FILL_IN, Kind.CALCULATION, Kind.SHORT_ANSWER, Kind.MATCHING, Kind.ORDERING,
        Kind.FILL_IN,
    ]  # fmt: skip
    assert found[0].stem == "问？"
    assert found[2].stem == "首都是____。"
    assert [found[5].body["right"][at] for at in found[5].key["pairs"]] == ["Y", "X"]
    assert [found[6].body["items"][at] for at in found[6].key["order"]] == ["C项", "A项", "B项"]
    assert "可选：甲、乙" in found[7].stem


def test_version_three_says_the_same_in_its_own_words() -> None:
    data = (
        f'<qti-assessment-item xmlns="{QTI3}" identifier="i" title="题">'
        '<qti-response-declaration identifier="RESPONSE" cardinality="single" base-type="identifier">'
        "<qti-correct-response><qti-value>B</qti-value></qti-correct-response></qti-response-declaration>"
        '<qti-outcome-declaration identifier="SCORE" cardinality="single" base-type="float" normal-maximum="3"/>'
        '<qti-item-body><p>看 <b>图</b></p><qti-choice-interaction response-identifier="RESPONSE" max-choices="1">'
        "<qti-prompt>问？</qti-prompt><qti-simple-choice identifier='A'>甲</qti-simple-choice>"
        "<qti-simple-choice identifier='B'>乙</qti-simple-choice></qti-choice-interaction></qti-item-body>"
        "<qti-modal-feedback outcome-identifier='F' identifier='f'><p>因为乙。</p></qti-modal-feedback>"
        "</qti-assessment-item>"
    ).encode()
    draft = only(one(data))
    assert (draft.kind, draft.key, draft.stem) == (Kind.SINGLE, {"right": ["B"]}, "看 **图**\n问？")
    assert (str(draft.score), draft.explanation) == ("3", "因为乙。")


def test_several_interactions_are_a_case() -> None:
    body = "<p>材料。</p><p>第一问</p>" + CHOICE % SIMPLE + "<p>第二问</p>"
    body += '<extendedTextInteraction responseIdentifier="R2"/>'
    draft = only(
        one(item2(response("single", "identifier", "A") + response("single", "string", "答", name="R2"), body))
    )
    assert (draft.kind, draft.stem) == (Kind.CASE, "材料。")
    assert [(part["kind"], part["stem"]) for part in draft.body["parts"]] == [
        ("single", "第一问\n问？"),
        ("short_answer", "第二问"),
    ]


@pytest.mark.parametrize(
    ("declared", "body", "words"),
    [
        ("", CHOICE % SIMPLE, "没有正确答案"),
        ("", "<p>只是文字</p>", "没有作答的地方"),
        ("", '<drawingInteraction responseIdentifier="RESPONSE"/>', "画图作答"),
        ("", '<customInteraction responseIdentifier="RESPONSE"/>', "自定义交互"),
        ("<templateDeclaration identifier='a'/>", CHOICE % SIMPLE, "随机参数"),
        (response("single", "identifier", "A"), "<p><img src='x.png'/></p>" + CHOICE % SIMPLE, "没有找到图片“x.png”"),
    ],
)
def test_an_item_that_cannot_be_said_is_named(declared: str, body: str, words: str) -> None:
    item = one(item2(declared, body))
    assert item.draft is None
    assert words in "；".join(item.problems)


def packed(files: dict[str, bytes | str]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as package:
        for name, data in files.items():
            package.writestr(name, data)
    return buffer.getvalue()


def test_a_package_gives_its_items_in_order_with_their_pictures_and_shared_material() -> None:
    def resource(path: str) -> str:
        return (
            f'<resource identifier="{path}" type="imsqti_item_xmlv2p2" href="{path}"><file href="{path}"/></resource>'
        )

    stimulus = '<assessmentStimulus xmlns="x"><stimulusBody><p>共用材料</p></stimulusBody></assessmentStimulus>'
    first = item2(response("single", "identifier", "A"), "<p><img src='../m/p.png' alt='表'/></p>" + CHOICE % SIMPLE)
    second = item2(
        '<assessmentStimulusRef identifier="s" href="../s.xml"/>' + response("single", "identifier", "A"),
        CHOICE % SIMPLE,
    )
    listed = "".join(resource(path) for path in ("items/b.xml", "items/a.xml", "gone.xml"))
    manifest = f"<manifest><resources>{listed}</resources></manifest>"
    files = {
        "imsmanifest.xml": manifest,
        "items/a.xml": first,
        "items/b.xml": second,
        "m/p.png": png(),
        "s.xml": stimulus,
    }
    reading = formats.read(packed({**files, "items/c.xml": second, "__MACOSX/items/._a.xml": b"x"}), "包.zip")
    drafts = [only(item) for item in reading.items]
    assert drafts[0].stem == "共用材料\n问？"
    assert [asset.mime for asset in drafts[1].assets] == ["image/png"]
    assert len(drafts) == 3
    assert [note for note in reading.notes if "gone.xml" in note]
    assert [note for note in reading.notes if "items/c.xml" in note]


def test_a_point_on_a_picture_becomes_a_hotspot() -> None:
    areas = (
        '<areaMapping defaultValue="0"><areaMapEntry shape="circle" coords="30,20,5" mappedValue="1"/></areaMapping>'
    )
    picture = '<object data="p.png" type="image/png" width="60" height="40"/>'
    body = interaction("selectPointInteraction", picture)
    data = packed({"i.xml": item2(response("single", "point", "30 20", more=areas), body), "p.png": png()})
    (item,) = formats.read(data, "包.zip").items
    draft = only(item)
    assert (draft.kind, draft.key) == (Kind.HOTSPOT, {"areas": [{"shape": "circle", "coords": [30, 20, 5]}]})


def test_files_that_hold_no_items_are_refused_with_the_way_on() -> None:
    for data, words in (
        (b"<assessmentTest/>", "整个 QTI 压缩包"),
        (b"<questestinterop/>", "QTI 1.2"),
        (b"<html><body>x</body></html>", "网页"),
        (b"<quiz></quiz>", "没有题目"),
        (b"<x/>", "认不出"),
        (b"<quiz>", "不是完整的 XML"),
    ):
        with pytest.raises(Invalid, match=words):
            formats.read(data, "题.xml")
