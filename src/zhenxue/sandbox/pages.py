"""The sandbox's own pages; every one says what it is."""

import html
import time
from collections.abc import Iterable, Mapping

from zhenxue.sandbox.services import MOODS, SERVICES, Note

STYLE = """
body{font:16px/1.6 system-ui,"Noto Sans CJK SC",sans-serif;margin:0;background:#faf9f5;color:#1c2321}
.bar{background:#7a4b00;color:#fff;padding:12px 16px}main{max-width:720px;margin:0 auto;padding:16px}
article,form.card{background:#fff;border:1px solid #d9d6cc;border-radius:8px;padding:12px 16px;margin:12px 0}
dl{margin:0;display:grid;grid-template-columns:5em 1fr;gap:4px 8px}dt{color:#5d645f}dd{margin:0;overflow-wrap:anywhere}
label{display:block;margin:8px 0}input{font:inherit;width:100%;box-sizing:border-box;padding:8px}
button{font:inherit;padding:10px 16px;margin:8px 8px 0 0}select{font:inherit;padding:6px}small{color:#5d645f}
"""
BANNER = "沙箱：这里只是演示和测试，不连接任何真实的单位，也不会真的发出任何东西。"
WORDS = {
    "normal": "正常",
    "different": "答“不一致”",
    "unknown": "答“查无”",
    "refused": "拒绝受理",
    "down": "出故障（500）",
    "garbage": "答非所问",
    "unsigned": "答案不签名",
}


def overview(notes: Iterable[Note], moods: Mapping[str, str]) -> str:
    """What was sent, the newest first, and the moods."""
    choices = "".join(
        f'<label>{name} <select name="{key}">'
        + "".join(
            f'<option value="{mood}"{" selected" if moods[key] == mood else ""}>{WORDS[mood]}</option>'
            for mood in MOODS
        )
        + "</select></label>"
        for key, name in SERVICES.items()
    )
    items = "".join(map(_note, notes)) or "<p>还没有任何内容。</p>"
    return _page(
        "收发记录",
        f"<h1>沙箱收到的内容</h1><section aria-label='记录'>{items}</section>"
        f"<form class='card' method='post' action='/moods'><h2>接下来怎么答</h2>{choices}<button>保存</button></form>",
    )


def authorize(asked: Mapping[str, str], problem: str = "") -> str:
    """The played sign-in page of the social-security card."""
    hidden = "".join(f'<input type="hidden" name="{_e(key)}" value="{_e(value)}">' for key, value in asked.items())
    told = f"<p role='alert'><strong>{_e(problem)}</strong></p>" if problem else ""
    return _page(
        "电子社保卡登录",
        f"<h1>沙箱 · 电子社保卡登录</h1><p>真正的电子社保卡会在这里验证您的身份，这里请直接填写。</p>{told}"
        f"<form class='card' method='post' action='/social-card/authorize'>{hidden}"
        "<label>姓名<input name='name' required maxlength='60'></label>"
        "<label>公民身份号码<input name='citizen_number' required maxlength='18'></label>"
        "<label>社会保障卡号码<input name='card_number' required maxlength='20' value='SANDBOX00001'></label>"
        "<button name='answer' value='yes'>同意并返回</button>"
        "<button name='answer' value='no' formnovalidate>不同意</button></form>",
    )


def message(title: str, text: str) -> str:
    return _page(title, f"<h1>{_e(title)}</h1><p>{_e(text)}</p>")


def _note(note: Note) -> str:
    lines = "".join(f"<dt>{_e(label)}</dt><dd>{_e(value)}</dd>" for label, value in note.lines)
    moment = time.strftime("%H:%M:%S", time.localtime(note.at))
    return f"<article><small>{moment} · {SERVICES[note.service]} · {_e(note.answer)}</small><dl>{lines}</dl></article>"


def _page(title: str, body: str) -> str:
    return (
        f'<!doctype html><html lang="zh-Hans"><head><meta charset="utf-8"><title>沙箱 · {_e(title)}</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{STYLE}</style></head>'
        f'<body><div class="bar" role="note"><strong>{BANNER}</strong></div><main>{body}</main></body></html>'
    )


def _e(text: str) -> str:
    return html.escape(text, quote=True)
