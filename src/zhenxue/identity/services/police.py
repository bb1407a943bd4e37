"""Police comparison: does a citizen of this name and number exist, and is this their portrait (contract
``police/1``)?"""

import base64

from zhenxue.identity.data import Match, Outcome
from zhenxue.identity.services.answers import broken, match_of, text_of
from zhenxue.kernel.outside import Caller

#: From which likeness (0–100, as the service gives it) a portrait counts as the same person's.
LEAST_SCORE = 70
WORDS = {
    Match.DIFFERENT: "姓名和身份号码与公安登记不一致。请核对名册上的姓名和号码；有误的请联系所在机构更正。",
    Match.UNKNOWN: "公安库里查不到，或照片不够清楚、无法判断。请重拍证件照片后再试，或换一种方式。",
}
NOT_ALIKE = "证件上的照片与公安登记的照片差别较大。请在光线好的地方重拍证件，或换一种方式。"


def compare(caller: Caller, *, name: str, citizen_number: str, portrait: bytes, ref: str) -> Outcome:
    """Ask once; both the data and the portrait must fit. Raises ``OutsideError``."""
    body = {
        "ref": ref,
        "name": name,
        "citizen_number": citizen_number,
        "portrait": base64.b64encode(portrait).decode(),
    }
    answer = caller.post("/v1/comparisons", body, tries=2)
    match = match_of(caller, answer)
    reference = text_of(caller, answer, "reference")
    if match is not Match.SAME:
        return Outcome(match, reference, WORDS[match])
    score = answer.get("score")
    if isinstance(score, bool) or not isinstance(score, int | float) or not 0 <= score <= 100:
        raise broken(caller, "no score")
    facts = {"score": round(score), "threshold": LEAST_SCORE}
    if score < LEAST_SCORE:
        return Outcome(Match.DIFFERENT, reference, NOT_ALIKE, facts)
    return Outcome(Match.SAME, reference, "", facts)
