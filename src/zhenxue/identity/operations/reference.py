"""Replace-by-import of the regions: idempotent, answers every row."""

import csv
import io

from django.db import transaction
from django.db.models import ProtectedError

from zhenxue.identity.data import RegionLevel, RowAnswer
from zhenxue.identity.models import Organisation, Region, RuleSet
from zhenxue.kernel.errors import Invalid

LEVEL_OF_LENGTH = {2: RegionLevel.PROVINCE, 4: RegionLevel.CITY, 6: RegionLevel.COUNTY}


def load_regions(*, text: str, only: str = "") -> list[RowAnswer]:
    """Make the table of regions equal to a CSV (``code,name,…,parent``), whole or nothing.

    A region missing from the file is deleted unless something still points at it (then it is ``kept``). ``only`` limits
    the load to codes that start with it and to the divisions above them, and deletes nothing. Raises ``Invalid`` when a
    row does not fit; the message names the row.
    """
    wanted = _read_regions(text)
    if only:
        wanted = {code: row for code, row in wanted.items() if code.startswith(only) or only.startswith(code)}
    answers: list[RowAnswer] = []
    with transaction.atomic():
        present = {region.code: region for region in Region.objects.all()}
        fresh: list[Region] = []
        for code, (number, name, parent) in sorted(wanted.items(), key=lambda item: (len(item[0]), item[0])):
            region = Region(code=code, name=name, level=LEVEL_OF_LENGTH[len(code)], parent_id=parent or None)
            before = present.get(code)
            if before is None:
                fresh.append(region)
                answers.append(RowAnswer(number, code, "created"))
            elif (before.name, before.level, before.parent_id) != (region.name, region.level, region.parent_id):
                region.save(force_update=True)
                answers.append(RowAnswer(number, code, "updated", f"原名 {before.name}"))
            else:
                answers.append(RowAnswer(number, code, "unchanged"))
        Region.objects.bulk_create(fresh, batch_size=500)
        if not only:
            answers += [_drop(code) for code in sorted(present.keys() - wanted.keys(), key=len, reverse=True)]
    return answers


def _read_regions(text: str) -> dict[str, tuple[int, str, str]]:
    rows = csv.DictReader(io.StringIO(text.lstrip("\ufeff")))
    if not {"code", "name", "parent"} <= set(rows.fieldnames or []):
        raise Invalid("identity.regions_file", "地区文件缺少表头 code、name、parent。")
    wanted: dict[str, tuple[int, str, str]] = {}
    problems: list[str] = []
    for number, row in enumerate(rows, start=2):
        code, name, parent = ((row.get(key) or "").strip() for key in ("code", "name", "parent"))
        if len(code) not in LEVEL_OF_LENGTH or not (code.isascii() and code.isdigit()) or not name:
            problems.append(f"第{number}行：代码应为2、4或6位数字，名称不能为空。")
        elif code in wanted:
            problems.append(f"第{number}行：代码 {code} 重复。")
        elif parent and (len(parent) >= len(code) or not code.startswith(parent)):
            problems.append(f"第{number}行：上级代码 {parent} 不是 {code} 的前缀。")
        else:
            wanted[code] = (number, name, parent)
    for code, (number, _, parent) in wanted.items():
        if parent and parent not in wanted:
            problems.append(f"第{number}行：{code} 的上级 {parent} 不在文件里。")
    if problems:
        raise Invalid("identity.regions_file", "地区文件有误，没有导入。" + "".join(problems[:20]))
    return wanted


def _drop(code: str) -> RowAnswer:
    in_use = (
        Organisation.objects.filter(region_id=code).exists()
        or RuleSet.objects.filter(region_id=code).exists()
        or Region.objects.filter(parent_id=code).exists()
    )
    if not in_use:
        try:
            with transaction.atomic():
                Region.objects.filter(pk=code).delete()
        except ProtectedError:
            in_use = True
    if in_use:
        return RowAnswer(0, code, "kept", "文件里没有，但仍在使用，保留")
    return RowAnswer(0, code, "deleted", "文件里没有，已删除")
