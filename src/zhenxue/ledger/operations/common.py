"""What the operations share: checked words, the account that acts, an error at a field."""

from zhenxue.identity.data import Actor
from zhenxue.kernel.errors import Invalid, Refused

REASON_LENGTHS = (5, 500)


def checked_reason(text: str) -> str:
    """The words without blanks around them, or ``Invalid`` at ``reason``."""
    words = text.strip()
    least, most = REASON_LENGTHS
    if not least <= len(words) <= most:
        raise field_error("reason", f"请写明理由（{least} 至 {most} 个字），它会记入存证。", "reason")
    return words


def account_of(actor: Actor) -> int:
    """The account that acts, or ``Refused``."""
    if actor.account_id is None:
        raise Refused("ledger.no_account", "请先登录再操作。")
    return actor.account_id


def field_error(name: str, message: str, code: str) -> Invalid:
    """An ``Invalid`` that belongs to one field of a form."""
    return Invalid(f"ledger.{code}", message, fields={name: message})
