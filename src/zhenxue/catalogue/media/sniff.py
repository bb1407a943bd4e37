"""What kind of file it is, told by its bytes; names and stated types are never believed."""

from dataclasses import dataclass
from pathlib import Path

from zhenxue.catalogue.data import MaterialKind
from zhenxue.catalogue.media.errors import MediaError
from zhenxue.catalogue.media.probe import SAFE_OPTIONS

MOST_PAGES = 1_000
MOST_DOCUMENT_BYTES = 200 * 1024 * 1024
MOST_IMAGE_BYTES = 20 * 1024 * 1024
LONGEST_IMAGE_SIDE = 12_000
UNKNOWN = (
    "这个文件不是视频、PDF 或图片（文件内容与扩展名可能不符）。"
    "请上传 MP4 等视频、PDF 文档，或 JPG、PNG、WebP、GIF 图片。"
)
IMAGE_FORMATS = {"image/jpeg": "jpeg_pipe", "image/png": "png_pipe", "image/webp": "webp_pipe", "image/gif": "gif"}


@dataclass(frozen=True, slots=True)
class Sniffed:
    """Kind and media type by content; ``pages`` of a document, ``width`` and ``height`` of an image, else 0."""

    kind: MaterialKind
    content_type: str
    pages: int = 0
    width: int = 0
    height: int = 0


def sniff(path: Path) -> Sniffed:
    """Look into the file. Documents and images are checked whole here, videos by the worker. Raises ``MediaError``."""
    with path.open("rb") as stream:
        head = stream.read(4096)
    if b"%PDF-" in head[:1024]:
        return _document(path)
    image = _image_type(head)
    if image:
        return _picture(path, image)
    video = _video_type(head)
    if video:
        return Sniffed(MaterialKind.VIDEO, video)
    raise MediaError(_what_it_is(head))


def _image_type(head: bytes) -> str:
    if head.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if head.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    return "image/webp" if head[:4] == b"RIFF" and head[8:12] == b"WEBP" else ""


def _video_type(head: bytes) -> str:
    if head[4:8] in {b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"}:
        return "video/mp4"
    if head.startswith(b"\x1a\x45\xdf\xa3"):
        return "video/x-matroska"
    if head[:4] == b"RIFF" and head[8:12] == b"AVI ":
        return "video/x-msvideo"
    if head.startswith(b"FLV"):
        return "video/x-flv"
    if head.startswith(b"\x30\x26\xb2\x75\x8e\x66\xcf\x11"):
        return "video/x-ms-wmv"
    if head.startswith((b"\x00\x00\x01\xba", b"\x00\x00\x01\xb3")):
        return "video/mpeg"
    if head.startswith(b"OggS"):
        return "video/ogg"
    if head.startswith(b".RMF"):
        return "video/x-realmedia"
    is_stream = len(head) > 376 and all(head[at] == 0x47 for at in (0, 188, 376))
    return "video/mp2t" if is_stream else ""


def _what_it_is(head: bytes) -> str:
    if head.startswith(b"PK"):
        return "这是 Office 文档或压缩包。课件请另存为 PDF 后上传，压缩包请先解压。"
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        return "这是旧版 Office 文档。请用 Office 或 WPS 另存为 PDF 后上传。"
    if head.startswith((b"ID3", b"\xff\xfb", b"\xff\xf3", b"fLaC", b"RIFF", b"#!AMR")):
        return "这个文件只有声音，没有画面。请上传带画面的视频。"
    return UNKNOWN


def _document(path: Path) -> Sniffed:
    # loaded here, as av below: every process would start a quarter of a second later
    from pypdf import PdfReader
    from pypdf.errors import DependencyError, FileNotDecryptedError, PyPdfError

    if path.stat().st_size > MOST_DOCUMENT_BYTES:
        raise MediaError(
            f"PDF 超过 {MOST_DOCUMENT_BYTES // 1024 // 1024} MB，学员手机打开会很慢。请压缩图片或拆成几份再上传。"
        )
    try:
        reader = PdfReader(path)
        if reader.is_encrypted and not reader.decrypt(""):
            raise MediaError("这个 PDF 设了打开密码，学员看不了。请去掉密码后再上传。")
        pages = len(reader.pages)
        if pages:
            reader.pages[0].mediabox  # noqa: B018 - reading it proves that the page tree is whole
    except (FileNotDecryptedError, DependencyError) as error:
        raise MediaError("这个 PDF 加了密，学员看不了。请去掉密码后再上传。") from error
    except (PyPdfError, ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError, OSError) as error:
        # pypdf lets whatever its parser meets in a broken file through; all of it means the same to the person.
        raise MediaError("这个 PDF 已损坏，打不开。请用阅读软件打开确认，重新导出后上传。") from error
    if not 1 <= pages <= MOST_PAGES:
        raise MediaError(
            "这个 PDF 没有页面。" if not pages else f"这个 PDF 有 {pages} 页，超过 {MOST_PAGES} 页，请拆成几份再上传。"
        )
    return Sniffed(MaterialKind.DOCUMENT, "application/pdf", pages=pages)


def _picture(path: Path, content_type: str) -> Sniffed:
    import av
    from av.error import FFmpegError

    if path.stat().st_size > MOST_IMAGE_BYTES:
        raise MediaError(f"图片超过 {MOST_IMAGE_BYTES // 1024 // 1024} MB，请压缩后再上传。")
    options = dict(SAFE_OPTIONS, format_whitelist=IMAGE_FORMATS[content_type])
    try:
        with av.open(str(path), format=IMAGE_FORMATS[content_type], options=options) as container:
            frame = next(container.decode(video=0))
            width, height = frame.width, frame.height
    except (FFmpegError, StopIteration, ValueError, IndexError) as error:
        raise MediaError("图片已损坏，打不开。请重新保存后上传。") from error
    if max(width, height) > LONGEST_IMAGE_SIDE:
        raise MediaError(f"图片 {width}×{height} 太大，请缩到 {LONGEST_IMAGE_SIDE} 像素以内。")
    return Sniffed(MaterialKind.IMAGE, content_type, width=width, height=height)
