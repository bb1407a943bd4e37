"""``zhenxue verify``: recomputes the whole evidence log and names the first entry that does not fit."""

import sys
import time
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from zhenxue.evidence.operations.verifying import keep_report
from zhenxue.evidence.queries import Report, log_verifier, verify_log
from zhenxue.kernel import clock
from zhenxue.tlog.errors import NoteBroken
from zhenxue.tlog.notes import Verifier

LISTED = 20


class Command(BaseCommand):
    help = "重算整条存证链：摘要、编号、默克尔树、数据块、检查点签名、业务数据。全部相符返回 0，否则返回 1。"
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--key", help="存证链公钥（名称+编号+公钥）；不给则用本机配置的密钥")
        parser.add_argument(
            "--checkpoint",
            action="append",
            default=[],
            type=Path,
            help="以前保存的检查点文件；存证链必须是它的延续（可多次给出）",
        )

        parser.add_argument("--record", action="store_true", help="把结果记入数据库，显示在“存证健康”页面")

    def handle(self, *args: Any, key: str | None, checkpoint: list[Path], record: bool, **options: Any) -> None:
        try:
            given = Verifier.from_text(key) if key else None
            verifier = given or log_verifier()
            kept = [path.read_text() for path in checkpoint]
        except (NoteBroken, ValueError, OSError) as error:
            raise CommandError(f"无法读取公钥或检查点文件：{error}", returncode=2) from error
        began, started = time.monotonic(), clock.now()
        report = verify_log(key=given, kept=kept, progress=self.show if self.stdout.isatty() else None)
        self.stdout.write(
            f"存证链 {verifier.name}\n"
            f"公钥 {verifier}\n"
            f"已核对：存证 {report.entries} 条，检查点 {report.checkpoints} 个，数据块 {report.tiles} 个，"
            f"业务核对 {report.projections} 项，已按规定删除的字段 {report.erased_fields} 个，"
            f"未入链 {report.waiting} 条；用时 {time.monotonic() - began:.1f} 秒\n"
            f"其中：{spent(report)}"
        )
        if record:
            keep_report(report, began=started, now=clock.now())
        if report.is_clean:
            self.stdout.write(self.style.SUCCESS(f"全部相符。树大小 {report.size}，树根 {report.root}"))
            return
        self.complain(report)
        sys.exit(1)

    def complain(self, report: Report) -> None:
        """The first misfit in full, the others listed."""
        self.stderr.write(self.style.ERROR(f"不相符！首个不符之处：{report.findings[0]}"))
        for finding in report.findings[1:LISTED]:
            self.stderr.write(f"  另有：{finding}")
        if len(report.findings) > LISTED:
            self.stderr.write(f"  还有 {len(report.findings) - LISTED} 处，未一一列出。")

    def show(self, done: int, size: int) -> None:
        """One line that counts."""
        self.stdout.write(f"\r{done}/{size}", ending="")


def spent(report: Report) -> str:
    """Each part with its own time: the chain is what grows with the log, projections grow with the living tables."""
    chain = report.seconds["chain"]
    return (
        f"摘要、树、数据块和检查点 {chain:.1f} 秒（每秒 {report.entries / max(chain, 0.001):.0f} 条），"
        f"索引列、关联对象和可删除字段 {report.seconds['contents']:.1f} 秒，"
        f"业务核对 {report.seconds['projections']:.1f} 秒"
    )
