"""Bounds before anything is parsed: packages, XML and media that strangers send. Pure."""

import io
import posixpath
import re
import unicodedata
import warnings
import zipfile
from collections.abc import Iterable, Iterator
from urllib.parse import unquote, urlsplit
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring
from PIL import Image, UnidentifiedImageError

from zhenxue.exams.formats.draft import DraftAsset
from zhenxue.kernel.errors import Invalid

MIB = 1024 * 1024
MAX_FILE_BYTES = 50 * MIB
MAX_UNPACKED_BYTES = 200 * MIB
MAX_MEMBERS = 30_000
MAX_RATIO = 200
MAX_XML_BYTES = 40 * MIB
MAX_TAGS = 3_000_000
MAX_DEPTH = 120
MAX_ASSET_BYTES = 20 * MIB
MAX_PIXELS = 40_000_000

_PICTURES = {"PNG": "image/png", "JPEG": "image/jpeg", "WEBP": "image/webp", "GIF": "image/gif"}
_SVG = re.compile(rb"<\s*(?:[\w-]+:)?svg[\s/>]", re.IGNORECASE)
_ENCODING = re.compile(rb"<\?xml[^>]{0,100}?encoding\s*=\s*[\"']([A-Za-z0-9._-]{1,40})[\"']")
_NAME = re.compile(r"[^\w.\-]+")


class Unusable(Exception):
    """Something inside a file that is left out; the words say why, for the person."""


def invalid(code: str, message: str) -> Invalid:
    """The whole file cannot be read; ``message`` says what to do."""
    return Invalid(f"exams.file_{code}", message, fields={"file": message})


