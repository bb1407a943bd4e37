"""Refusals of ``integrity`` that other code tells apart."""

from zhenxue.kernel.errors import Conflict, Refused


class CheckOver(Conflict):
    """A check that is no longer open got an answer."""

    def __init__(self) -> None:
        super().__init__("integrity.check_over", "这次核验已经结束，请按页面提示继续。")


class TooLate(Conflict):
    """An answer after the window: the check counts as missed, whether the sweep has seen it yet or not."""

    def __init__(self) -> None:
        super().__init__(
            "integrity.too_late", "这次核验的时间已经过了，没有算数。请回到学习页继续，漏做的核验可以在期限内补做。"
        )


class OldQuestion(Conflict):
    """An answer bound to another try than the present one: replayed, sent twice, or from a page that is out of date."""

    def __init__(self) -> None:
        super().__init__("integrity.old_nonce", "这一题已经换过了，请刷新页面，按现在显示的内容完成核验。")


class TooFast(Refused):
    """Faster than anybody reads."""

    def __init__(self) -> None:
        super().__init__("integrity.too_fast", "答得太快了，没有算数。请看清题目再答一次。")


class OtherDevice(Refused):
    """A check is answered where it was asked."""

    def __init__(self) -> None:
        super().__init__("integrity.other_device", "请在正在学习的那台设备上完成核验，在别的设备上做不算数。")


class NotSigned(Refused):
    """An answer without the signature of the device that the sign-in is bound to."""

    def __init__(self) -> None:
        super().__init__(
            "integrity.not_signed",
            "这份回答没有带本机的签名，没有算数。请在登录时用的那台设备和浏览器上，开启 JavaScript，刷新页面再做一次。",
        )


class WrongSignature(Refused):
    """An answer signed by another key, or over something else than what came."""

    def __init__(self) -> None:
        super().__init__(
            "integrity.wrong_signature",
            "这份回答不是登录时的那台设备发出的，没有算数。请在那台设备上完成核验；换了设备请重新登录。",
        )
