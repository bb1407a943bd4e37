"""``zhenxue load_occupations [file]``: bring the classification of occupations up to a csv."""

from argparse import ArgumentParser
from collections import Counter
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from zhenxue.catalogue.operations.standards import load_occupations
from zhenxue.kernel.errors import ZhenxueError

OWN_FILE = Path(__file__).parents[2] / "data_files" / "occupations_2022.csv"


class Command(BaseCommand):
    help = "Loads occupations from a csv (code,name,level,parent,agreement); the project's own file by default."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", nargs="?", type=Path, default=OWN_FILE)

    def handle(self, *args: Any, **options: Any) -> None:
        file: Path = options["file"]
        try:
            answers = load_occupations(text=_read(file))
        except (OSError, UnicodeDecodeError) as error:
            raise CommandError(f"{file}: {error}") from error
        except ZhenxueError as error:
            raise CommandError(error.message) from error
        faulty = [answer for answer in answers if answer.problems]
        for answer in faulty:
            self.stderr.write(f"第 {answer.number} 行 {answer.label}：{'；'.join(answer.problems)}")
        if faulty:
            raise CommandError(f"{len(faulty)} 行有问题，没有导入任何内容。")
        notes = Counter(answer.note for answer in answers)
        if options["verbosity"] > 1:
            for answer in answers:
                self.stdout.write(f"第 {answer.number} 行 {answer.label}：{answer.note}")
        counts = "，".join(f"{note} {notes[note]}" for note in ("新增", "更新", "未变"))
        self.stdout.write(f"职业目录：{len(answers)} 行，{counts}。")


def _read(file: Path) -> str:
    data = file.read_bytes()
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("gb18030")
