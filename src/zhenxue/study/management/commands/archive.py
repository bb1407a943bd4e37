"""``zhenxue archive``: months of raw beats as Parquet files — list, run, verify, restore."""

import datetime as dt
import re
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from zhenxue.identity.data import SYSTEM
from zhenxue.kernel import clock
from zhenxue.kernel.errors import ZhenxueError
from zhenxue.study import queries
from zhenxue.study.data import ArchiveState
from zhenxue.study.models import BeatArchive
from zhenxue.study.operations import archives

TABLE = "table"


class Command(BaseCommand):
    help = "学习上报（原始记录）按月归档：列出、归档、核对、恢复。"

    def add_arguments(self, parser: ArgumentParser) -> None:
        acts = parser.add_subparsers(dest="act", required=True)
        acts.add_parser("list", help="已归档的月份，和数据库里还没有归档的月份")
        run = acts.add_parser("run", help="归档一个月（不写月份：所有到期的月份）；恢复过的月份重新移出")
        run.add_argument("month", nargs="?", type=month, help="2026-03")
        verify = acts.add_parser("verify", help="重读归档文件，与摘要和存证核对")
        verify.add_argument("month", nargs="?", type=month)
        restore = acts.add_parser("restore", help="恢复一个月")
        restore.add_argument("month", type=month)
        restore.add_argument(
            "--to", default=TABLE, help="table：放回数据库的表；否则是一个新的 DuckDB 数据库文件的路径"
        )

    def handle(self, *args: Any, act: str, **options: Any) -> None:
        try:
            getattr(self, f"do_{act}")(**{name: options[name] for name in ("month", "to") if name in options})
        except ZhenxueError as error:
            raise CommandError(error.message) from error

    def do_list(self) -> None:
        """Files, then months that wait."""
        for one in queries.list_archives(SYSTEM).order_by("month", "part"):
            self.stdout.write(
                f"{one.name}  {one.get_state_display()}  {one.row_count} 行  {one.size_bytes} 字节  {one.sha256}"
                f"  {one.path}  {one.fault}".rstrip()
            )
        for path in archives.unknown_files([one.path for one in queries.list_archives(SYSTEM)]):
            self.stdout.write(f"{path}  没有记录的文件：归档中断时留下，内容仍在数据库里")
        now = clock.now()
        for one_month in archives.finished_months(now):
            choice = archives.choose(one_month, now=now)
            self.stdout.write(f"{one_month:%Y-%m}  未归档  可归档 {choice.row_count} 行  {left(choice)}")

    def do_run(self, month: dt.date | None) -> None:
        """One month, or all that are due."""
        now = clock.now()
        if month is None:
            runs = archives.archive_due(now=now)
        else:
            for one in self.of(month, ArchiveState.RESTORED):
                archives.seal_again(archive_id=one.pk, now=now)
                self.stdout.write(f"{one.name}  已重新移出 {one.row_count} 行")
            runs = [archives.archive_month(month=month, now=now)]
        for done in runs:
            made = "、".join(one.path for one in done.archives)
            what = f"已归档 {done.row_count} 行，{made}" if made else "没有可归档的"
            self.stdout.write(f"{done.month:%Y-%m}  {what}  {left(done.choice)}")

    def do_verify(self, month: dt.date | None) -> None:
        """Every file (of the month); fails when one does not fit."""
        found = self.of(month) if month else list(queries.list_archives(SYSTEM).order_by("month", "part"))
        faults = 0
        for one in found:
            fault = archives.verify_archive(archive_id=one.pk, now=clock.now())
            faults += bool(fault)
            self.stdout.write(f"{one.name}  {fault or '相符'}")
        if faults:
            raise CommandError(f"{faults} 份归档不相符")

    def do_restore(self, month: dt.date, to: str) -> None:
        """Back into the table, or into a database of its own."""
        found = self.of(month)
        if not found:
            raise CommandError(f"{month:%Y-%m} 没有归档")
        if to != TABLE:
            rows = archives.export_archives(archives=found, database=Path(to))
            self.stdout.write(f"{to}：表 study_beat 有 {rows} 行")
            return
        for one in found:
            if one.state == ArchiveState.SEALED:
                archives.restore_archive(archive_id=one.pk, now=clock.now())
            self.stdout.write(f"{one.name}  {one.row_count} 行在数据库里")

    def of(self, month: dt.date, state: ArchiveState | None = None) -> list[BeatArchive]:
        """The archives of a month."""
        rows = queries.list_archives(SYSTEM).filter(month=month).order_by("part")
        return [one for one in rows if state is None or one.state == state]


def month(text: str) -> dt.date:
    """``2026-03`` as the first day of the month."""
    if not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", text):
        raise CommandError(f"月份写成 2026-03 的样子：{text}")
    return dt.date.fromisoformat(f"{text}-01")


def left(choice: archives.Choice) -> str:
    """What stays in the table, and why."""
    words = [
        f"未结班或未满归档期 {choice.waiting_rows} 行" if choice.waiting_rows else "",
        f"恢复在数据库里 {choice.restored} 次学习" if choice.restored else "",
        f"法律保全 {choice.held} 次学习" if choice.held else "",
        f"未结清 {choice.unsettled} 次学习" if choice.unsettled else "",
        f"与学时账本对不上 {len(choice.unexplained)} 次学习（{'、'.join(map(str, choice.unexplained[:10]))}）"
        if choice.unexplained
        else "",
    ]
    return "，".join(word for word in words if word)
