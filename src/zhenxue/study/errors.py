"""What ``study`` refuses beyond the kernel's family."""

from zhenxue.kernel.errors import Conflict
from zhenxue.study.data import OpenElsewhere


class StudyingElsewhere(Conflict):
    """The person has a study session open on another page; it must be handed over first."""

    def __init__(self, elsewhere: OpenElsewhere) -> None:
        super().__init__(
            "study.elsewhere",
            f"你正在另一个页面学习《{elsewhere.unit_title}》（{elsewhere.device}）。同一时间只能学习一处，请先确认转到本页。",
        )
        self.elsewhere = elsewhere
