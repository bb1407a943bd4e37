"""Spreadsheets of ``subsidy``."""

from zhenxue.kernel import masking, money, sheets
from zhenxue.subsidy.models import Claim
from zhenxue.subsidy.queries import claim_lines

HEADER = ["序号", "姓名", "公民身份号码", "是否符合", "原因", "金额（元）", "计算说明"]


def claim_sheet(claim: Claim) -> bytes:
    """Every learner of a submitted claim with the explanation; citizen numbers are masked (A4)."""
    rows: list[list[sheets.CellValue]] = []
    for number, line in enumerate(claim_lines(claim).order_by("-eligible", "enrolment__person__name", "pk"), start=1):
        person = line.enrolment.person
        said = "；".join(f"{part['label']} {part['value']}（{part['formula']}）" for part in line.explanation)
        amount = money.format_yuan(line.amount_cents).replace(",", "")
        answer = "符合" if line.eligible else "不符合"
        number_shown = masking.citizen_number(person.citizen_number)
        rows.append([number, person.name, number_shown, answer, line.get_reason_display(), amount, said])
    rows.append(["", "合计", "", f"{claim.eligible} 人", "", money.format_yuan(claim.total_cents).replace(",", ""), ""])
    notes = (
        f"班期：{claim.cohort.code} {claim.cohort.title}，第 {claim.stage_number} 阶段",
        f"政策：{claim.terms.get('title', '')}；{claim.terms.get('source', '')}",
        f"申报摘要值（SHA-256）：{claim.digest}",
        "公民身份号码按规定隐去中间八位。",
    )
    return sheets.write_xlsx("补贴申报明细", HEADER, rows, notes)
