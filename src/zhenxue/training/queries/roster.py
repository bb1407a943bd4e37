"""Reading a roster sheet and answering each of its rows; nothing is written."""

import datetime as dt
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, replace
from itertools import batched

from zhenxue.catalogue.data import TargetGroup
from zhenxue.identity import api as identity
from zhenxue.kernel import clock, sheets
from zhenxue.kernel.errors import Invalid
from zhenxue.training.data import ROSTER_TITLES, EnrolmentState, InitialAccount, RosterRow
from zhenxue.training.models import Cohort, Enrolment
from zhenxue.training.queries.checks import overlapping_enrolments

COLUMNS = (
    sheets.Column("name", ("姓名", "学员姓名"), required=True),
    sheets.Column(
        "citizen_number", ("公民身份号码", "身份证号", "身份证号码", "居民身份证号码", "证件号码"), required=True
    ),
    sheets.Column("phone", ("手机号码", "手机号", "手机", "联系电话"), required=True, may_be_empty=True),
    sheets.Column("social_card_number", ("电子社保卡号", "电子社保卡号码", "社会保障卡号", "社保卡号")),
    sheets.Column("target_group", ("人员类别", "培训对象", "人员类型"), required=True, may_be_empty=True),
)
GROUPS = {**{group.label: group.value for group in TargetGroup}, **{group.value: group.value for group in TargetGroup}}
CHUNK = 500
NOTES = (
    "每行一名学员。“姓名”和“公民身份号码”必填，须与身份证一致。",
    "“公民身份号码”一列请保持“文本”格式，否则表格软件会把 18 位号码的末尾改掉。",
    "“手机号码”用于登录和通知；“电子社保卡号”可以不填。",
    "“人员类别”从这些词里选：" + "、".join(group.label for group in TargetGroup) + "。项目只有一类培训对象时可以不填。",
    "请不要使用公式；支持 .xlsx 和 .csv（UTF-8 或 GBK 编码）。",
)

type Progress = Callable[[int], None]


def template() -> bytes:
    """The empty roster sheet with its notes, as xlsx."""
    return sheets.write_xlsx("学员名册", list(ROSTER_TITLES), [], notes=NOTES, as_text=True)


def read_roster(data: bytes, file_name: str) -> list[RosterRow]:
    """The rows of a roster file, with the problems that the file alone shows. Raises ``Invalid`` for the whole file."""
    found = sheets.table(sheets.read_sheet(data, file_name), COLUMNS)
    return [
        RosterRow(
            number=record.number,
            name=record.values.get("name", ""),
            citizen_number=record.values.get("citizen_number", ""),
            phone=record.values.get("phone", ""),
            social_card_number=record.values.get("social_card_number", ""),
            target_group=record.values.get("target_group", ""),
            problems=tuple(record.problems),
        )
        for record in found.records
    ]


def answer_rows(
    cohort: Cohort, rows: Sequence[RosterRow], now: dt.datetime, progress: Progress | None = None
) -> list[RosterRow]:
    """The same rows, each with everything that speaks against importing it.

    Checks shape (name, citizen number, phone, card, group), doubles within the file, another name for the same number,
    people already in the cohort, people in another cohort with overlapping dates, and the number of places.
    """
    seen: dict[str, int] = {}
    today = clock.civil_day(now)
    groups = [str(group) for group in cohort.programme.target_groups]
    return _answer(cohort, rows, lambda row: _doubles(_shape(row, groups, today), seen), progress)


def answer_again(cohort: Cohort, rows: Sequence[RosterRow], progress: Progress | None = None) -> list[RosterRow]:
    """Rows of ``answer_rows``, the valid ones answered anew about people and places: what may have changed since."""
    return _answer(cohort, rows, lambda row: row, progress)


def _answer(
    cohort: Cohort, rows: Sequence[RosterRow], shape: Callable[[RosterRow], RosterRow], progress: Progress | None
) -> list[RosterRow]:
    checked: list[RosterRow] = []
    places = cohort.capacity - Enrolment.objects.filter(cohort=cohort, state=EnrolmentState.ACTIVE).count()
    for chunk in batched(rows, CHUNK):
        for row in _against_people(cohort, [shape(row) for row in chunk]):
            if row.is_valid:
                places -= 1
                if places < 0:
                    row = replace(row, problems=(f"超过计划人数 {cohort.capacity} 人，没有名额了",))
            checked.append(row)
        if progress is not None:
            progress(len(checked))
    return checked


