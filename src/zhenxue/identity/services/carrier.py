"""Carrier check of three elements: do name, citizen number and phone belong together (contract ``carrier/1``)?"""

from zhenxue.identity.data import Match, Outcome
from zhenxue.identity.services.answers import match_of, text_of
from zhenxue.kernel.outside import Caller

WORDS = {
    Match.SAME: "",
    Match.DIFFERENT: "运营商登记的机主与您的姓名、身份号码不一致。请换成本人实名的手机号码，或换一种方式。",
    Match.UNKNOWN: "运营商查不到这个号码的实名登记（新号码或携号转网后几天内可能查不到），请换一种方式。",
}


def check_three(caller: Caller, *, name: str, citizen_number: str, phone: str, ref: str) -> Outcome:
    """Ask once (a repeated ``ref`` is one question, so it is safe to try again). Raises ``OutsideError``."""
    body = {"ref": ref, "name": name, "citizen_number": citizen_number, "phone": phone}
    answer = caller.post("/v1/checks", body, tries=2)
    match = match_of(caller, answer)
    return Outcome(match, text_of(caller, answer, "reference"), WORDS[match])
