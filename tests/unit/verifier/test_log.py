"""The independent tool over a whole log by its address, its keys, and the command with its exit status."""

import datetime as dt
import hashlib
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

import zhenxue_verify as tool
from scripts import verifier_words
from tests.support import dossiers as make
from tests.support.dossiers import LOG, ORIGIN, OTHER_LOG, WITNESS
from zhenxue.tlog import checkpoints
from zhenxue.tlog.cosignatures import WitnessKey, cosign
from zhenxue.tlog.hashing import leaf_hash, root_of
from zhenxue.tlog.tiles import tile_path, write_bundle

LOG_KEY = tool.read_key(str(LOG.verifier), tool.LOG_KEY)
WITNESS_KEY = tool.read_key(str(WitnessKey.of(WITNESS)), tool.WITNESS_KEY)
TOOL = Path(tool.__file__)


class Served:
    """A log of so many entries as it is served; a test may change what is served."""

    def __init__(self, size: int, *, signer: make.Signer = LOG, start: str = "entry") -> None:
        entries = [hashlib.sha256(f"{start} {number}".encode()).digest() for number in range(size)]
        leaves = [leaf_hash(entry) for entry in entries]
        self.files = {"checkpoint": self.note(leaves, signer), "key": f"{signer.verifier}\n".encode()}
        for first in range(0, size, 256):
            some = slice(first, min(first + 256, size))
            width = len(leaves[some])
            self.files[tile_path(0, first // 256, width)] = b"".join(leaves[some])
            self.files[tile_path("entries", first // 256, width)] = write_bundle(entries[some])

    @staticmethod
    def note(leaves: list[bytes], signer: make.Signer) -> bytes:
        note = checkpoints.sign(checkpoints.Checkpoint(ORIGIN, len(leaves), root_of(leaves)), signer)
        return (note + cosign(note[: note.index("\n\n") + 1], WITNESS, int(make.MADE.timestamp()))).encode()

    def fetch(self, path: str, most: int) -> bytes:
        if path not in self.files:
            raise tool.Broken("log.fetch", url=path, why="404")
        return self.files[path]


def check(served: Served, *, trusted: bool = True, kept: bytes | None = None) -> tool.Report:
    keys = [LOG_KEY] if trusted else []
    witnesses = [WITNESS_KEY] if trusted else []
    return tool.check_log(served.fetch, log_keys=keys, witness_keys=witnesses, kept=kept, now=make.NOW)[0]


@pytest.mark.parametrize("size", [0, 1, 255, 256, 257, 1000])
def test_a_whole_log_verifies_and_extends_what_was_kept(size: int) -> None:
    report = check(Served(size))
    assert (report.faults, report.status) == ([], 0)
    assert f"全部 {size} 条摘要" in report.proven[0]
    assert "没有以前保存的检查点可比" in "\n".join(report.limits)
    kept = Served(size // 2).files["checkpoint"]
    report = check(Served(size), kept=kept)
    assert report.status == 0
    assert "的延续" in "\n".join(report.proven)
    untrusted = check(Served(size), trusted=False)
    assert untrusted.status == 3
    assert f"所附公钥：{LOG_KEY}" in "\n".join(untrusted.limits)


def test_whatever_is_wrong_with_a_log_is_named() -> None:
    def altered(path: str, place: int = 0) -> Served:
        served = Served(300)
        content = bytearray(served.files[path])
        content[place] ^= 1
        served.files[path] = bytes(content)
        return served

    def without(path: str) -> Served:
        served = Served(300)
        del served.files[path]
        return served

    def cut(path: str) -> Served:
        served = Served(300)
        served.files[path] = served.files[path][:-1]
        return served

    both = Served(300)
    swapped = Served(300, start="other")
    for path in list(both.files):
        if path.startswith("tile/"):
            both.files[path] = swapped.files[path]
    cases = {
        "第 3 号": altered("tile/0/000", 64),
        "存证数据块 tile/entries/000 与默克尔树不符，从第 1 号起": altered("tile/entries/000", 5),
        "无法读取 tile/0/001.p/44": without("tile/0/001.p/44"),
        "数据块 tile/0/000 的长度不对": cut("tile/0/000"),
        "从第 300 号起": cut("tile/entries/001.p/44"),
        "由全部数据块算出的树根与签名检查点不符": both,
        "检查点没有用给定的日志公钥签名": Served(3, signer=OTHER_LOG),
        "checkpoint.txt 不是规范的签名检查点": cut("checkpoint"),
        "无法读取 checkpoint": without("checkpoint"),
    }
    for words, served in cases.items():
        report = check(served)
        assert report.status == 1, words
        assert words in "\n".join(report.faults)
    kept = {
        "被回滚过": Served(400).files["checkpoint"],
        "历史被改写过": Served(200, start="other").files["checkpoint"],
        "第 300 条处与您保存的检查点不同": Served(300, start="other").files["checkpoint"],
        "不是用这把日志公钥签名的": Served(200, signer=OTHER_LOG).files["checkpoint"],
        "无法使用": b"nothing",
    }
    for words, note in kept.items():
        report = check(Served(300), kept=note)
        assert report.status == 1, words
        assert words in "\n".join(report.faults)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "的形式"),
        ("a+b", "的形式"),
        ("a+00000000+%%%", "不是 base64"),
        (str(LOG_KEY).replace("+2c7e1fc5+", "+00000000+"), "抄录有误"),
        (str(WITNESS_KEY), "见证方的公钥"),
    ],
)
def test_a_key_that_is_none_is_refused_in_words(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        tool.read_key(text, tool.LOG_KEY)
    with pytest.raises(ValueError, match="日志的公钥"):
        tool.read_key(str(LOG_KEY), tool.WITNESS_KEY)


def test_the_command_says_its_verdict_and_ends_with_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good, bad = tmp_path / "好的.zip", tmp_path / "bad.zip"
    made = make.make_draft(made=dt.datetime(2026, 1, 1, tzinfo=dt.UTC), cosigners=[])
    good.write_bytes(made.zip())
    bad.write_bytes(made.zip()[:-1])
    key_file = tmp_path / "key.txt"
    key_file.write_text(f"{LOG_KEY}\n")
    for words, status, said in (
        ([str(good), "--log-key", str(LOG_KEY)], 0, "核验通过"),
        ([str(good), "--log-key", str(key_file)], 0, "核验通过"),
        ([str(good)], 3, "还不能下结论"),
        ([str(good), "--log-key", str(LOG_KEY), "--witness-key", str(WITNESS_KEY)], 1, "没有给定的见证方"),
        ([str(bad), "--log-key", str(LOG_KEY)], 1, "核验不通过"),
    ):
        assert tool.main(words) == status
        assert said in capsys.readouterr().out
    for words in (
        [],
        [str(good), "--log", "http://x"],
        ["--log", "file:///etc"],
        [str(tmp_path / "none")],
        [str(good), "--log-key", "x+y"],
    ):
        assert tool.main(words) == 2
        assert "无法核验" in capsys.readouterr().err


def test_the_tool_is_one_file_that_knows_nothing_of_the_platform(tmp_path: Path) -> None:
    source = TOOL.read_text()
    assert "import zhenxue" not in source
    assert "django" not in source
    alone = tmp_path / TOOL.name
    alone.write_text(source)
    done = subprocess.run([sys.executable, "-I", str(alone), "--version"], capture_output=True, text=True, cwd=tmp_path)
    assert done.stdout.strip() == f"zhenxue-verify {tool.VERSION}"
    assert runpy.run_path(str(alone))["FORMAT_VERSION"] == 1


def test_the_browser_has_the_same_sentences() -> None:
    assert verifier_words.main(["--check"]) == 0, "run scripts/verifier_words.py"


def test_the_check_page_gives_away_the_same_tool() -> None:
    served = verifier_words.ROOT / "src/zhenxue/evidence/static/evidence/zhenxue_verify.txt"
    assert served.read_bytes() == Path(tool.__file__).read_bytes()