class Package:
    """A zip that was looked over before a byte of it is unpacked. Raises ``Invalid`` for a bomb or a locked one.

    Nothing is ever written under a name from inside; names that would lead out of the package are not there.
    """

    def __init__(self, data: bytes) -> None:
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(data))
        except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError, UnicodeError) as error:
            raise invalid("broken", "压缩包已损坏，打不开。请重新导出后再上传。") from error
        members = [one for one in self._zip.infolist() if not one.is_dir()]
        total = sum(one.file_size for one in members)
        packed = sum(one.compress_size for one in members)
        if any(one.flag_bits & 1 for one in members):
            raise invalid("locked", "压缩包设了密码，请去掉密码后再上传。")
        if len(members) > MAX_MEMBERS or total > MAX_UNPACKED_BYTES or total > max(packed, 1) * MAX_RATIO + 20 * MIB:
            raise invalid("bomb", "压缩包解开后太大，不能导入。请只保留题目和图片，拆成几个文件再上传。")
        self._members: dict[str, zipfile.ZipInfo] = {}
        self.strange: list[str] = []
        for one in members:
            name = _clean_name(one.filename)
            if name is None:
                self.strange.append(one.filename[:80])
            else:
                self._members.setdefault(name, one)

    def __contains__(self, name: str) -> bool:
        return name in self._members

    def names(self) -> Iterator[str]:
        """The members in their order, without those of the file system (``__MACOSX``, hidden ones)."""
        return (
            name
            for name in self._members
            if not name.startswith("__MACOSX/") and not name.rsplit("/", 1)[-1].startswith(".")
        )

    def read(self, name: str, limit: int = MAX_ASSET_BYTES) -> bytes:
        """A member's bytes; ``Unusable`` when it is missing, broken or larger than ``limit``."""
        member = self._members.get(name)
        if member is None:
            raise Unusable(f"压缩包里没有“{name}”")
        try:
            with self._zip.open(member) as stream:
                data = stream.read(limit + 1)  # what the directory says about its size may be a lie
        except (zipfile.BadZipFile, OSError, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
            raise Unusable(f"“{name}”已损坏，读不出来") from error
        except Exception as error:
            raise Unusable(f"“{name}”已损坏，读不出来") from error
        if len(data) > limit:
            raise Unusable(f"“{name}”超过 {limit // MIB} MB")
        return data

    def resolve(self, reference: str, folder: str = "") -> str | None:
        """The member that a relative address means, seen from ``folder``; ``None`` where there is none."""
        path = unquote(urlsplit(reference.replace("\\", "/")).path)
        for base in dict.fromkeys((folder, "")):
            name = _clean_name(posixpath.normpath(posixpath.join(base, path)))
            if name is not None and name in self._members:
                return name
        return None


def _clean_name(name: str) -> str | None:
    name = name.replace("\\", "/")
    parts = [part for part in name.split("/") if part not in {"", "."}]
    if name.startswith("/") or ".." in parts or not parts or "\0" in name or re.match(r"[A-Za-z]:", name):
        return None
    return "/".join(parts)


def parse_xml(data: bytes, *, what: str = "文件") -> Element:
    """An XML tree without entities and of bounded depth; ``Unusable`` says what is wrong."""
    if len(data) > MAX_XML_BYTES:
        raise Unusable(f"{what}超过 {MAX_XML_BYTES // MIB} MB，请拆成几个文件")
    if data.count(b"<") > MAX_TAGS or _hides_tags(data[:300]):
        raise Unusable(f"{what}里的标记太多或编码不常见，不能导入；请拆成几个文件，用 UTF-8 编码保存")
    try:
        root: Element = fromstring(data, forbid_dtd=False, forbid_entities=True, forbid_external=True)
    except DefusedXmlException as error:
        raise Unusable(f"{what}含有不允许的内容（自定义实体或外部引用），请去掉后再导入") from error
    except (ParseError, ValueError, LookupError) as error:
        raise Unusable(f"{what}不是完整的 XML，读不出内容；请重新导出") from error
    level = [root]
    for _ in range(MAX_DEPTH):
        level = [child for element in level for child in element]
        if not level:
            return root
    raise Unusable(f"{what}嵌套太深，不能导入")


def _hides_tags(head: bytes) -> bool:
    """Whether a file says that it is written in an encoding in which ``<`` is another byte."""
    found = _ENCODING.search(head)
    try:
        return found is not None and b"<" not in "<".encode(found[1].decode())
    except LookupError:
        return False  # the parser does not know it either


def asset(name: str, data: bytes) -> DraftAsset:
    """Media told by its bytes (png, jpeg, webp, gif, mp3, m4a, mp4); ``Unusable`` for anything else."""
    shown = name.rsplit("/", 1)[-1][-60:]
    if len(data) > MAX_ASSET_BYTES:
        raise Unusable(f"“{shown}”超过 {MAX_ASSET_BYTES // MIB} MB，请压缩后再导入")
    if _SVG.search(data[:4096]):
        raise Unusable(f"“{shown}”是 SVG 图形，可能带脚本，不能导入；请另存为 PNG 图片")
    safe = safe_name(name)
    if data[:3] == b"ID3" or (len(data) > 3 and data[0] == 0xFF and data[1] & 0xE6 == 0xE2):
        return DraftAsset(safe, data, "audio/mpeg", "audio")
    if data[4:8] == b"ftyp":
        sound = data[8:11] == b"M4A"
        return DraftAsset(safe, data, "audio/mp4" if sound else "video/mp4", "audio" if sound else "video")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a large picture is refused below
            with Image.open(io.BytesIO(data), formats=list(_PICTURES)) as picture:
                width, height = picture.size
                mime = _PICTURES[picture.format or ""]
                if width * height > MAX_PIXELS:
                    raise Unusable(f"图片“{shown}”太大（{width}×{height}），请缩小后再导入")
                picture.verify()
    except Image.DecompressionBombError as error:
        raise Unusable(f"图片“{shown}”太大，请缩小后再导入") from error
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, KeyError) as error:
        raise Unusable(f"“{shown}”不是能用的图片、音频或视频（只收 PNG、JPEG、WebP、GIF、MP3、M4A、MP4）") from error
    return DraftAsset(safe, data, mime, "image", width, height)


def safe_name(name: str) -> str:
    """A short name for a file that markup can hold."""
    stem = _NAME.sub("_", unicodedata.normalize("NFC", name.replace("\\", "/").rsplit("/", 1)[-1])).strip("._")
    return stem[-80:] or "file"


class Assets:
    """The media of one file, each once, under names of their own."""

    def __init__(self, known: Iterable[DraftAsset] = ()) -> None:
        self._by_place: dict[str, DraftAsset] = {}
        self._names: dict[str, DraftAsset] = {one.name: one for one in known}

    def add(self, place: str, data: bytes) -> DraftAsset:
        """Takes what lies at ``place``; ``Unusable`` as in ``asset``."""
        if place not in self._by_place:
            found = asset(place, data)
            name, count = found.name, 2
            while name in self._names and self._names[name].data != found.data:
                name = f"{count}_{found.name}"
                count += 1
            found = self._names.setdefault(
                name, DraftAsset(name, found.data, found.mime, found.kind, found.width, found.height)
            )
            self._by_place[place] = found
        return self._by_place[place]

    def named(self, names: list[str]) -> tuple[DraftAsset, ...]:
        """Those of these names that are there."""
        return tuple(self._names[name] for name in names if name in self._names)

    def find(self, name: str) -> DraftAsset | None:
        return self._names.get(name)
