"""``zhenxue load_regions [FILE]``: make the table of regions equal to a CSV."""

from collections import Counter
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from zhenxue.identity.operations.reference import load_regions
from zhenxue.kernel.errors import Invalid

OWN_FILE = Path(__file__).parents[2] / "data_files" / "regions_gbt2260.csv"
WORDS = {"created": "新增", "updated": "更新", "unchanged": "未变", "kept": "保留", "deleted": "删除"}


class Command(BaseCommand):
    help = "导入行政区划（GB/T 2260），可反复执行；不指定文件时用项目自带的数据。"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", nargs="?", type=Path, default=OWN_FILE)
        parser.add_argument("--only", default="", help="只导入以此代码开头的地区及其上级，例如 3715")

    def handle(self, *args: Any, file: Path, only: str, **options: Any) -> None:
        try:
            answers = load_regions(text=file.read_text(encoding="utf-8-sig"), only=only)
        except (Invalid, OSError, UnicodeDecodeError) as error:
            raise CommandError(getattr(error, "message", str(error))) from error
        for answer in answers:
            if answer.outcome != "unchanged" and (answer.outcome != "created" or options["verbosity"] > 1):
                self.stdout.write(f"第{answer.number}行 {answer.key} {WORDS[answer.outcome]} {answer.message}".rstrip())
        counts = Counter(WORDS[answer.outcome] for answer in answers)
        self.stdout.write("地区：" + "，".join(f"{word} {count}" for word, count in counts.items()))
