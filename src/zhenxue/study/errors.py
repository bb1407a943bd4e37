"""What ``study`` refuses beyond the kernel's family."""

from zhenxue.kernel.errors import Conflict, NotFound, Refused, ZhenxueError
from zhenxue.study.data import OpenElsewhere


class NoSuchSession(NotFound):
    """There is no study session of this number."""

    def __init__(self) -> None:
        super().__init__("study.no_such_session", "没有找到这个学习会话，请回到课程页重新进入。")


class StudyingElsewhere(Conflict):
    """The person has a study session open on another page; it must be handed over first."""

    def __init__(self, elsewhere: OpenElsewhere) -> None:
        super().__init__(
            "study.elsewhere",
            f"你正在另一个页面学习《{elsewhere.unit_title}》（{elsewhere.device}）。同一时间只能学习一处，请先确认转到本页。",
        )
        self.elsewhere = elsewhere


class ProveDevice(ZhenxueError):
    """The page has to sign ``challenge`` with the device's key and ask again (RFC 6585: 428 Precondition Required)."""

    status = 428

    def __init__(self, challenge: str) -> None:
        super().__init__("study.prove_device", "正在确认这台设备，请稍候。如果一直停在这里，请刷新本页。")
        self.challenge = challenge


class NotInOrder(Refused):
    """The cohort's units are studied in order (rule ``units_in_order``), and ``unit_id`` has to be finished first."""

    def __init__(self, unit_id: int, title: str) -> None:
        super().__init__("study.not_in_order", f"请先学完：{title}")
        self.unit_id = unit_id
