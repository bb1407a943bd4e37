"""``summary.html``: what a dossier holds, for people; one file without script, for screen and print."""

import datetime as dt
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.template.loader import render_to_string

from zhenxue.evidence.data import ACTOR_FIELD, find_kind
from zhenxue.evidence.models import Dossier, Entry
from zhenxue.evidence.queries.covers import Cover
from zhenxue.evidence.queries.keys import log_verifier
from zhenxue.evidence.queries.timeline import visible_body

SHOWN = 2_000  # entries told one by one; the kinds that happen most are only counted
STYLE = """
:root{color-scheme:light}
*{box-sizing:border-box}
body{margin:0 auto;padding:24px 16px 64px;max-width:960px;background:#fff;color:#1c2624;
font:15px/1.7 "PingFang SC","HarmonyOS Sans SC","Microsoft YaHei","Noto Sans SC",sans-serif}
h1{font-size:26px;line-height:1.35;margin:0 0 4px}
h2{font-size:19px;margin:36px 0 8px;padding-top:8px;border-top:1px solid #cfd6d3}
p{margin:6px 0;max-width:44em}
.quiet{color:#52605c}
.note{border-left:4px solid #b5392c;background:#fbf3f1;padding:8px 14px}
.wide{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:14px}
th,td{text-align:left;vertical-align:top;padding:6px 10px 6px 0;border-bottom:1px solid #e2e7e5}
th{white-space:nowrap}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}
dl{display:grid;grid-template-columns:minmax(6em,auto) 1fr;gap:2px 16px;margin:8px 0}
dt{color:#52605c}
dd{margin:0;overflow-wrap:anywhere}
code{font:13px/1.6 ui-monospace,Consolas,monospace;overflow-wrap:anywhere}
.seals{display:flex;gap:48px;flex-wrap:wrap;margin-top:40px}
@media print{body{max-width:none;padding:0;font-size:11pt}h2{break-after:avoid}tr{break-inside:avoid}
thead{display:table-header-group}.wide{overflow:visible}@page{size:A4;margin:16mm 14mm}}
"""
HEAD = (
    '<!doctype html>\n<html lang="zh-Hans">\n<head>\n<meta charset="utf-8">\n'
    '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
)


@dataclass(frozen=True, slots=True)
class Told:
    """One entry in words."""

    number: int
    kind: str
    label: str
    at: dt.datetime
    who: str
    lines: tuple[tuple[str, str], ...]


@dataclass(slots=True)
class Story:
    """What is told of the entries while they pass by: counts by kind, first and last moment, and the rare ones."""

    counts: Counter[str] = field(default_factory=Counter)
    first: dt.datetime | None = None
    last: dt.datetime | None = None
    told: dict[str, list[Told]] = field(default_factory=dict)

    def add(self, entry: Entry, opened: Mapping[str, Any]) -> None:
        """Takes one entry, with the private values that the reader may have; memory stays bounded."""
        self.counts[entry.kind] += 1
        self.first = min(self.first or entry.at, entry.at)
        self.last = max(self.last or entry.at, entry.at)
        if self.counts[entry.kind] <= SHOWN:
            self.told.setdefault(entry.kind, []).append(_tell(entry, opened))
        else:
            self.told.pop(entry.kind, None)

    def shown(self) -> list[Told]:
        """The entries told one by one, in the order of the log: rare kinds first until there are enough."""
        chosen: list[Told] = []
        for kind, count in sorted(self.counts.items(), key=lambda pair: (pair[1], pair[0])):
            if len(chosen) + count > SHOWN:
                break
            chosen += self.told.get(kind, [])
        return sorted(chosen, key=lambda one: one.number)

    def kinds(self) -> list[tuple[str, int]]:
        """Label and count of every kind, the most frequent first."""
        return [(_label(kind), count) for kind, count in self.counts.most_common()]


def _label(name: str) -> str:
    kind = find_kind(name)
    return kind.label if kind else name


def _tell(entry: Entry, opened: Mapping[str, Any]) -> Told:
    private = {name: part for name, part in opened.items() if isinstance(part, dict)}
    kind = find_kind(entry.kind)
    body = visible_body(json.loads(entry.envelope), private)
    who = private.get(ACTOR_FIELD, {}).get("value") or (
        "系统" if entry.account_id is None else f"账号 {entry.account_id}"
    )
    lines = tuple((label, str(text)) for label, text in kind.lines(body)) if kind else ()
    return Told(int(entry.number or 0), entry.kind, _label(entry.kind), entry.at, who, lines)


def write_summary(dossier: Dossier, kind: str, cover: Cover, story: Story, now: dt.datetime) -> str:
    """The whole page. ``kind``: what the dossier is about, in a word (班期, 学员)."""
    shown = story.shown()
    total = story.counts.total()
    body = render_to_string(
        "evidence/dossier_summary.html",
        {
            "dossier": dossier,
            "kind": kind,
            "cover": cover,
            "story": story,
            "kinds": story.kinds(),
            "shown": shown,
            "left_out": total - len(shown),
            "total": total,
            "made_at": now,
            "key": str(log_verifier()),
        },
    )
    return f"{HEAD}{body.replace('<!--style-->', f'<style>{STYLE}</style>', 1)}"
