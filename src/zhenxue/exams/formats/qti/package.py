"""A QTI package, or a single item file, to drafts. Pure."""

import posixpath
import re
from collections.abc import Iterator
from xml.etree.ElementTree import Element

from zhenxue.exams.formats import moodle, words
from zhenxue.exams.formats.draft import Item, Reading, refused
from zhenxue.exams.formats.html import Resolve
from zhenxue.exams.formats.qti.items import Facts, read_item
from zhenxue.exams.formats.qti.tree import attribute, child, children, every, name, text_of, value
from zhenxue.exams.formats.safety import Assets, Package, Unusable, invalid, parse_xml

MANIFEST = "imsmanifest.xml"
_LEVELS = {"very easy": 1, "easy": 2, "medium": 3, "difficult": 4, "very difficult": 5}


def read_package(package: Package) -> Reading:
    """Every item answered, in the order of the manifest. Raises ``Invalid`` when there is none."""
    assets = Assets()
    items: list[Item] = []
    notes = [f"压缩包里的“{one}”名字不安全，没有使用" for one in package.strange[:5]]
    stimuli: dict[str, str] = {}
    for path, facts in _item_files(package, notes):
        where = f"第 {len(items) + 1} 题"
        try:
            root = parse_xml(package.read(path), what=f"“{path[-60:]}”")
        except Unusable as error:
            items.append(refused(where, str(error)))
            continue
        resolve = _resolver(package, posixpath.dirname(path), assets)
        if name(root) == "assessmentItem":
            shared = _stimulus(root, package, posixpath.dirname(path), assets, stimuli)
            found = Facts(facts.point, facts.source, facts.difficulty, shared)
            items.append(read_item(where, root, resolve, assets, found))
        elif name(root) == "questestinterop":
            items.append(refused(where, f"“{path[-60:]}”是 QTI 1.2，太旧；请导出为 QTI 2.1、2.2 或 3.0"))
    if not items:
        raise invalid("no_questions", "压缩包里没有 QTI 题目；请导出为 QTI 2.1、2.2 或 3.0 后再上传。")
    return Reading("qti", items, tuple(notes))


def read_file(root: Element) -> Reading:
    """A single XML file: one item. Raises ``Invalid`` for anything else."""
    if name(root) == "assessmentItem":
        assets = Assets()

        def missing(address: str) -> str:
            raise Unusable(f"没有找到图片“{address[:80]}”；请上传完整的 QTI 压缩包")

        return Reading("qti", [read_item("第 1 题", root, missing, assets, Facts())])
    if name(root) == "quiz":
        return moodle.read_tree(root)
    if name(root) == "questestinterop":
        raise invalid("old_qti", "这是 QTI 1.2 文件，太旧；请导出为 QTI 2.1、2.2 或 3.0。")
    if name(root) in {"assessmentTest", "assessmentSection", "manifest"}:
        raise invalid("no_items", "这个文件只有试卷结构，没有题目；请上传整个 QTI 压缩包（.zip）。")
    raise invalid("unknown_xml", "认不出这个 XML 文件；请导出为 Moodle XML，或 QTI 2.1、2.2、3.0。")


def _item_files(package: Package, notes: list[str]) -> Iterator[tuple[str, Facts]]:
    manifest = next(
        (
            one
            for one in sorted(package.names(), key=lambda path: path.count("/"))
            if one.rsplit("/", 1)[-1].lower() == MANIFEST
        ),
        None,
    )
    seen: set[str] = set()
    if manifest is not None:
        try:
            root = parse_xml(package.read(manifest), what="清单 imsmanifest.xml")
        except Unusable as error:
            notes.append(f"{error}；已逐个查看压缩包里的文件")
        else:
            for resource in every(root, "resource"):
                if "item" not in attribute(resource, "type").lower():
                    continue
                href = attribute(resource, "href") or next(
                    (attribute(one, "href") for one in children(resource, "file")), ""
                )
                path = package.resolve(href, posixpath.dirname(manifest))
                if path is None:
                    notes.append(f"清单里写的“{href[:80]}”不在压缩包里")
                elif path not in seen:
                    seen.add(path)
                    yield path, _facts(resource)
    for path in package.names():
        if path.lower().endswith(".xml") and path not in seen and path.rsplit("/", 1)[-1].lower() != MANIFEST:
            try:
                head = package.read(path)[:3000]
            except Unusable:
                continue
            if re.search(rb"<(?:[\w]+:)?(?:qti-assessment-item|assessmentItem|questestinterop)[\s>]", head):
                if manifest is not None:
                    notes.append(f"“{path[-80:]}”不在清单里，也一起读了")
                yield path, Facts()


def _facts(resource: Element) -> Facts:
    def first(wanted: str) -> str:
        return next((value(one) for one in every(resource, wanted) if value(one)), "")

    level = first("difficulty")
    plain = re.sub(r"^\s*LOMv1\.0\s*", "", level).strip().lower()
    return Facts(first("keyword"), first("coverage"), _LEVELS.get(plain) or words.level(plain))


def _stimulus(root: Element, package: Package, folder: str, assets: Assets, read: dict[str, str]) -> str:
    """What an item shares with others and is kept beside it."""
    texts = []
    for one in every(root, "assessmentStimulusRef"):
        path = package.resolve(attribute(one, "href"), folder)
        if path is None:
            continue
        if path not in read:
            try:
                tree = parse_xml(package.read(path), what=f"“{path[-60:]}”")
            except Unusable:
                read[path] = ""
                continue
            body = child(tree, "stimulusBody")
            resolve = _resolver(package, posixpath.dirname(path), assets)
            read[path] = text_of(body, resolve, [], []) if body is not None else ""
        texts.append(read[path])
    return "\n\n".join(filter(None, texts))


def _resolver(package: Package, folder: str, assets: Assets) -> Resolve:
    def resolve(address: str) -> str:
        if address.startswith("data:"):
            raise Unusable("题目里嵌入的图片（data:）请另存为文件放进压缩包")
        if re.match(r"[a-zA-Z][a-zA-Z0-9+.-]*:|//", address):
            raise Unusable(f"题目用到了网上的文件 {address[:80]}，没有下载；请把它放进压缩包")
        path = package.resolve(address, folder)
        if path is None:
            raise Unusable(f"压缩包里没有题目用到的文件“{address[-80:]}”")
        return f"file:{assets.add(path, package.read(path)).name}"

    return resolve