def _shape(row: RosterRow, groups: list[str], today: dt.date) -> RosterRow:
    problems = list(row.problems)
    name, number, phone = row.name, row.citizen_number, row.phone
    try:
        name = identity.check_name(row.name) if row.name else ""
    except Invalid as error:
        problems.append(error.message)
    try:
        number = identity.check_citizen_number(row.citizen_number, today=today).number if row.citizen_number else ""
    except Invalid as error:
        problems.append(error.message)
    try:
        phone = identity.check_phone(row.phone) if row.phone else ""
    except Invalid as error:
        problems.append(error.message)
    card = row.social_card_number
    try:
        card = identity.check_social_card_number(card)
    except Invalid as error:
        problems.append(error.message)
    group = GROUPS.get(row.target_group.strip(), "") if row.target_group else (groups[0] if len(groups) == 1 else "")
    if not row.target_group and not group:
        problems.append("缺少“人员类别”")
    elif not group:
        problems.append(f"人员类别“{row.target_group}”不认识，请从模板说明里的词中选")
    elif group not in groups:
        allowed = "、".join(TargetGroup(one).label for one in groups)
        problems.append(f"人员类别“{TargetGroup(group).label}”不在项目的培训对象（{allowed}）之内")
    return replace(
        row,
        name=name,
        citizen_number=number,
        phone=phone,
        social_card_number=card,
        target_group=group or row.target_group,
        problems=tuple(problems),
    )


def _doubles(row: RosterRow, seen: dict[str, int]) -> RosterRow:
    if not row.citizen_number:
        return row
    first = seen.setdefault(row.citizen_number, row.number)
    if first == row.number:
        return row
    return replace(row, problems=(*row.problems, f"与第 {first} 行的公民身份号码重复"))


def _against_people(cohort: Cohort, rows: list[RosterRow]) -> list[RosterRow]:
    people = identity.find_people([row.citizen_number for row in rows if row.is_valid])
    ids = [person.pk for person in people.values()]
    here = dict(Enrolment.objects.filter(cohort=cohort, person_id__in=ids).values_list("person_id", "state"))
    elsewhere = {one.person_id: one for one in overlapping_enrolments(cohort).filter(person_id__in=ids)}
    answered = []
    for row in rows:
        person = people.get(row.citizen_number) if row.is_valid else None
        answered.append(row if person is None else replace(row, problems=tuple(_person(row, person, here, elsewhere))))
    return answered


def _person(
    row: RosterRow, person: identity.Person, here: dict[int, str], elsewhere: dict[int, Enrolment]
) -> Iterator[str]:
    if person.name != row.name:
        yield "该公民身份号码已用另一个姓名登记，请核对姓名和号码"
    if person.pk in here:
        yield "已在本班名册中" if here[person.pk] == EnrolmentState.ACTIVE else "曾从本班退出，不能再次加入"
    other = elsewhere.get(person.pk)
    if other is not None:
        yield (
            f"已在{other.cohort.organisation.name}“{other.cohort.title}”"
            f"（{other.cohort.starts_on} 至 {other.cohort.ends_on}），培训时间重叠"
        )


def dump_rows(rows: Iterable[RosterRow]) -> str:
    """Rows as JSON text, to be sealed."""
    return json.dumps([asdict(row) for row in rows], ensure_ascii=False)


def load_rows(text: str) -> list[RosterRow]:
    """The rows of ``dump_rows``; none of an empty text."""
    return [
        RosterRow(**{**row, "problems": tuple(row["problems"]), "notes": tuple(row["notes"])})
        for row in json.loads(text or "[]")
    ]


def dump_accounts(accounts: Iterable[InitialAccount]) -> str:
    return json.dumps([asdict(account) for account in accounts], ensure_ascii=False)


def load_accounts(text: str) -> list[InitialAccount]:
    return [InitialAccount(**account) for account in json.loads(text or "[]")]


def answer_sheet(rows: Sequence[RosterRow], *, imported: bool) -> bytes:
    """The rows with an answer column, as xlsx."""
    good = "已导入" if imported else "可以导入"
    body: list[list[sheets.CellValue]] = [
        [
            row.number,
            row.name,
            row.citizen_number,
            row.phone,
            row.social_card_number,
            group_label(row.target_group),
            "；".join(row.problems) if row.problems else "；".join((good, *row.notes)),
        ]
        for row in rows
    ]
    return sheets.write_xlsx("名册导入结果", ["原行号", *ROSTER_TITLES, "结果"], body)


def account_sheet(accounts: Sequence[InitialAccount]) -> bytes:
    """The one-time list of initial passwords, as xlsx."""
    rows: list[list[sheets.CellValue]] = [[one.name, one.username, one.password] for one in accounts]
    notes = (
        "学员也可以用手机号码或公民身份号码登录。首次登录必须修改密码。",
        "本表只能下载一次，请当面或以安全方式交给学员本人。",
    )
    return sheets.write_xlsx("初始密码", ["姓名", "登录名", "初始密码"], rows, notes=notes)


def group_label(value: str) -> str:
    """The word for a target group; anything unknown as it is."""
    return TargetGroup(value).label if value in {group.value for group in TargetGroup} else value
