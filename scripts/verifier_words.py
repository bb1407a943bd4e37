"""Writes frontend/islands/verify/words.ts: the sentences of verifier/zhenxue_verify.py, for the check in the browser.

``--check`` writes nothing and fails when the file is not what the tool says.
"""

import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "frontend" / "islands" / "verify" / "words.ts"
#: What only a browser has to say.
BROWSER_WORDS = {
    "browser.signature": "这个浏览器不能核对 Ed25519 签名，所以签名没有核对。请换用新版浏览器，或用独立工具核验。",
    "browser.keys": "公钥取自本站。要完全不依赖平台，请从人社部门或公示文件取得公钥，再用独立工具核验。",
    "browser.old": "这个浏览器太旧，不能在本机核验。请换用新版 Chrome、Edge、Firefox 或 Safari，或用独立工具。",
}


def text() -> str:
    """The whole file."""
    sys.path.insert(0, str(ROOT / "verifier"))
    from zhenxue_verify import WORDS

    parts = ["/** Written by scripts/verifier_words.py from verifier/zhenxue_verify.py; do not edit by hand. */"]
    for name, words in (("WORDS", WORDS), ("BROWSER_WORDS", BROWSER_WORDS)):
        rows = "".join(
            f"  {json.dumps(key)}: {json.dumps(value, ensure_ascii=False)},\n" for key, value in words.items()
        )
        parts.append(f"export const {name} = {{\n{rows}}} as const;")
    parts.append("export type Word = keyof typeof WORDS | keyof typeof BROWSER_WORDS;")
    return "\n\n".join(parts) + "\n"


def main(arguments: list[str]) -> int:
    """Write the file, or with ``--check`` compare it; 1 when it is stale."""
    if "--check" in arguments:
        return 0 if PAGE.exists() and PAGE.read_text(encoding="utf-8") == text() else 1
    PAGE.write_text(text(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
