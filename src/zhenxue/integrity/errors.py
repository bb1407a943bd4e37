"""Refusals of ``integrity`` that other code tells apart."""

from zhenxue.kernel.errors import Conflict


class CheckOver(Conflict):
    """A check that is no longer open got an answer."""

    def __init__(self) -> None:
        super().__init__("integrity.check_over", "这次核验已经结束，请按页面提示继续。")
