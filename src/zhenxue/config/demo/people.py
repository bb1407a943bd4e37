"""Placeholder people and numbers of the demo: valid by their standards, the same at every build."""

from stdnum.cn import ric, uscc

STEMS, BRANCHES = "甲乙丙丁戊己庚辛壬癸", "子丑寅卯辰巳午未申酉戌亥"
COUNTY = "371502"


def learner_name(index: int) -> str:
    """学员甲子, 学员乙丑 … sixty of them, as the calendar counts."""
    return f"学员{STEMS[index % 10]}{BRANCHES[index % 12]}"


def citizen_number(index: int) -> str:
    """A valid number of somebody born between 1968 and 1997."""
    body = f"{COUNTY}{1968 + index % 30}{1 + index % 12:02}{1 + index % 28:02}{900 + index % 100}"
    return body + str(ric.calc_check_digit(body + "0"))


def phone(index: int) -> str:
    """A number of the form of mainland mobiles."""
    return f"1990000{index:04}"


def credit_code(index: int, region: str) -> str:
    """A valid unified social credit code registered in a county (six digits)."""
    body = f"91{region.ljust(6, '0')}MADEMQ{index:03}"
    return body + str(uscc.calc_check_digit(body))
