"""``zhenxue load_rules [FILE]``: add rule sets from TOML."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from zhenxue.identity.errors import RulesInForce
from zhenxue.identity.operations.rules import load_rules
from zhenxue.kernel import clock
from zhenxue.kernel.errors import Invalid

OWN_FILE = Path(__file__).parents[2] / "data_files" / "rules_liaocheng_2025.toml"
WORDS = {"created": "新增", "updated": "更新", "unchanged": "未变"}


class Command(BaseCommand):
    help = "导入政策规则（每课时分钟数、线上占比等），可反复执行；不指定文件时用项目自带的数据。"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", nargs="?", type=Path, default=OWN_FILE)

    def handle(self, *args: Any, file: Path, **options: Any) -> None:
        try:
            answers = load_rules(text=file.read_text(encoding="utf-8-sig"), now=clock.now())
        except RulesInForce as error:
            if file != OWN_FILE:
                raise CommandError(error.message) from error
            # An installation whose own version differs from the carried file goes on with what is in force.
            self.stderr.write(f"{error.message}自带的规则没有导入，仍按平台里已有的版本执行。")
            return
        except (Invalid, OSError, UnicodeDecodeError) as error:
            raise CommandError(getattr(error, "message", str(error))) from error
        for answer in answers:
            self.stdout.write(f"规则 {answer.key}：{WORDS[answer.outcome]} {answer.message}".rstrip())
